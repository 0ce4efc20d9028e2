"""Is the service well? What comes in, what is scored, what goes out, and what it costs."""

from style import BAD, GOOD, HALF, WATCH, buckets, dashboard_of, falling, lines, rising, stat_panel, states

HERE = 'job="$job", instance=~"$instance"'
SHARD = f'{HERE}, shard=~"$shard"'
SOURCE = f'{HERE}, source=~"$source"'


def rate(metric, by, labels=HERE):
    return f"sum by ({by}) (rate({metric}{{{labels}}}[$__rate_interval]))"


def quantile(share, metric, by="", labels=HERE):
    return f"histogram_quantile({share}, {rate(metric + '_bucket', by + 'le', labels)})"


def percentiles(metric):
    return (quantile(0.5, metric), "half"), (quantile(0.99, metric), "99 %")


AT_A_GLANCE = [
    stat_panel("Instances", "Instances that answer.", "none", f"sum(up{{{HERE}}})", falling(1)),
    stat_panel("Broken invariants", "Things that must always hold and do not. Anything but 0 is a bug: keep the logs.",
        "none", f"sum(pulsewatch_invariants_broken_total{{{HERE}}})", rising(1)),
    stat_panel("Shards not live", "Shards that some instance has, and that are not past their recovery.",
        "none", f"count(pulsewatch_shard_live{{{SHARD}}}) - sum(pulsewatch_shard_live{{{SHARD}}})", rising(1)),
    stat_panel("Scored late by", "The shard that is furthest behind its log.",
        "s", f"max(pulsewatch_log_lag_seconds{{{SHARD}}})", rising(10, 60)),
    stat_panel("Oldest checkpoint", "How far a restart would have to fold again, at worst.",
        "s", f"max(pulsewatch_checkpoint_age_seconds{{{SHARD}}})", rising(30, 300)),
    stat_panel("Event to output", "99 of 100 outputs are committed so long after the event that caused them.",
        "s", quantile(0.99, "pulsewatch_end_to_end_seconds", labels=f'{HERE}, from="event"') + " >= 0", rising(1, 10)),
]

WHAT_COMES_IN = [
    lines("Events", "Events read and put into the shard logs, by source topic.",
        "eps", (rate("pulsewatch_events_total", "source", SOURCE), "{{source}}")),
    lines("Late by", "Wall clock minus the event time up to which each source is read; of its partitions the worst. "
        "A source that is read to its end is near 0 even when nothing happens.",
        "s", (f"max by (source) (pulsewatch_source_lag_seconds{{{SOURCE}}})", "{{source}}"), thresholds=rising(60, 300)),
    lines("Waiting", "Records in the source topics that are not read yet.",
        "short", (f"sum by (source) (pulsewatch_source_lag_records{{{SOURCE}}})", "{{source}}")),
    lines("Refused", "Records that are no events, by source and reason; they are in the dead-letter queue.",
        "recps", (rate("pulsewatch_refused_total", "source, reason", SOURCE), "{{source}}: {{reason}}")),
    lines("Passed over", "Records that a mapping's filter leaves out, by source.",
        "recps", (rate("pulsewatch_filtered_total", "source", SOURCE), "{{source}}")),
    states("Stalled partitions", "Partitions that stood still for `clock.max_hold` and are left out of the clock.",
        f"max by (source, partition) (pulsewatch_source_stalled{{{SOURCE}}})", "{{source}}/{{partition}}",
        {0: ("moves", GOOD), 1: ("stalled", BAD)}),
    states("Broken sources", "Kinds of events that no account has any more, as the model judges (`stale_after`). What rests on them stands.",
        f"max by (kind) (pulsewatch_source_stale{{{HERE}}})", "{{kind}}", {0: ("comes in", GOOD), 1: ("stale", BAD)}),
    lines("Lost and made anew", "Records that retention deleted before they were read, and source partitions whose "
        "offsets started again; since the instances started.",
        "short", (f"sum(pulsewatch_source_lost_total{{{SOURCE}}})", "records lost"),
        (f"sum(pulsewatch_source_resets_total{{{SOURCE}}})", "partitions reset"), thresholds=rising(1)),
    lines("Entries and ticks", "Entries of events, and ticks that carry the clock, written to the shard logs.",
        "wps", (rate("pulsewatch_entries_total", ""), "entries"), (rate("pulsewatch_ticks_total", ""), "ticks")),
    lines("Bytes", "Bytes written to the shard logs, before compression.",
        "Bps", (rate("pulsewatch_entry_bytes_total", ""), "entries")),
]

SCORING = [
    lines("Late by", "Age of the log entry folded last, by shard; 0 while nothing waits.",
        "s", (f"max by (shard) (pulsewatch_log_lag_seconds{{{SHARD}}})", "{{shard}}"), thresholds=rising(10, 60)),
    lines("Waiting", "Log entries that are not committed yet, by shard.",
        "short", (f"max by (shard) (pulsewatch_log_lag_records{{{SHARD}}})", "{{shard}}")),
    states("Shards", "Live: past the recovery, and sending. A shard that is missing here is nobody's.",
        f"max by (shard) (pulsewatch_shard_live{{{SHARD}}})", "{{shard}}", {0: ("recovering", WATCH), 1: ("live", GOOD)}),
    lines("Work", "Log entries folded, and accounts scored.",
        "ops", (rate("pulsewatch_entries_folded_total", ""), "entries folded"),
        (rate("pulsewatch_accounts_scored_total", ""), "accounts scored")),
    lines("Events folded", "Events that reached an account, by kind.",
        "eps", (rate("pulsewatch_events_folded_total", "kind"), "{{kind}}")),
    lines("Time to fold", "Seconds to fold one log entry, of up to 10,000 events.",
        "s", *percentiles("pulsewatch_fold_seconds")),
    lines("Events not counted", "Late: older than every window that wants them. Duplicate: the id was seen before. "
        "Repeated: the log held them twice.",
        "eps", (rate("pulsewatch_events_late_total", ""), "late"),
        (rate("pulsewatch_events_duplicate_total", ""), "duplicate"),
        (rate("pulsewatch_events_repeated_total", ""), "repeated")),
    lines("Shards by instance", "How the work is shared.",
        "short", (f"sum by (instance) (pulsewatch_shards_owned{{{HERE}}})", "{{instance}}"), stacked=True),
    lines("Accounts by shard", "Accounts in memory.",
        "short", (f"max by (shard) (pulsewatch_accounts{{{SHARD}}})", "{{shard}}"), stacked=True),
]

WHAT_GOES_OUT = [
    lines("Outputs", "Outputs committed to Kafka, by type.",
        "eps", (rate("pulsewatch_outputs_total", "type"), "{{type}}"), width=HALF),
    lines("Until an output is committed", "Counted from the event's own time, and from its arrival in the shard log.",
        "s", (quantile(0.5, "pulsewatch_end_to_end_seconds", "from, "), "half, from {{from}}"),
        (quantile(0.99, "pulsewatch_end_to_end_seconds", "from, "), "99 %, from {{from}}"), width=HALF),
    buckets("From arrival to output", "Outputs a second by the seconds they took since their event arrived in the shard log.",
        "s", rate("pulsewatch_end_to_end_seconds_bucket", "le", f'{HERE}, from="arrival"')),
    lines("Transactions", "Seconds to publish a cycle's outputs and its offset, commit included.",
        "s", *percentiles("pulsewatch_transaction_seconds"), width=HALF),
]

CHECKPOINTS = [
    lines("Age", "Since the state was last known to be in Redis, by shard.",
        "s", (f"max by (shard) (pulsewatch_checkpoint_age_seconds{{{SHARD}}})", "{{shard}}"), thresholds=rising(30, 300)),
    lines("Duration", "From the begin of a checkpoint until Redis has all of it; encoding is the part that holds up the fold.",
        "s", (quantile(0.99, "pulsewatch_checkpoint_seconds"), "99 %"),
        (quantile(0.99, "pulsewatch_checkpoint_encode_seconds"), "99 %, encoding")),
    lines("Accounts written and errors", "Accounts written to Redis, and calls that failed and are repeated.",
        "wps", (rate("pulsewatch_checkpoint_accounts_total", ""), "accounts"),
        (rate("pulsewatch_redis_errors_total", ""), "errors"), colours={"errors": BAD}),
]

DEAD_LETTERS = [
    lines("Share refused", "Refused records as a share of all that were read.",
        "percentunit", (
            f"sum(rate(pulsewatch_dlq_written_total{{{HERE}}}[$__rate_interval])) / "
            f"(sum(rate(pulsewatch_dlq_written_total{{{HERE}}}[$__rate_interval])) + "
            f"sum(rate(pulsewatch_events_total{{{HERE}}}[$__rate_interval])))", "refused"), thresholds=rising(0.01)),
    lines("Written", "Refused records written to the dead-letter queue, and writes that failed and are repeated.",
        "wps", (rate("pulsewatch_dlq_written_total", ""), "written"), (rate("pulsewatch_dlq_failures_total", ""), "failed"),
        colours={"failed": BAD}),
    lines("Waiting", "Refused records that the queue does not hold yet. They hold the source offsets back.",
        "short", (f"sum by (instance) (pulsewatch_dlq_waiting{{{HERE}}})", "{{instance}}")),
]

API = [
    lines("Requests", "Answers by route and class of status; the scrapes of Prometheus are among them.",
        "reqps", (rate("pulsewatch_http_request_seconds_count", "route, status"), "{{route}}: {{status}}"), width=HALF),
    lines("Seconds of an answer", "99 of 100 answers begin within this, by route.",
        "s", (quantile(0.99, "pulsewatch_http_request_seconds", "route, "), "{{route}}"), width=HALF),
    lines("Accounts in the table", "Accounts that lists are answered from, in each instance.",
        "short", (f"pulsewatch_http_accounts{{{HERE}}}", "{{instance}}")),
    lines("Outputs read", "Outputs read from Kafka into the table.",
        "eps", (rate("pulsewatch_http_outputs_read_total", "instance"), "{{instance}}")),
    lines("Readers of the stream", "Pages and programs that follow the stream of outputs; and how often a table had to be filled again, "
        "since the instances started.",
        "short", (f"pulsewatch_http_streams{{{HERE}}}", "{{instance}}"),
        (f"pulsewatch_http_refills_total{{{HERE}}}", "{{instance}}, filled again")),
]

PROCESSES = [
    lines("CPU", "Cores in use.", "none", (rate("process_cpu_seconds_total", "instance"), "{{instance}}")),
    lines("Memory", "Resident memory.", "bytes", (f"process_resident_memory_bytes{{{HERE}}}", "{{instance}}")),
    lines("Threads", "OS threads.", "none", (f"process_threads{{{HERE}}}", "{{instance}}")),
    lines("Taken again", "Times that a shard was taken again after a fault, and that ingest began again from its offsets; "
        "since the instances started.",
        "short", (f"sum by (instance) (pulsewatch_shards_retaken_total{{{HERE}}})", "shards, {{instance}}"),
        (f"sum by (instance) (pulsewatch_ingest_restarts_total{{{HERE}}})", "ingest, {{instance}}")),
    lines("Commits that failed", "Source offset commits that failed and are repeated.",
        "ops", (rate("pulsewatch_source_commit_failures_total", "instance"), "{{instance}}")),
    lines("Damaged log entries", "Entries that could not be read and were passed over; since the instances started.",
        "short", (f"sum by (instance) (pulsewatch_entries_damaged_total{{{HERE}}})", "{{instance}}"), thresholds=rising(1)),
]

BOARD = dashboard_of(
    "Pulsewatch: service health",
    "pulsewatch-service",
    "Is the service well? What comes in, what is scored, what goes out, and what it costs.",
    "now-1h",
    "30s",
    {"instance": "pulsewatch_build_info", "source": "pulsewatch_source_lag_records", "shard": "pulsewatch_shard_live"},
    {
        "At a glance": AT_A_GLANCE,
        "What comes in": WHAT_COMES_IN,
        "Scoring": SCORING,
        "What goes out": WHAT_GOES_OUT,
        "Checkpoints in Redis": CHECKPOINTS,
        "Dead-letter queue": DEAD_LETTERS,
        "API": API,
        "Processes": PROCESSES,
    },
)
