//! Kinds of targets, and what goes without saying for each.

use reqwest::Method;
use serde::Serialize;

use super::filter::OutputType;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Webhook,
    Alertmanager,
    Slack,
    Teams,
    Hubspot,
    Salesforce,
    /// A template of the user's own.
    Template,
}

impl Kind {
    pub const ALL: [(&'static str, Self); 7] = [
        ("webhook", Self::Webhook),
        ("alertmanager", Self::Alertmanager),
        ("slack", Self::Slack),
        ("teams", Self::Teams),
        ("hubspot", Self::Hubspot),
        ("salesforce", Self::Salesforce),
        ("template", Self::Template),
    ];

    /// The shipped template.
    pub const fn template(self) -> Option<&'static str> {
        match self {
            Self::Slack => Some(include_str!("format/templates/slack.jinja")),
            Self::Teams => Some(include_str!("format/templates/teams.jinja")),
            Self::Hubspot => Some(include_str!("format/templates/hubspot.jinja")),
            Self::Salesforce => Some(include_str!("format/templates/salesforce.jinja")),
            Self::Webhook | Self::Alertmanager | Self::Template => None,
        }
    }

    pub const fn method(self) -> Method {
        match self {
            Self::Salesforce => Method::PATCH,
            _ => Method::POST,
        }
    }

    /// Records of a CRM: of several values of an account only the newest matters.
    pub const fn is_upsert(self) -> bool {
        matches!(self, Self::Hubspot | Self::Salesforce)
    }

    /// Accounts in a request: as many as the interface takes.
    pub const fn batch(self) -> usize {
        match self {
            Self::Webhook | Self::Slack | Self::Teams | Self::Template => 1,
            Self::Alertmanager | Self::Hubspot => 100,
            Self::Salesforce => 200,
        }
    }

    /// For how long a batch gathers, in milliseconds.
    pub const fn batch_wait(self) -> i64 {
        match self {
            Self::Hubspot | Self::Salesforce => 5_000,
            _ => 0,
        }
    }

    /// Requests a second; 0 is no limit.
    pub const fn requests_per_second(self) -> u32 {
        match self {
            // An incoming webhook takes one a second.
            Self::Slack => 1,
            Self::Teams => 2,
            // A private app takes 100 in 10 s.
            Self::Hubspot => 8,
            Self::Salesforce => 5,
            Self::Webhook | Self::Alertmanager | Self::Template => 0,
        }
    }

    pub fn outputs(self) -> Vec<OutputType> {
        match self {
            Self::Webhook | Self::Template => OutputType::ALL.map(|(_, output)| output).into(),
            Self::Alertmanager => OutputType::ALERTS.into(),
            Self::Slack | Self::Teams => vec![OutputType::AlertOpened, OutputType::AlertResolved],
            Self::Hubspot | Self::Salesforce => vec![OutputType::Score],
        }
    }

    /// Names in the CRM, and where their values stand in a score.
    pub const fn properties(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Hubspot => &[
                ("pulsewatch_score", "score"),
                ("pulsewatch_band", "band"),
                ("pulsewatch_change_7d", "trend.7d"),
                ("pulsewatch_churn_risk", "risk.probability"),
                ("pulsewatch_driver", "drivers.0.indicator"),
                ("pulsewatch_as_of", "as_of"),
            ],
            Self::Salesforce => &[
                ("Pulsewatch_Score__c", "score"),
                ("Pulsewatch_Band__c", "band"),
                ("Pulsewatch_Change_7d__c", "trend.7d"),
                ("Pulsewatch_Churn_Risk__c", "risk.probability"),
                ("Pulsewatch_Driver__c", "drivers.0.indicator"),
                ("Pulsewatch_As_Of__c", "as_of"),
            ],
            _ => &[],
        }
    }

    pub const fn object(self) -> &'static str {
        match self {
            Self::Hubspot => "companies",
            Self::Salesforce => "Account",
            _ => "",
        }
    }

    pub const fn id_field(self) -> &'static str {
        match self {
            Self::Hubspot => "pulsewatch_account",
            Self::Salesforce => "Pulsewatch_Account__c",
            _ => "",
        }
    }

    /// Where requests go, from the address of the settings on.
    pub fn path(self, object: &str, id_field: &str) -> String {
        match self {
            Self::Alertmanager => "api/v2/alerts".to_owned(),
            Self::Hubspot => format!("crm/v3/objects/{object}/batch/upsert"),
            Self::Salesforce => format!("services/data/v62.0/composite/sobjects/{object}/{id_field}"),
            Self::Webhook | Self::Slack | Self::Teams | Self::Template => String::new(),
        }
    }
}
