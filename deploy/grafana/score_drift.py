"""Do the scores move, and for whom? Read as they stand: a gauge or a bucket here counts accounts, not events."""

from style import BANDS, HALF, SEVERITIES, bars, buckets, changes, dashboard_of, lines, rising, stat_panel

JOB = 'job="$job"'
HERE = f'{JOB}, segment=~"$segment"'


def total(metric, by="", labels=HERE, offset=""):
    return f"sum by ({by}) ({metric}{{{labels}}}{offset})"


def since(before, metric, by):
    return f"{total(metric, by)} - {total(metric, by, offset=f' offset {before}')}"


ACCOUNTS, VALUE = "pulsewatch_accounts_by_band", "pulsewatch_value_by_band"
AT_RISK = "job_segment:pulsewatch_value_at_risk:sum"
RED = f'{HERE}, band="red"'

AT_A_GLANCE = [
    stat_panel("Accounts", "Accounts of the segments chosen above.", "short", total(ACCOUNTS)),
    stat_panel("Mean score", "Of all accounts that have a score, each counted once. 100 is healthy.",
        "none", f"{total('pulsewatch_score_sum')} / {total('pulsewatch_score_count')}", decimals=1),
    stat_panel("In the red", "Share of the accounts that are in the red band.",
        "percentunit", f"{total(ACCOUNTS, labels=RED)} / {total(ACCOUNTS)}", decimals=1),
    stat_panel("Value at risk", "Sum of the attribute `value` of the accounts in the red band.",
        "short", total(VALUE, labels=RED), decimals=1),
    stat_panel("Open alerts", "Alerts that are open on accounts of all segments; chances are alerts too.",
        "short", total("pulsewatch_open_alerts", labels=JOB)),
    stat_panel("Drift", "The largest population stability index against a week ago. Above 0.1 something moved, above 0.2 "
        "a lot.",
        "none", f"max(job_segment:pulsewatch_score:psi7d{{{HERE}}})", rising(0.1, 0.2), decimals=2),
]

DISTRIBUTION = [
    buckets("Scores", "Accounts by score in bins of ten points, over time. A dark band that sinks is trouble that spreads.",
        "none", total("pulsewatch_score_bucket", "le")),
    bars("Scores now", "Scored accounts in each bin of ten points.",
        "short", f"sum by (bin) (job_segment_bin:pulsewatch_score:share{{{HERE}}} "
        f"* on (job, segment) group_left () job_segment:pulsewatch_score_count:sum{{{HERE}}})", "{{bin}}", width=HALF),
    lines("Mean", "Mean score by segment, each account counted once.",
        "none", (f"job_segment:pulsewatch_score:mean{{{HERE}}}", "{{segment}}"), maximum=100),
    lines("Median and lowest tenth", "Half of the accounts score below the median, a tenth below the other; from bins of "
        "ten points.",
        "none",
        (f"histogram_quantile(0.5, {total('pulsewatch_score_bucket', 'segment, le')})", "{{segment}}"),
        (f"histogram_quantile(0.1, {total('pulsewatch_score_bucket', 'segment, le')})", "{{segment}}, lowest tenth"),
        maximum=100),
    lines("Drift", "Population stability index of each segment's scores against a week ago. Above 0.1 something moved, above "
        "0.2 a lot; in small segments it is noise.",
        "none", (f"job_segment:pulsewatch_score:psi7d{{{HERE}}}", "{{segment}}"), thresholds=rising(0.1, 0.2)),
]

BAND_PANELS = [
    lines("Accounts by band", "How many accounts stand where.",
        "short", (total(ACCOUNTS, "band"), "{{band}}"), colours=BANDS, stacked=True),
    changes("Net flow by band, 1 day", "Accounts in each band now minus those a day ago: who came minus who went, new "
        "accounts included.",
        "short", (since("1d", ACCOUNTS, "band"), "{{band}}"), colours=BANDS),
    lines("In the red by segment", "Share of each segment's accounts that are in the red band.",
        "percentunit", (f"{total(ACCOUNTS, 'segment', RED)} / {total(ACCOUNTS, 'segment')}", "{{segment}}")),
    lines("Value by band", "The accounts' attribute `value` summed, by band.",
        "short", (total(VALUE, "band"), "{{band}}"), colours=BANDS, stacked=True),
    lines("Value at risk by segment", "Value of the accounts in the red band.",
        "short", (total(AT_RISK, "segment"), "{{segment}}"), stacked=True),
    changes("Value at risk against a week ago", "Value in the red band now minus a week ago, by segment.",
        "short", (since("7d", AT_RISK, "segment"), "{{segment}}")),
]

ALERTS_AND_MODEL = [
    lines("Open alerts by severity", "On accounts of all segments.",
        "short", (total("pulsewatch_open_alerts", "severity", JOB), "{{severity}}"), colours=SEVERITIES, stacked=True),
    bars("Open alerts by rule", "As they are now, on accounts of all segments.",
        "short", total("pulsewatch_open_alerts", "rule", JOB), "{{rule}}"),
    lines("Model in force", "Shards that score by each model. Two for more than a moment: instances have different model files.",
        "short", (total("pulsewatch_model_info", "name, version", JOB), "{{name}} {{version}}"), stacked=True),
]

BOARD = dashboard_of(
    "Pulsewatch: score drift",
    "pulsewatch-drift",
    "Do the scores move, and for whom? Accounts as they stand, by segment.",
    "now-7d",
    "1m",
    {"segment": "pulsewatch_accounts_by_band"},
    {
        "At a glance": AT_A_GLANCE,
        "Distribution": DISTRIBUTION,
        "Bands": BAND_PANELS,
        "Alerts and model": ALERTS_AND_MODEL,
    },
)
