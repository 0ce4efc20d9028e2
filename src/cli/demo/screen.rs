//! What the demo shows: on a terminal one picture that is drawn again, in a pipe plain lines as things happen.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::watch::{Move, Seen};
use crate::domain::output::read::Alert;

const WIDTH: usize = 80;
const MOVES_SHOWN: usize = 6;
const ALERTS_SHOWN: usize = 5;
const WORST_SHOWN: usize = 5;
const LINE_EVERY: Duration = Duration::from_secs(2);

pub struct Screen {
    is_terminal: bool,
    address: SocketAddr,
    began: Instant,
    /// Lines of the last picture.
    drawn: usize,
    last: Option<(Instant, u64)>,
    rate: f64,
    /// Id and state of the alert that was told last in a pipe.
    told: Option<(String, String)>,
}

impl Screen {
    pub fn new(is_terminal: bool, address: SocketAddr) -> Self {
        Self {
            is_terminal,
            address,
            began: Instant::now(),
            drawn: 0,
            last: None,
            rate: 0.0,
            told: None,
        }
    }

    pub fn draw(&mut self, seen: &Seen, events: u64) {
        if self.is_terminal {
            self.measure(events, Duration::from_secs(1));
            self.redraw(&self.picture(seen, events));
            return;
        }
        self.tell_alerts(seen);
        if self.last.is_none() {
            anstream::println!("dashboard at http://{}/", self.address);
        }
        if self.measure(events, LINE_EVERY) {
            anstream::println!("{}", self.status(seen, events));
        }
    }

    /// The summary at the end, which stays.
    pub fn finish(&mut self, seen: &Seen, events: u64) {
        if self.is_terminal {
            self.redraw("");
        }
        let seconds = self.began.elapsed().as_secs_f64();
        let mut text = format!("\nafter {seconds:.0} s: {events} events, {} outputs\n", seen.outputs);
        let _ = writeln!(text, "accounts: {}", bands(seen));
        text.push_str("\nlowest scores\n");
        for standing in seen.worst().into_iter().take(WORST_SHOWN) {
            let _ = writeln!(text, "  {}", standing_line(standing));
        }
        let open = seen.open_risks();
        let _ = writeln!(
            text,
            "\nopen alerts: {} risks, {} opportunities",
            open.len(),
            seen.opportunities()
        );
        for alert in open.into_iter().take(ALERTS_SHOWN) {
            let _ = writeln!(text, "  {}", alert_line(alert));
        }
        text.push_str(TRY_NEXT);
        anstream::print!("{text}");
    }

    /// Events a second, measured anew once `every`; says whether it was.
    fn measure(&mut self, events: u64, every: Duration) -> bool {
        let (since, before) = *self.last.get_or_insert((self.began, 0));
        if since.elapsed() < every {
            return false;
        }
        self.rate = (events - before) as f64 / since.elapsed().as_secs_f64();
        self.last = Some((Instant::now(), events));
        true
    }

    fn redraw(&mut self, picture: &str) {
        if self.drawn > 0 {
            // Up to the first line of the last picture, and clear from there.
            anstream::print!("\x1b[{}A\x1b[J", self.drawn);
        }
        anstream::print!("{picture}");
        self.drawn = picture.lines().count();
    }

    fn status(&self, seen: &Seen, events: u64) -> String {
        let (day, rate, open) = (day(seen).unwrap_or("starting  "), self.rate, seen.open_risks().len());
        format!("{day}  {events} events ({rate:.0}/s)  {}  {open} alerts", bands(seen))
    }

    fn picture(&self, seen: &Seen, events: u64) -> String {
        let mut text = String::new();
        let mut line = |content: &str| {
            text.extend(content.chars().take(WIDTH));
            text.push('\n');
        };
        line(&format!(
            "pulsewatch demo   dashboard http://{}/   Ctrl-C ends it",
            self.address
        ));
        line("");
        match day(seen) {
            Some(day) => line(&format!("event time  {day}, two days a second until it is today")),
            None => line("event time  filling the windows with 100 days of history"),
        }
        line(&format!(
            "events      {events} ({:.0}/s), {} outputs",
            self.rate, seen.outputs
        ));
        line(&format!("accounts    {}", bands(seen)));
        line("");
        line("latest moves");
        for moved in seen.moves.iter().rev().take(MOVES_SHOWN) {
            line(&format!("  {}", move_line(moved)));
        }
        line("");
        line("lowest scores");
        for standing in seen.worst().into_iter().take(WORST_SHOWN) {
            line(&format!("  {}", standing_line(standing)));
        }
        line("");
        let open = seen.open_risks().len();
        line(&format!(
            "latest alerts ({open} risks open, {} opportunities)",
            seen.opportunities()
        ));
        for alert in seen.alerts.iter().rev().take(ALERTS_SHOWN) {
            line(&format!("  {}", alert_line(alert)));
        }
        text
    }

    /// Alerts that were not told yet, oldest first.
    fn tell_alerts(&mut self, seen: &Seen) {
        let key = |alert: &Alert| (alert.id.clone(), alert.state.clone());
        let told = seen.alerts.iter().rposition(|alert| Some(key(alert)) == self.told);
        let first = told.map_or(0, |index| index + 1);
        for alert in seen.alerts.iter().skip(first) {
            anstream::println!("{}", alert_line(alert));
            self.told = Some(key(alert));
        }
    }
}

const TRY_NEXT: &str = "
try next
  pulsewatch generate --events 100000 --accounts 1000 --out /tmp/events
  pulsewatch replay --final /tmp/events/*.jsonl
  pulsewatch explain acc-0000001 --replay /tmp/events/*.jsonl
  pulsewatch check --print
  pulsewatch run --help
";

fn day(seen: &Seen) -> Option<&str> {
    seen.as_of.get(..10)
}

fn bands(seen: &Seen) -> String {
    let counts = ["green", "yellow", "red", "unknown"].map(|band| format!("{band} {}", seen.accounts_in(band)));
    counts.join(", ")
}

fn standing_line((account, score, band): (&str, f64, &str)) -> String {
    format!("{account:<22} {score:>5.1} {band}")
}

fn move_line(moved: &Move) -> String {
    let Move {
        account,
        from,
        to,
        band,
        driver,
    } = moved;
    let driver = driver
        .as_ref()
        .map(|(indicator, change)| format!("{indicator} {change:+.1}"));
    format!(
        "{account:<22} {from:>5.1} to {to:>5.1} {band:<8} {}",
        driver.unwrap_or_default()
    )
}

fn alert_line(alert: &Alert) -> String {
    let state = if alert.is_resolved() {
        "resolved"
    } else {
        alert.severity.as_str()
    };
    // The rule comes last: a narrow terminal cuts that off, and not the reason.
    format!(
        "{state:<8} {}: {} ({})",
        alert.subject.name(),
        alert.reason,
        alert.alert
    )
}
