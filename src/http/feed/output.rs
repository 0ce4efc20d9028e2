//! One record of an output topic, as far as it is needed here.

use std::borrow::Cow;

use serde::Deserialize;

use crate::domain::band::Band;
use crate::domain::output::{ALERT_OPENED, ALERT_UPDATED, SCORE_UPDATED, TYPES};
use crate::domain::time::Timestamp;
use crate::http::stream::Event;
use crate::http::table::{Moved, Update};
use crate::kafka::cloud_events;
use crate::kafka::consume_batch::Record;
use crate::model::compiled::Severity;

/// A CloudEvent of ours; borrows from its record.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    pub id: &'a str,
    /// The entry that it comes from.
    pub shard: u32,
    pub log_offset: i64,
    pub event_type: &'static str,
    pub source: &'a str,
    pub subject: &'a str,
    pub time: &'a str,
    pub value: &'a [u8],
}

impl<'a> Output<'a> {
    /// `None` for what somebody else put into the topic, and for types that this build does not know.
    pub fn of(record: &Record<'a>) -> Option<Self> {
        let (mut id, mut event_type, mut source, mut subject, mut time) = ("", "", "", "", "");
        for (name, value) in record.headers() {
            let field = match std::str::from_utf8(name).ok()? {
                cloud_events::ID => &mut id,
                cloud_events::TYPE => &mut event_type,
                cloud_events::SOURCE => &mut source,
                cloud_events::SUBJECT => &mut subject,
                cloud_events::TIME => &mut time,
                _ => continue,
            };
            *field = std::str::from_utf8(value?).ok()?;
        }
        let mut parts = id.split('-');
        let (shard, log_offset, _) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            id,
            shard: shard.parse().ok()?,
            log_offset: log_offset.parse().ok()?,
            event_type: TYPES.into_iter().find(|known| *known == event_type)?,
            source,
            subject,
            time,
            value: record.payload()?,
        })
    }

    pub fn is_score(&self) -> bool {
        self.event_type == SCORE_UPDATED
    }

    /// `None` for other outputs, and for one that cannot be read.
    pub fn score(&self) -> Option<Score<'a>> {
        self.is_score()
            .then(|| serde_json::from_slice(self.value).ok())
            .flatten()
    }

    /// `None` for scores, and for one that cannot be read.
    pub fn alert(&self) -> Option<Alert<'a>> {
        (!self.is_score())
            .then(|| serde_json::from_slice(self.value).ok())
            .flatten()
    }

    /// Of an alert that is open: its rule, the time at which it opened, and its severity.
    pub fn opened(&self) -> Option<(Cow<'a, str>, Timestamp, Option<Severity>)> {
        if ![ALERT_OPENED, ALERT_UPDATED].contains(&self.event_type) {
            return None;
        }
        let alert = self.alert()?;
        let severity = Severity::parse(&alert.severity);
        let since = Timestamp::parse_rfc3339(&alert.since)?;
        Some((alert.alert, since, severity))
    }

    pub fn event(&self, segment: &str) -> Event {
        Event {
            id: self.id.into(),
            event_type: self.event_type,
            source: self.source.into(),
            subject: self.subject.into(),
            time: self.time.into(),
            segment: segment.into(),
            data: self.value.into(),
        }
    }
}

/// See [`crate::domain::output::ScoreUpdated`].
#[derive(Debug, Deserialize)]
pub struct Score<'a> {
    #[serde(borrow)]
    as_of: Cow<'a, str>,
    score: Option<f64>,
    #[serde(borrow)]
    band: Cow<'a, str>,
    coverage: Option<f64>,
    previous: Option<Previous>,
    trend: Trend,
    #[serde(borrow)]
    drivers: Vec<Driver<'a>>,
    #[serde(borrow)]
    alerts: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    attributes: Attributes<'a>,
    #[serde(borrow)]
    model: ModelRef<'a>,
}

#[derive(Debug, Deserialize)]
struct Previous {
    score: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Trend {
    #[serde(rename = "7d")]
    days_7: Option<f64>,
    #[serde(rename = "28d")]
    days_28: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Driver<'a> {
    #[serde(borrow)]
    indicator: Cow<'a, str>,
    change: Option<f64>,
}

/// Only texts are segments, plans and owners, and only a number is a value.
#[derive(Debug, Deserialize)]
struct Attributes<'a> {
    #[serde(borrow, default)]
    segment: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    plan: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    owner: Option<Attribute<'a>>,
    #[serde(borrow, default)]
    value: Option<Attribute<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Attribute<'a> {
    Number(f64),
    Text(#[serde(borrow)] Cow<'a, str>),
    Truth(#[allow(dead_code, reason = "any other type than these two is none")] bool),
}

#[derive(Debug, Deserialize)]
struct ModelRef<'a> {
    #[serde(borrow)]
    version: Cow<'a, str>,
}

/// See [`crate::domain::output::AlertChanged`].
#[derive(Debug, Deserialize)]
pub struct Alert<'a> {
    #[serde(borrow)]
    alert: Cow<'a, str>,
    #[serde(borrow)]
    severity: Cow<'a, str>,
    #[serde(borrow)]
    since: Cow<'a, str>,
    #[serde(borrow)]
    attributes: Attributes<'a>,
}

impl Alert<'_> {
    pub fn segment(&self) -> Option<&str> {
        self.attributes.segment.as_ref()?.text()
    }
}

impl Score<'_> {
    pub fn segment(&self) -> Option<&str> {
        self.attributes.segment.as_ref()?.text()
    }

    pub fn model_version(&self) -> &str {
        &self.model.version
    }

    /// What it says to the table. `of` is the output that it was read from.
    pub fn update<'a>(&'a self, of: &Output<'a>) -> Update<'a> {
        let known = |number: Option<f64>| number.unwrap_or(f64::NAN);
        let text = |attribute: &'a Option<Attribute<'_>>| attribute.as_ref().and_then(Attribute::text);
        let drivers = self.drivers.iter();
        let drivers = drivers.map(|driver| (driver.indicator.as_ref(), driver.change.unwrap_or_default()));
        Update {
            account: of.subject,
            offset: of.log_offset,
            as_of: Timestamp::parse_rfc3339(&self.as_of),
            score: known(self.score),
            coverage: self.coverage.unwrap_or_default(),
            band: Band::ALL
                .into_iter()
                .find(|band| band.as_str() == self.band)
                .unwrap_or_default(),
            trends: [known(self.trend.days_7), known(self.trend.days_28)],
            segment: text(&self.attributes.segment),
            plan: text(&self.attributes.plan),
            owner: text(&self.attributes.owner),
            value: match self.attributes.value {
                Some(Attribute::Number(value)) => value,
                _ => f64::NAN,
            },
            alerts: self.alerts.iter().map(|rule| (rule.as_ref(), None)).collect(),
            moved: Some(Moved {
                from: known(self.previous.as_ref().and_then(|previous| previous.score)),
                drivers: drivers.collect(),
            }),
        }
    }
}

impl Attribute<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}
