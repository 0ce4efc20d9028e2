//! An installation of Pulsewatch of a test's own, and its running processes.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::Duration,
};

use pulsewatch::{
    domain::{
        entry::{Entry, EventBatch, decode},
        event::Kind,
    },
    kafka::output_topics::OutputTopics,
    redis::{RedisSettings, RedisStoreFactory},
    scorer::store::{CheckpointStore, StoreFactory},
};
use tempfile::TempDir;

use super::{DEADLINE, free_ports, kafka::Kafka, process::Process, wait_at_most, wait_until};

/// In order and with nothing left half done: the promise is 10 s.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// For millions of events on a slow machine.
const ALL_INPUT: Duration = Duration::from_secs(300);

/// Topics, keys and settings. Several processes of it may run at once.
pub struct Installation {
    pub name: String,
    pub kafka: Kafka,
    settings: Vec<(String, String)>,
    sources: Vec<(String, Kind, i32)>,
    /// Further lines of a source.
    described: Vec<(Kind, String)>,
    folder: TempDir,
    binary: PathBuf,
}

impl Installation {
    /// With usage, support and billing topics of different partition counts, four shards, the reference model, and a clock
    /// that only events move: what comes out then depends on what went in alone.
    pub fn new(test: &str, kafka: Kafka, redis: &str) -> Self {
        let mut installation = Self::without_sources(test, kafka, redis);
        for (kind, partitions) in [(Kind::Usage, 4), (Kind::Support, 3), (Kind::Billing, 2)] {
            installation.add_source(kind, partitions);
        }
        installation
    }

    pub fn without_sources(test: &str, kafka: Kafka, redis: &str) -> Self {
        let name = format!("{test}-{:08x}", rand::random::<u32>());
        let text = |value: &str| format!("{value:?}");
        let settings = [
            ("app.name", text(&name)),
            ("kafka.bootstrap_servers", text(kafka.address())),
            ("kafka.consumer.\"session.timeout.ms\"", text("6000")),
            ("log.topic", text(&format!("{name}.log"))),
            ("log.shards", "4".into()),
            // Small ones, so that there are many.
            ("log.entry_events", "50".into()),
            ("output.topic", text(&format!("{name}.out"))),
            ("output.partitions", "3".into()),
            ("dlq.topic", text(&format!("{name}.dlq"))),
            ("redis.url", text(redis)),
            ("clock.idle", text("event")),
            ("catch_up.emit", "true".into()),
            (
                "model.file",
                text(&in_project("benches/reference.toml").display().to_string()),
            ),
        ];
        Self {
            settings: settings.map(|(key, value)| (key.to_owned(), value)).into(),
            sources: Vec::new(),
            described: Vec::new(),
            folder: TempDir::new().unwrap(),
            binary: env!("CARGO_BIN_EXE_pulsewatch").into(),
            name,
            kafka,
        }
    }

    /// Another installation that reads the same sources.
    pub fn beside(&self, test: &str) -> Self {
        let mut other = Self::without_sources(test, Kafka::at(self.kafka.address()), self.setting("redis.url"));
        other.sources.clone_from(&self.sources);
        other
    }

    /// Sets or replaces a setting; `value` is TOML.
    pub fn set(&mut self, key: &str, value: &str) {
        self.unset(key);
        self.settings.push((key.to_owned(), value.to_owned()));
    }

    /// Goes back to the service's own default.
    pub fn unset(&mut self, key: &str) {
        self.settings.retain(|(known, _)| known != key);
    }

    /// Has another build run, from now on.
    pub fn use_binary(&mut self, path: &Path) {
        path.clone_into(&mut self.binary);
    }

    /// A further source topic.
    pub fn add_source(&mut self, kind: Kind, partitions: i32) {
        let topic = format!("{}.{}", self.name, kind.as_str());
        self.kafka.create(&topic, partitions);
        self.sources.push((topic, kind, partitions));
    }

    /// Says what the records of its source are; `lines` are TOML.
    pub fn describe_source(&mut self, kind: Kind, lines: &str) {
        self.described.push((kind, lines.to_owned()));
    }

    pub fn setting(&self, key: &str) -> &str {
        let found = self.settings.iter().find(|(known, _)| known == key);
        found.map_or("", |(_, value)| value.trim_matches('"'))
    }

    pub fn topic(&self, kind: Kind) -> &str {
        &self.source(kind).0
    }

    pub fn partitions(&self, kind: Kind) -> i32 {
        self.source(kind).2
    }

    fn source(&self, kind: Kind) -> &(String, Kind, i32) {
        let source = self.sources.iter().find(|(_, of, _)| *of == kind);
        source.unwrap_or_else(|| panic!("no source of {kind:?}"))
    }

    pub fn log_topic(&self) -> &str {
        self.setting("log.topic")
    }

    pub fn output_topic(&self) -> &str {
        self.setting("output.topic")
    }

    /// Where which output goes.
    pub fn outputs(&self) -> OutputTopics {
        let alerts = Some(self.setting("output.alerts_topic")).filter(|topic| !topic.is_empty());
        OutputTopics::new(self.output_topic(), alerts)
    }

    /// Whether no transaction holds readers of the outputs back.
    pub fn outputs_are_committed(&self) -> bool {
        self.outputs().all().all(|topic| self.kafka.is_all_committed(topic))
    }

    pub fn dlq_topic(&self) -> &str {
        self.setting("dlq.topic")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A command line of the binary with the installation's settings.
    pub fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .arg(name)
            .args(arguments)
            .arg("--config")
            .arg(self.write_settings());
        command
    }

    /// Runs a command to its end, which must be a good one, and gives what it printed.
    pub fn call(&self, name: &str, arguments: &[&str]) -> String {
        let output = self.command(name, arguments).output().unwrap();
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn write_settings(&self) -> PathBuf {
        let mut text: String = self
            .settings
            .iter()
            .map(|(key, value)| format!("{key} = {value}\n"))
            .collect();
        for (topic, kind, partitions) in &self.sources {
            text += &format!(
                "[[source]]\ntopic = {topic:?}\nkind = {:?}\npartitions = {partitions}\n",
                kind.as_str()
            );
            let described = self.described.iter().filter(|(of, _)| of == kind);
            described.for_each(|(_, lines)| text += &format!("{lines}\n"));
        }
        let path = self.folder.path().join("pulsewatch.toml");
        fs::write(&path, text).unwrap();
        path
    }

    /// Starts `run` as member `instance` of the installation; a restart takes the place of the one before.
    pub fn start(&self, instance: u32) -> Service {
        self.start_only(instance, "ingest,score,http")
    }

    /// With these roles alone.
    pub fn start_only(&self, instance: u32, roles: &str) -> Service {
        let port = free_ports(1);
        let mut command = self.command("run", &["--only", roles]);
        command.env("PULSEWATCH_APP__INSTANCE", instance.to_string());
        command.env("PULSEWATCH_HTTP__LISTEN", format!("127.0.0.1:{port}"));
        let log = self.folder.path().join(format!("instance-{instance}.log"));
        Service {
            process: Process::start("pulsewatch", &mut command, &log),
            port,
        }
    }

    /// The checkpoints in Redis.
    pub fn store(&self) -> Box<dyn CheckpointStore> {
        let cluster = self.setting("redis.cluster") == "true";
        let settings = RedisSettings {
            urls: vec![self.setting("redis.url").to_owned()],
            cluster,
            // A machine that is busy with other tests answers late.
            connect_timeout: DEADLINE,
            response_timeout: DEADLINE,
            ..RedisSettings::default()
        };
        RedisStoreFactory::new(settings, &self.name).open()
    }

    /// The next offset of each shard log that is to be folded, 0 where nothing was.
    pub fn committed(&self) -> Vec<i64> {
        let committed = self.kafka.committed(&format!("{}-score", self.name), self.log_topic());
        committed.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// Whether every input is in the log, every log entry is folded and committed, and every output can be read.
    pub fn is_idle(&self) -> bool {
        let ingest = format!("{}-ingest", self.name);
        let caught_up = |group: &str, topic: &str| {
            let committed = self.kafka.committed(group, topic);
            let ends = self.kafka.extents(topic).into_iter().map(|(_, end)| end);
            ends.zip(committed)
                .all(|(end, committed)| committed.unwrap_or(0) == end)
        };
        self.sources.iter().all(|(topic, ..)| caught_up(&ingest, topic))
            && caught_up(&format!("{}-score", self.name), self.log_topic())
            && self.outputs_are_committed()
    }

    pub fn wait_until_idle(&self) {
        // What a backlog changed is scored with the tick after its last entry; whoever takes a source partition over writes one.
        wait_at_most(ALL_INPUT, "all input to be folded and committed", || {
            // Asked twice: a tick may come between the first question and the second.
            (self.is_idle() && !self.owes_scoring() && self.is_idle()).then_some(())
        });
    }

    /// Waits until Redis holds what is committed.
    pub fn wait_until_checkpointed(&self) {
        let mut store = self.store();
        wait_until("the checkpoints to be as new as what is committed", || {
            let mut shards = (0..).zip(self.committed());
            let mut reaches = |(shard, next)| {
                store
                    .load_meta(shard)
                    .unwrap()
                    .is_some_and(|meta| meta.offset + 1 >= next)
            };
            shards.all(&mut reaches).then_some(())
        });
    }

    /// Whether some shard's log ends with an entry that says that more was at hand.
    fn owes_scoring(&self) -> bool {
        let mut last = BTreeMap::new();
        for entry in self.kafka.read(self.log_topic()) {
            last.insert(entry.partition, entry.value.unwrap_or_default());
        }
        let mut batch = EventBatch::default();
        let is_marked = |entry: &Vec<u8>| matches!(decode(entry, &mut batch), Ok(Entry::Events { more: true, .. }));
        last.values().any(is_marked)
    }
}

/// What a failed test leaves to be read: each process's log, those of processes that have ended too.
impl Drop for Installation {
    fn drop(&mut self) {
        let entries = fs::read_dir(self.folder.path()).into_iter().flatten().flatten();
        let logs = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "log"));
        for log in logs.filter(|_| std::thread::panicking()) {
            eprintln!("--- {}, all of {}:", self.name, log.display());
            eprintln!("{}", fs::read_to_string(&log).unwrap_or_default());
        }
    }
}

/// A file of the project.
pub fn in_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A running `pulsewatch run`.
pub struct Service {
    pub process: Process,
    port: u16,
}

impl Service {
    pub fn wait_until_ready(&self) {
        wait_until("readiness", || {
            self.assert_running();
            self.answer("/readyz", 200).map(|_| ())
        });
    }

    /// Waits until it says that it is not ready, in these words among others.
    pub fn wait_until_not_ready(&self, words: &str) {
        wait_until(&format!("not ready: {words}"), || {
            self.assert_running();
            let answer = self.answer("/readyz", 503)?;
            answer.contains(words).then_some(())
        });
    }

    pub fn is_alive(&self) -> bool {
        self.answer("/healthz", 200).is_some()
    }

    /// The whole answer, if it has this status.
    fn answer(&self, path: &str, status: u16) -> Option<String> {
        get(self.port, path).filter(|answer| answer.starts_with(&format!("HTTP/1.1 {status}")))
    }

    /// Where it serves HTTP, on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port of its metrics.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The answer's body; empty while nobody answers.
    pub fn get(&self, path: &str) -> String {
        let answer = get(self.port, path).unwrap_or_default();
        answer
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned())
            .unwrap_or_default()
    }

    /// The sum of a metric over its labels.
    pub fn metric(&self, name: &str) -> f64 {
        let metrics = self.get("/metrics");
        let of_name = metrics
            .lines()
            .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        of_name
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    pub fn assert_running(&self) {
        assert!(self.process.is_running(), "pulsewatch ended:\n{}", self.process.log());
    }

    fn entries_folded(&self) -> f64 {
        self.assert_running();
        self.metric("pulsewatch_entries_folded_total")
    }

    pub fn wait_until_it_folds(&self) {
        wait_until("the instance to fold", || (self.entries_folded() > 0.0).then_some(()));
    }

    /// Waits until it has gone on.
    pub fn wait_for_progress(&self) {
        let before = self.entries_folded();
        wait_until("progress", || (self.entries_folded() > before + 20.0).then_some(()));
    }

    /// How many shards it owns.
    pub fn shards(&self) -> u32 {
        self.metric("pulsewatch_shards_owned") as u32
    }

    pub fn kill(self) {
        self.process.kill();
    }

    /// SIGTERM, and a good end in time.
    pub fn stop(self) {
        let status = self.process.terminate(STOP_WITHIN);
        assert!(status.success(), "{status}:\n{}", self.process.log());
    }

    /// For one that is expected to end by itself.
    pub fn wait(&self) -> ExitStatus {
        self.process.wait(Duration::from_secs(60))
    }
}

fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
