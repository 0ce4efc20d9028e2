//! `[deliver.NAME]`: targets that outputs are sent to.

mod address;
mod lists;
mod template;
mod wanted;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::deliver::filter::{Filter, OutputType};
use crate::deliver::format::alertmanager::LabelSettings;
use crate::deliver::kind::Kind;
use crate::document::Problem;
use crate::domain::time::DAY_MS;

use self::lists::{names, texts};
use super::reader::Reader;
use super::sections::{MINUTE_MS, SECOND_MS};
use super::value::{Millis, Secret};

const YEAR_MS: i64 = 366 * DAY_MS;

/// Where a target begins that was never sent anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With what is written from now on.
    Now,
    /// With everything that the topic holds.
    Beginning,
}

/// `[deliver.NAME]`.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// A metric label, and part of the consumer group's name.
    #[serde(skip)]
    pub name: String,
    pub kind: Kind,
    pub url: Secret,
    /// PEM: an authority of the target's certificate beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Sent as a bearer token, or as it is in the header `token_header`.
    pub token: Option<Secret>,
    /// Where the token is read again when the target does not accept it.
    #[serde(skip)]
    pub token_file: Option<PathBuf>,
    pub token_header: Option<String>,
    pub username: Option<String>,
    pub password: Option<Secret>,
    /// What signs requests; and the one before, while receivers change over.
    pub secret: Option<Secret>,
    pub previous_secret: Option<Secret>,
    pub template_file: Option<PathBuf>,
    /// The template itself, shipped or from the file.
    #[serde(skip)]
    pub template: String,
    pub object: String,
    pub id_field: String,
    #[serde(flatten)]
    pub filter: Filter,
    pub start: Start,
    pub timeout: Millis,
    /// Requests at the same time.
    pub concurrency: usize,
    /// 0 is no limit.
    pub requests_per_second: u32,
    /// Accounts in a request.
    pub batch: usize,
    pub batch_wait: Millis,
    /// Messages that are held here at most, waiting or failing.
    pub waiting: usize,
    pub retry_first: Millis,
    pub retry_most: Millis,
    pub give_up_after: Millis,
    /// How far ahead an open alert ends at Alertmanager, and how often it is sent again.
    pub hold: Millis,
    pub resend: Millis,
    pub headers: BTreeMap<String, String>,
    #[serde(serialize_with = "pairs")]
    pub properties: Vec<(String, String)>,
    #[serde(flatten)]
    pub labels: LabelSettings,
}

fn pairs<S: serde::Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

/// By name.
pub(super) fn read_all(mut section: Reader<'_, '_>) -> BTreeMap<String, Target> {
    let mut targets = BTreeMap::new();
    for name in section.table.keys() {
        if !section.table.is_table(name) {
            continue;
        }
        let place = section.table.place_of_key(name);
        if let Some(place) = place.filter(|_| !is_name(name)) {
            let problem = Problem::new(format!("\"{name}\" is no name for a target"), place);
            let help =
                "use 1 to 40 lower-case letters, digits, `_` and `-`: it is a metric label and part of a group's name";
            section.table.report(problem.help(help));
        }
        if let Some(target) = Target::read(name, section.section(name)) {
            targets.insert(name.to_owned(), target);
        }
    }
    section.finish();
    targets
}

fn is_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    (1..=40).contains(&name.len()) && name.bytes().all(legal)
}

impl Target {
    fn read(name: &str, mut section: Reader<'_, '_>) -> Option<Self> {
        let kind = section.table.choice("kind", &Kind::ALL).map(|placed| placed.value);
        if !section.table.has("kind") {
            let kinds = Kind::ALL.map(|(kind, _)| kind).join(", ");
            section.table.missing("kind", &format!("choose one of {kinds}"));
        }
        // What else is wrong is said all the same.
        let kind_or = kind.unwrap_or(Kind::Webhook);
        let object = section.text("object", kind_or.object());
        let id_field = section.text("id_field", kind_or.id_field());
        let url = address::url(&mut section);
        let properties = template::properties(&mut section, kind_or);
        let (template_file, template) = template::template(&mut section, kind_or, &object, &id_field, &properties);
        let token = section.secret("token");
        let token_file = token.as_ref().and_then(|_| section.file("token_file"));
        let target = Self {
            name: name.to_owned(),
            kind: kind_or,
            url: url.unwrap_or_else(|| Secret::new("")),
            ca_file: section.file("ca_file"),
            token,
            token_file,
            token_header: address::header_name(&mut section),
            username: section.optional_text("username"),
            password: section.secret("password"),
            secret: address::signing_secret(&mut section, "secret"),
            previous_secret: address::signing_secret(&mut section, "previous_secret"),
            template_file,
            template,
            object,
            id_field,
            filter: wanted::filter(&mut section, kind_or),
            start: section.choice(
                "start",
                &[("now", Start::Now), ("beginning", Start::Beginning)],
                Start::Now,
            ),
            timeout: section.millis("timeout", 100..=5 * MINUTE_MS, 10 * SECOND_MS),
            concurrency: section.integer("concurrency", 1..=256, 4),
            requests_per_second: section.integer("requests_per_second", 0..=10_000, kind_or.requests_per_second()),
            batch: section.integer("batch", 1..=10_000, kind_or.batch()),
            batch_wait: section.millis("batch_wait", 0..=10 * MINUTE_MS, kind_or.batch_wait()),
            waiting: section.integer("waiting", 1..=1_000_000, 1_000),
            retry_first: section.millis("retry_first", 10..=60 * MINUTE_MS, SECOND_MS),
            retry_most: section.millis("retry_most", 10..=DAY_MS, 5 * MINUTE_MS),
            give_up_after: section.millis("give_up_after", 0..=YEAR_MS, DAY_MS),
            hold: section.millis("hold", 10 * MINUTE_MS..=10 * YEAR_MS, 90 * DAY_MS),
            resend: section.millis("resend", SECOND_MS..=DAY_MS, MINUTE_MS),
            headers: address::headers(&mut section),
            properties,
            labels: LabelSettings {
                attributes: names(&mut section, "label_attributes")
                    .unwrap_or_else(|| vec!["segment".to_owned(), "owner".to_owned()]),
                constant: texts(&mut section, "labels"),
            },
        };
        target.check(&mut section);
        section.finish();
        kind.is_some().then_some(target)
    }

    /// What does not go together.
    fn check(&self, section: &mut Reader<'_, '_>) {
        let has_secret = section.table.has("secret") || section.table.has("secret_file");
        if self.kind == Kind::Webhook && !has_secret {
            let help = "name a file with `secret_file`, which holds `whsec_` and the base64 of 24 to 64 random bytes: \
                        receivers know by it that a message is ours";
            section.table.missing("secret_file", help);
        }
        let has_template = self.kind == Kind::Template || self.kind.template().is_some();
        if section.table.has("template_file") && !has_template {
            let help = "leave `template_file` out, or write kind = \"template\"";
            self.wrong(
                section,
                "template_file",
                "what this kind sends is made without a template",
                help,
            );
        }
        let has_token = section.table.has("token") || section.table.has("token_file");
        if has_token && section.table.has("username") {
            self.wrong(
                section,
                "username",
                "both a token and a user are set",
                "keep one of them",
            );
        }
        let single = has_secret || self.kind == Kind::Webhook;
        if single && self.batch > 1 {
            self.wrong(
                section,
                "batch",
                "a signed request holds one message",
                "leave `batch` out",
            );
        }
        let wants_only_alerts = |output: &OutputType| OutputType::ALERTS.contains(output);
        if self.kind == Kind::Alertmanager && !self.filter.outputs.iter().all(wants_only_alerts) {
            self.wrong(
                section,
                "outputs",
                "an Alertmanager takes alerts alone",
                "leave `outputs` out",
            );
        }
        if self.kind.is_upsert() && self.template_file.is_none() && self.filter.outputs != [OutputType::Score] {
            let help = "leave `outputs` out, or write a template of your own for the others";
            self.wrong(section, "outputs", "the template writes scores alone", help);
        }
    }

    fn wrong(&self, section: &Reader<'_, '_>, key: &str, message: &str, help: &str) {
        let place = section.table.place_of(key).unwrap_or_else(|| section.table.place());
        section.table.report(Problem::new(message, place).help(help));
    }

    /// Where requests go.
    pub fn full_url(&self) -> String {
        let path = self.kind.path(&self.object, &self.id_field);
        match path.as_str() {
            "" => self.url.expose().to_owned(),
            path => format!("{}/{path}", self.url.expose().trim_end_matches('/')),
        }
    }
}
