//! Measures the whole service on real servers, with the reference workload and the reference model.
//!
//! Throughput: topics are preloaded; from the start of the process until every source offset is committed, every log entry
//! is folded and committed, and every output is visible to a `read_committed` reader. Latency (`--rate`): events come at a
//! steady rate; from an event's time, which is when it was due to be sent, until a `read_committed` consumer has an output
//! that it led to.
//!
//!     tests/run cargo bench --bench service -- --help

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what cannot go on shall end"
)]

#[path = "../tests/support/mod.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod support;

use std::{
    collections::HashSet,
    path::PathBuf,
    time::{Duration, Instant, UNIX_EPOCH},
};

use clap::Parser;
use pulsewatch::{
    domain::{event::Kind, time::Timestamp},
    generate::workload::Plan,
};
use support::{
    broker::Broker,
    feed::{self, Load},
    measure::{cpu_seconds, peak_bytes},
    process::Process,
    redis::RedisServer,
    service::{Installation, Service},
    wait_at_most,
};

#[derive(Debug, Parser)]
struct Arguments {
    #[arg(long, default_value_t = Plan::default().events)]
    events: u64,
    #[arg(long, default_value_t = Plan::default().accounts)]
    accounts: u32,
    /// Throughput runs; the topics are preloaded once.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Measure latency instead, at so many events a second.
    #[arg(long)]
    rate: Option<u64>,
    /// How long latency is measured.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// How long events flow before it is: the broker's just-in-time compiler takes most of a core for half a minute.
    #[arg(long, value_name = "SECONDS", default_value_t = 40)]
    warm_up: u64,
    /// A setting of the service, as TOML: `--set log.shards=8`.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    settings: Vec<String>,
    /// Run in turn with this setting too, and say how the two compare: `--against log.entry_events=1000`.
    #[arg(long, value_name = "SECTION.KEY=VALUE")]
    against: Vec<String>,
    /// Run in turn with this build of the service too.
    #[arg(long, value_name = "PATH")]
    against_binary: Option<PathBuf>,
    /// Partitions of each source topic.
    #[arg(long, default_value_t = 4)]
    partitions: i32,
    /// Show the service's log after each run.
    #[arg(long)]
    log: bool,
    /// `cargo bench` passes it.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Whatever happens is done within this.
const DEADLINE: Duration = Duration::from_secs(600);

fn main() {
    let arguments = Arguments::parse();
    let servers = Servers::start();
    let mut sources = Installation::without_sources("bench", servers.broker.kafka(), &servers.redis.url());
    for kind in [Kind::Usage, Kind::Support, Kind::Billing] {
        sources.add_source(kind, arguments.partitions);
    }
    match arguments.rate {
        Some(rate) => measure_latency(&arguments, &servers, &sources, rate),
        None => measure_throughput(&arguments, &servers, &sources),
    }
}

struct Servers {
    broker: Broker,
    redis: RedisServer,
}

impl Servers {
    fn start() -> Self {
        Self {
            broker: Broker::start_with("-Xms1g -Xmx1g -XX:+UseG1GC"),
            redis: RedisServer::start(),
        }
    }

    fn cpu(&self, service: &Service) -> [f64; 3] {
        [&service.process, self.broker.process(), self.redis.process()]
            .map(|process: &Process| cpu_seconds(process.id()))
    }
}

/// What a run is of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Subject,
    /// What it is compared with.
    Other,
}

fn installation(arguments: &Arguments, sources: &Installation, run: usize, side: Side) -> Installation {
    let mut installation = sources.beside(&format!("run{run}"));
    // The tests' entries are small ones, so that there are many.
    installation.unset("log.entry_events");
    installation.set("log.shards", "8");
    installation.set("output.partitions", "4");
    let of_other = arguments.against.iter().filter(|_| side == Side::Other);
    for setting in arguments.settings.iter().chain(of_other) {
        let (key, value) = setting
            .split_once('=')
            .unwrap_or_else(|| panic!("{setting}: write SECTION.KEY=VALUE"));
        installation.set(key, value);
    }
    if let Some(binary) = arguments.against_binary.as_ref().filter(|_| side == Side::Other) {
        installation.use_binary(binary);
    }
    installation
}

fn measure_throughput(arguments: &Arguments, servers: &Servers, sources: &Installation) {
    let plan = Plan {
        accounts: arguments.accounts,
        events: arguments.events,
        ..Plan::default()
    };
    println!("preloading {} events of {} accounts", plan.events, plan.accounts);
    feed::preload(sources, plan);
    let is_paired = !arguments.against.is_empty() || arguments.against_binary.is_some();
    let (mut subject, mut other) = (Vec::new(), Vec::new());
    let mut numbers = 0..;
    let mut run = |side| throughput_run(arguments, servers, sources, numbers.next().unwrap(), side);
    for _ in 0..arguments.runs {
        subject.push(run(Side::Subject));
        if is_paired {
            other.push(run(Side::Other));
        }
    }
    if is_paired {
        let pairs = subject.iter().zip(&other);
        let ratio = |of: fn(&Run) -> f64| median(pairs.clone().map(|(subject, other)| of(subject) / of(other)));
        println!(
            "to the other, pair by pair: {:.3} of its events/s, {:.3} of its CPU an event",
            ratio(|run| run.events_per_second),
            ratio(|run| run.cpu_seconds),
        );
        summarize("the other", &other);
    }
    summarize("measured", &subject);
}

/// What a run came to.
#[derive(Clone, Copy, Debug)]
struct Run {
    events_per_second: f64,
    /// Of the service.
    cpu_seconds: f64,
}

fn summarize(name: &str, runs: &[Run]) {
    let rates = runs.iter().map(|run| run.events_per_second);
    println!(
        "{name}: median {:.0} events/s of {} runs, {:.0} to {:.0}",
        median(rates.clone()),
        runs.len(),
        rates.clone().fold(f64::INFINITY, f64::min),
        rates.fold(0.0, f64::max),
    );
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures[..] {
        [] => f64::NAN,
        _ => (figures[middle] + figures[(figures.len() - 1) / 2]) / 2.0,
    }
}

fn throughput_run(arguments: &Arguments, servers: &Servers, sources: &Installation, run: usize, side: Side) -> Run {
    let installation = installation(arguments, sources, run, side);
    let before = [
        0.0,
        cpu_seconds(servers.broker.process().id()),
        cpu_seconds(servers.redis.process().id()),
    ];
    let started = Instant::now();
    let service = installation.start(0);
    wait_at_most(DEADLINE, "the end of the run", || {
        service.assert_running();
        installation.is_idle().then_some(())
    });
    let seconds = started.elapsed().as_secs_f64();
    let after = servers.cpu(&service);
    let used: Vec<f64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    let events = arguments.events as f64;
    let memory = peak_bytes(service.process.id()) as f64 / (1 << 20) as f64;
    if arguments.log {
        println!("{}", service.process.log());
    }
    service.stop();
    let restart = restart_seconds(&installation, run);
    let outputs = outputs_once(&installation);
    println!(
        "{}{:>9.0} events/s: {seconds:.2} s, {outputs} outputs; CPU s: service {:.2} ({:.2} us an event), Kafka {:.2}, \
         Redis {:.2}; peak memory {memory:.0} MiB; first output {restart:.2} s after a restart",
        if side == Side::Other { "other " } else { "" },
        events / seconds,
        used[0],
        used[0] / events * 1e6,
        used[1],
        used[2],
    );
    Run {
        events_per_second: events / seconds,
        cpu_seconds: used[0],
    }
}

/// Each output is there once.
fn outputs_once(installation: &Installation) -> usize {
    let mut reader = installation.kafka.reader(installation.output_topic());
    let (mut ids, mut outputs) = (HashSet::new(), 0);
    while let Some(record) = reader.next_until_end() {
        outputs += 1;
        assert!(
            ids.insert(record.text_header("ce_id").to_owned()),
            "output {} is there twice",
            record.text_header("ce_id")
        );
    }
    outputs
}

/// From the start of a process that finds a full checkpoint until it has sent something.
fn restart_seconds(installation: &Installation, run: usize) -> f64 {
    let ends = |installation: &Installation| installation.kafka.extents(installation.output_topic());
    let before = ends(installation);
    let more = Plan {
        accounts: 10,
        events: 1_000,
        // Others than the runs before sent: theirs would be dropped as repeated.
        seed: 2 + run as u64,
        start: Timestamp::from_millis(1_743_465_600_000),
        ..Plan::default()
    };
    feed::preload(installation, more);
    let started = Instant::now();
    let service = installation.start(0);
    wait_at_most(DEADLINE, "an output", || (ends(installation) != before).then_some(()));
    let seconds = started.elapsed().as_secs_f64();
    service.stop();
    seconds
}

fn measure_latency(arguments: &Arguments, servers: &Servers, sources: &Installation, rate: u64) {
    let installation = installation(arguments, sources, 0, Side::Subject);
    let service = installation.start(0);
    service.wait_until_ready();
    let mut reader = installation.kafka.reader(installation.output_topic());
    let warm_up = arguments.warm_up;
    let total = arguments.seconds + warm_up;
    let begin = now_ms();
    let plan = Plan {
        accounts: arguments.accounts,
        events: rate * total,
        start: Timestamp::from_millis(begin),
        span_ms: (total * 1_000) as i64,
        late_per_mille: 0,
        ..Plan::default()
    };
    let load = Load::start(&installation, plan, feed::Pace::ByEventTime);
    let before = servers.cpu(&service);
    let mut latencies = Vec::new();
    while now_ms() < begin + plan.span_ms {
        let Some(output) = reader.next(Duration::from_millis(10)) else {
            continue;
        };
        let seen = now_ms();
        let time = Timestamp::parse_rfc3339(output.text_header("ce_time")).map_or(seen, Timestamp::millis);
        if time >= begin + (warm_up * 1_000) as i64 {
            latencies.push(seen - time);
        }
    }
    let after = servers.cpu(&service);
    let sent = load.finish();
    service.stop();
    latencies.sort_unstable();
    let at = |share: f64| {
        latencies
            .get((latencies.len() as f64 * share) as usize)
            .copied()
            .unwrap_or(-1)
    };
    let cores = |process: usize| (after[process] - before[process]) / total as f64;
    println!(
        "{rate} events/s for {total} s ({sent} sent), {} outputs: p50 {} ms, p90 {} ms, p99 {} ms, p99.9 {} ms, most {} ms; \
         cores: service {:.2}, Kafka {:.2}, Redis {:.2}",
        latencies.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        latencies.last().unwrap_or(&-1),
        cores(0),
        cores(1),
        cores(2),
    );
}

fn now_ms() -> i64 {
    UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_millis() as i64)
}
