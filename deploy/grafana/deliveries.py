"""Do outputs reach their targets? What waits, what was tried, and what was given up."""

from style import BAD, GOOD, HALF, QUIET, bars, dashboard_of, lines, rising, stat_panel, states

HERE = 'job="$job", target=~"$target"'


def rate(metric, by, labels=HERE):
    return f"sum by ({by}) (rate({metric}{{{labels}}}[$__rate_interval]))"


def quantile(share, by, labels=HERE):
    return f"histogram_quantile({share}, {rate('pulsewatch_deliver_request_seconds_bucket', by + ', le', labels)})"


def worst(metric, by="target"):
    return f"max by ({by}) ({metric}{{{HERE}}})"


DEAD_LETTERED = f'{HERE}, outcome="dead_lettered"'
TAKEN = f'{HERE}, outcome="taken"'

AT_A_GLANCE = [
    stat_panel("Targets", "Targets that some instance delivers to.",
        "none", f"count({worst('pulsewatch_deliver_failing')})"),
    stat_panel("Failing", "Targets that did not take the last request, and nothing since.",
        "none", f"sum({worst('pulsewatch_deliver_failing')})", rising(1)),
    stat_panel("Gone", "Targets that answered 410: they are sent nothing any more until the next start.",
        "none", f"sum({worst('pulsewatch_deliver_gone')})", rising(1)),
    stat_panel("Waiting", "Outputs in the topic that are not done with, over all targets.",
        "short", f"sum(pulsewatch_deliver_lag_records{{{HERE}}})"),
    stat_panel("Late by", "Age of the oldest output that is not done with, at the slowest target.",
        "s", f"max(pulsewatch_deliver_lag_seconds{{{HERE}}})", rising(60, 600)),
    stat_panel("Dead letters, 1 hour", "Outputs that were given up within the last hour. They are in the dead-letter queue.",
        "short", f"sum(increase(pulsewatch_deliver_outputs_total{{{DEAD_LETTERED}}}[1h]))", rising(1), decimals=0),
]

QUEUE = [
    lines("Waiting", "Outputs in the topic that are not done with, by target. The topic is the queue.",
        "short", (f"sum by (target) (pulsewatch_deliver_lag_records{{{HERE}}})", "{{target}}")),
    lines("Late by", "Age of the oldest output that is not done with, by target.",
        "s", (worst("pulsewatch_deliver_lag_seconds"), "{{target}}"), thresholds=rising(60, 600)),
    lines("In memory", "Outputs that are read and not done with. At `waiting` reading stops until some are.",
        "short", (f"sum by (target) (pulsewatch_deliver_waiting{{{HERE}}})", "{{target}}")),
    lines("Done with", "Outputs that were taken, replaced by a newer value of their account, left out by the filter, or given up.",
        "eps", (rate("pulsewatch_deliver_outputs_total", "target, outcome"), "{{target}}: {{outcome}}"), width=HALF),
    states("Targets", "Failing: the last request was not taken, and nothing has been since.",
        f"{worst('pulsewatch_deliver_failing')} + 2 * {worst('pulsewatch_deliver_gone')}", "{{target}}",
        {0: ("takes", GOOD), 1: ("failing", BAD), 2: ("gone", QUIET), 3: ("gone", QUIET)}, width=HALF),
]

ATTEMPTS = [
    lines("Requests", "Requests that were taken, and those that were not.",
        "reqps", (rate("pulsewatch_deliver_request_seconds_count", "target, outcome"), "{{target}}: {{outcome}}")),
    lines("Tried again", "Outputs that have to be tried again.",
        "eps", (rate("pulsewatch_deliver_retries_total", "target"), "{{target}}")),
    lines("Share that fails", "Requests that were not taken as a share of all.",
        "percentunit", (
            f"1 - {rate('pulsewatch_deliver_request_seconds_count', 'target', TAKEN)} "
            f"/ {rate('pulsewatch_deliver_request_seconds_count', 'target')}", "{{target}}"), maximum=1),
    lines("Seconds of a request", "Half of the requests that were taken were answered within this, and 99 of 100.",
        "s", (quantile(0.5, "target", TAKEN), "{{target}}, half"), (quantile(0.99, "target", TAKEN), "{{target}}, 99 %"),
        width=HALF),
    lines("Open alerts", "Alerts that are open at an Alertmanager, and are sent to it again and again.",
        "short", (worst("pulsewatch_deliver_open_alerts"), "{{target}}"), width=HALF),
]

GIVEN_UP = [
    bars("Dead letters, 1 day", "Outputs that a target refused, or did not take for `give_up_after`. "
        "`pulsewatch dlq list` shows them with the target's answer.",
        "short", f"sum by (target) (increase(pulsewatch_deliver_outputs_total{{{DEAD_LETTERED}}}[1d]))", "{{target}}",
        width=HALF),
    lines("Dead letters", "Outputs written to the dead-letter queue, by target.",
        "eps", (rate("pulsewatch_deliver_outputs_total", "target", DEAD_LETTERED), "{{target}}"), thresholds=rising(0.001),
        width=HALF),
]

BOARD = dashboard_of(
    "Pulsewatch: deliveries",
    "pulsewatch-deliveries",
    "Do outputs reach their targets? What waits, what was tried, and what was given up.",
    "now-1h",
    "30s",
    {"target": "pulsewatch_deliver_failing"},
    {
        "At a glance": AT_A_GLANCE,
        "Queue": QUEUE,
        "Attempts": ATTEMPTS,
        "Given up": GIVEN_UP,
    },
)
