//! One output in one line, for people.

use std::fmt;

use anstyle::{AnsiColor, Style};

use crate::kafka::cloud_events::Received;

use crate::domain::output::read::{Alert, Output, Score, Segment};

const PLAIN: Style = Style::new();

/// `output` is what the record holds, `None` for what this build cannot read. Without a terminal nobody sees the colours.
pub struct Line<'a> {
    pub record: &'a Received<'a>,
    pub output: Option<&'a Output>,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Received { time, subject, .. } = self.record;
        write!(f, "{time:<24}  {subject:<22}  ")?;
        match self.output {
            Some(Output::Score(score)) => write_score(score, f),
            Some(Output::Alert(alert)) => write_alert(alert, f),
            Some(Output::Segment(segment)) => write_segment(segment, f),
            None => f.write_str(self.record.event_type),
        }
    }
}

/// `yellow    61.4   -9.1  adoption.active_ratio -6.2`
fn write_score(score: &Score, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let style = band_style(&score.band);
    write!(f, "{style}{:<8}{style:#}", score.band)?;
    match score.score {
        Some(points) => write!(f, "{points:>6.1}")?,
        None => write!(f, "{:>6}", "-")?,
    }
    let Some(change) = score.change() else { return Ok(()) };
    write!(f, "{change:>+7.1}")?;
    match score.moved_by().next() {
        Some((indicator, part)) => write!(f, "  {indicator} {part:+.1}"),
        None => Ok(()),
    }
}

/// `40 accounts  61.4   -9.1 in 28 days, -8.7 within`
fn write_segment(segment: &Segment, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{} accounts", segment.accounts)?;
    match segment.score {
        Some(points) => write!(f, "  {points:.1}")?,
        None => write!(f, "  -")?,
    }
    if let Some(change) = segment.change().score {
        write!(f, "  {change:+.1} in 28 days")?;
    }
    match segment.change().within {
        Some(within) => write!(f, ", {within:+.1} within"),
        None => Ok(()),
    }
}

/// `high      health-drop opened: score fell 9.1 in 7 days, from 70.5 to 61.4`
fn write_alert(alert: &Alert, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let style = match alert.severity.as_str() {
        _ if alert.is_resolved() || !alert.is_risk() => AnsiColor::Green.on_default(),
        "critical" | "high" => AnsiColor::Red.on_default().bold(),
        _ => AnsiColor::Yellow.on_default().bold(),
    };
    let Alert {
        alert: rule,
        severity,
        state,
        reason,
        ..
    } = alert;
    write!(f, "{style}{severity:<8}{style:#}  {rule} {state}: {reason}")
}

fn band_style(band: &str) -> Style {
    match band {
        "green" => AnsiColor::Green.on_default(),
        "yellow" => AnsiColor::Yellow.on_default(),
        "red" => AnsiColor::Red.on_default(),
        _ => PLAIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::output::samples::{ALERT, SCORE, SEGMENT};
    use crate::domain::output::{ALERT_OPENED, SCORE_UPDATED, SEGMENT_UPDATED};

    /// In colour.
    fn line(event_type: &str, value: &str) -> String {
        let record = Received {
            event_type,
            subject: "acc-1",
            time: "2026-03-02T10:00:00Z",
            ..Received::default()
        };
        let output = Output::read(event_type, value.as_bytes());
        let output = output.as_ref();
        Line {
            record: &record,
            output,
        }
        .to_string()
    }

    fn plain(event_type: &str, value: &str) -> String {
        anstream::adapter::strip_str(&line(event_type, value)).to_string()
    }

    #[test]
    fn a_score_says_what_moved_it() {
        let expected =
            "2026-03-02T10:00:00Z      acc-1                   yellow    61.4   -9.1  adoption.active_ratio -6.2";
        assert_eq!(plain(SCORE_UPDATED, SCORE), expected);
        assert!(line(SCORE_UPDATED, SCORE).contains("\u{1b}[33myellow"), "no colour");
        let first = SCORE.replace(r#"{"score":70.5,"band":"green"}"#, "null");
        assert!(plain(SCORE_UPDATED, &first).ends_with("yellow    61.4"));
        let unknown = first.replace("61.4", "null").replace("yellow", "unknown");
        assert!(plain(SCORE_UPDATED, &unknown).ends_with("unknown      -"));
    }

    #[test]
    fn an_alert_says_how_grave_it_is_and_why() {
        let expected =
            "2026-03-02T10:00:00Z      acc-1                   high      health-drop opened: score fell 9.1 in 7 days";
        assert_eq!(plain(ALERT_OPENED, ALERT), expected);
        assert!(
            line(ALERT_OPENED, ALERT).contains("\u{1b}[1m\u{1b}[31mhigh"),
            "no colour"
        );
    }

    #[test]
    fn a_segment_says_how_it_changed() {
        assert!(plain(SEGMENT_UPDATED, SEGMENT).ends_with("40 accounts  61.4  -9.1 in 28 days, -8.7 within"));
    }

    #[test]
    fn a_type_of_a_later_version_is_named() {
        assert!(
            plain("pulsewatch.forecast.updated.v1", "{}")
                .ends_with("acc-1                   pulsewatch.forecast.updated.v1")
        );
    }
}
