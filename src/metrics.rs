//! The registry that every part registers its metrics into, and the metrics of the process itself.

use std::fs;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Encoder, Gauge, IntGauge, Opts, Registry, TextEncoder};

/// Linux counts a process's CPU time in hundredths of a second (`USER_HZ`, fixed by its ABI).
const TICKS_PER_SECOND: f64 = 100.0;

/// A registry with the process's own metrics.
///
/// # Errors
/// Only if two metrics have one name.
pub fn registry() -> Result<Registry, prometheus::Error> {
    let registry = Registry::new();
    let build = Opts::new("pulsewatch_build_info", "1; the label says which build runs")
        .const_label("version", env!("CARGO_PKG_VERSION"));
    let build = IntGauge::with_opts(build)?;
    build.set(1);
    registry.register(Box::new(build))?;
    registry.register(Box::new(Process::new()?))?;
    Ok(registry)
}

/// All metrics in Prometheus's text format.
///
/// # Errors
/// When a metric breaks the format's rules.
pub fn render(registry: &Registry) -> Result<String, prometheus::Error> {
    let mut text = Vec::new();
    TextEncoder::new().encode(&registry.gather(), &mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// CPU time and memory as the kernel counts them; names are the Prometheus clients' own.
struct Process {
    cpu: Gauge,
    memory: IntGauge,
    threads: IntGauge,
}

impl Process {
    fn new() -> Result<Self, prometheus::Error> {
        Ok(Self {
            cpu: Gauge::new("process_cpu_seconds_total", "CPU time of user and system, in seconds")?,
            memory: IntGauge::new("process_resident_memory_bytes", "resident memory, in bytes")?,
            threads: IntGauge::new("process_threads", "OS threads")?,
        })
    }

    fn read(&self) -> Option<()> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The second field is the program's name in parentheses, and may hold anything.
        let (_, fields) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<i64>().ok();
        self.cpu.set((field(14)? + field(15)?) as f64 / TICKS_PER_SECOND);
        self.threads.set(field(20)?);
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: i64 = resident.trim().strip_suffix(" kB")?.parse().ok()?;
        self.memory.set(kibibytes * 1024);
        Some(())
    }
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        [self.cpu.desc(), self.memory.desc(), self.threads.desc()].concat()
    }

    /// Nothing on systems without `/proc`.
    fn collect(&self) -> Vec<MetricFamily> {
        match self.read() {
            Some(()) => [self.cpu.collect(), self.memory.collect(), self.threads.collect()].concat(),
            None => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_registry_knows_the_build_and_the_process() {
        let text = render(&registry().unwrap()).unwrap();
        assert!(
            text.contains(concat!(
                "pulsewatch_build_info{version=\"",
                env!("CARGO_PKG_VERSION"),
                "\"} 1"
            )),
            "{text}"
        );
        let memory = text
            .lines()
            .find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
        assert!(memory.unwrap().parse::<f64>().unwrap() > 1e6, "{text}");
    }
}
