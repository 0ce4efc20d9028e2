//! What an answer means for the messages that were sent.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// A target that names a longer pause is asked again after this one.
const LONGEST: Duration = Duration::from_secs(3600);

/// What becomes of the messages of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Delivered,
    /// Tried again: the target is away, busy, or set up wrongly on either side. With the pause that it asked for.
    Again {
        reason: String,
        after: Option<Duration>,
    },
    /// The target will never take these messages as they are.
    Refused {
        reason: String,
    },
    /// The target wants nothing any more (410).
    Gone,
}

impl Verdict {
    /// By the status alone. `answer` is the beginning of the body, for people.
    ///
    /// What concerns the connection as a whole (redirects, 401, 403, 404, 405, 407) is tried again as a target that is away is: an
    /// expired token must not send everything to the dead-letter queue.
    pub fn of(status: u16, retry_after: Option<&str>, answer: &str, now: Timestamp) -> Self {
        let reason = reason(status, answer);
        match status {
            // 207: some of a batch were refused.
            200..=206 | 208..=299 => Self::Delivered,
            410 => Self::Gone,
            300..=399 | 401 | 403..=405 | 407 | 408 | 425 | 429 | 500..=599 => Self::Again {
                reason,
                after: retry_after.and_then(|text| pause(text, now)),
            },
            _ => Self::Refused { reason },
        }
    }

    /// Of a Salesforce collection: a 200 that says of each record what came of it.
    pub fn of_results(status: u16, retry_after: Option<&str>, answer: &str, now: Timestamp) -> Self {
        let by_status = Self::of(status, retry_after, answer, now);
        let Ok(results) = serde_json::from_str::<serde_json::Value>(answer) else {
            return by_status;
        };
        let results = results.as_array().into_iter().flatten();
        let failed: Vec<_> = results.filter(|result| result["success"] == false).collect();
        let Some(first) = failed.first().filter(|_| by_status == Self::Delivered) else {
            return by_status;
        };
        let reason = first["errors"].to_string();
        let passes = |result: &&serde_json::Value| {
            let errors = result["errors"].as_array().into_iter().flatten();
            errors
                .into_iter()
                .all(|error| error["statusCode"] == "UNABLE_TO_LOCK_ROW")
        };
        if failed.iter().all(passes) {
            Self::Again { reason, after: None }
        } else {
            Self::Refused { reason }
        }
    }
}

fn reason(status: u16, answer: &str) -> String {
    match answer.trim() {
        "" => format!("answered {status}"),
        answer => format!("answered {status}: {}", shortened(answer, 300)),
    }
}

/// At most so many characters.
fn shortened(text: &str, most: usize) -> &str {
    let end = text.char_indices().nth(most).map_or(text.len(), |(end, _)| end);
    &text[..end]
}

/// `Retry-After`: seconds, or a date. RFC 9110, section 10.2.3.
fn pause(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let pause = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
            Duration::try_from(until.duration_since(now)).unwrap_or_default()
        }
    };
    Some(pause.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, retry_after: Option<&str>) -> Verdict {
        let now = "2026-03-02T10:00:00Z".parse().unwrap();
        Verdict::of(status, retry_after, "no", now)
    }

    fn word(status: u16) -> &'static str {
        match verdict(status, None) {
            Verdict::Delivered => "delivered",
            Verdict::Again { .. } => "again",
            Verdict::Refused { .. } => "refused",
            Verdict::Gone => "gone",
        }
    }

    #[test]
    fn only_what_is_about_the_message_itself_is_refused() {
        for (statuses, expected) in [
            (&[200, 201, 202, 204][..], "delivered"),
            (&[301, 307, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504], "again"),
            (&[207, 400, 409, 413, 415, 422], "refused"),
            (&[410], "gone"),
        ] {
            for status in statuses {
                assert_eq!(word(*status), expected, "{status}");
            }
        }
    }

    #[test]
    fn the_target_says_when_it_may_be_asked_again() {
        for (header, seconds) in [
            (Some("120"), Some(120)),
            (Some("Mon, 02 Mar 2026 10:00:30 GMT"), Some(30)),
            (Some("Mon, 02 Mar 2026 09:00:00 GMT"), Some(0)),
            (Some("999999"), Some(3600)),
            (Some("soon"), None),
            (None, None),
        ] {
            let Verdict::Again { after, .. } = verdict(429, header) else {
                panic!("{header:?}")
            };
            assert_eq!(after.map(|after| after.as_secs()), seconds, "{header:?}");
        }
    }

    #[test]
    fn a_collection_with_a_failed_record_is_refused() {
        let now = Timestamp::UNIX_EPOCH;
        let of = |answer: &str| Verdict::of_results(200, None, answer, now);
        assert_eq!(of(r#"[{"success":true},{"success":true}]"#), Verdict::Delivered);
        let refused = of(r#"[{"success":true},{"success":false,"errors":[{"statusCode":"INVALID_FIELD"}]}]"#);
        assert!(matches!(refused, Verdict::Refused { reason } if reason.contains("INVALID_FIELD")));
        let locked = of(r#"[{"success":false,"errors":[{"statusCode":"UNABLE_TO_LOCK_ROW"}]}]"#);
        assert!(matches!(locked, Verdict::Again { .. }));
    }
}
