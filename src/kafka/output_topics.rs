//! Where outputs go, and where they are read from.

use crate::domain::output::is_alert;

/// One topic for all outputs, or one more for alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputTopics {
    outputs: String,
    /// Another one than `outputs`.
    alerts: Option<String>,
}

impl OutputTopics {
    /// `alerts` is where alerts go; with the others when absent.
    pub fn new(outputs: &str, alerts: Option<&str>) -> Self {
        let alerts = alerts.filter(|alerts| *alerts != outputs);
        Self {
            outputs: outputs.to_owned(),
            alerts: alerts.map(str::to_owned),
        }
    }

    /// The topic of a CloudEvents type.
    pub fn of(&self, event_type: &str) -> &str {
        match &self.alerts {
            Some(alerts) if is_alert(event_type) => alerts,
            _ => &self.outputs,
        }
    }

    /// Each once; scores are in the first.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.outputs.as_str()).chain(self.alerts.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::output::{ALERT_RESOLVED, SCORE_UPDATED, SEGMENT_UPDATED};

    fn seen(topics: &OutputTopics) -> (Vec<&str>, [&str; 3]) {
        let of = [SCORE_UPDATED, SEGMENT_UPDATED, ALERT_RESOLVED].map(|event_type| topics.of(event_type));
        (topics.all().collect(), of)
    }

    #[test]
    fn alerts_go_with_the_others_unless_they_have_a_topic_of_their_own() {
        let apart = OutputTopics::new("a", Some("b"));
        assert_eq!(seen(&apart), (vec!["a", "b"], ["a", "a", "b"]));
        for together in [OutputTopics::new("a", None), OutputTopics::new("a", Some("a"))] {
            assert_eq!(seen(&together), (vec!["a"], ["a"; 3]));
        }
    }
}
