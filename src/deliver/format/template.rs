//! Bodies from templates (Jinja, as minijinja reads it). What is printed is printed as JSON, so that no text of an event can break
//! out of its place; what comes out is checked all the same.

use std::ops::Range;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context, escape_formatter};
use serde_json::Value as Json;
use thiserror::Error;

use super::super::message::Message;
use super::words;

const NAME: &str = "template";

/// Why a template cannot be used, and where in its text.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct TemplateError {
    pub message: String,
    /// In bytes; empty where only the line is known.
    pub span: Option<Range<usize>>,
}

/// A template and what it is given beside the events.
#[derive(Debug)]
pub struct Template {
    environment: Environment<'static>,
    object: String,
    id_field: String,
    /// Names of the target, each with the path of its value in an event's data.
    properties: Vec<(String, String)>,
}

impl Template {
    /// # Errors
    /// When the text is no template, or makes no JSON of an event as all of them are.
    pub fn new(
        text: &str,
        object: &str,
        id_field: &str,
        properties: Vec<(String, String)>,
        samples: &[Message],
    ) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Json);
        // What is not known is null: `data.risk.probability` of an account without a risk.
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_formatter(|out, state, value| match value.is_undefined() {
            true => escape_formatter(out, state, &Value::from(())),
            false => escape_formatter(out, state, value),
        });
        words::add_to(&mut environment);
        let failed = |error: minijinja::Error| TemplateError::of(&error, text);
        environment.add_template_owned(NAME, text.to_owned()).map_err(failed)?;
        let template = Self {
            environment,
            object: object.to_owned(),
            id_field: id_field.to_owned(),
            properties,
        };
        for sample in samples {
            let body = template.render(&[Arc::new(sample.clone())]).map_err(failed)?;
            if let Err(error) = serde_json::from_str::<Json>(&body) {
                let message = format!("of a {} it makes what is no JSON: {error}:\n{body}", sample.event_type);
                return Err(TemplateError { message, span: None });
            }
        }
        Ok(template)
    }

    /// # Errors
    /// When the template fails, or what it makes is no JSON.
    pub fn body(&self, messages: &[Arc<Message>]) -> Result<Vec<u8>, String> {
        let body = self
            .render(messages)
            .map_err(|error| format!("the template failed: {error}"))?;
        match serde_json::from_str::<serde::de::IgnoredAny>(&body) {
            Ok(_) => Ok(body.into_bytes()),
            Err(error) => Err(format!("the template made no JSON: {error}")),
        }
    }

    fn render(&self, messages: &[Arc<Message>]) -> Result<String, minijinja::Error> {
        let events: Vec<Value> = messages.iter().map(|message| self.event(message)).collect();
        let (object, id_field) = (&self.object, &self.id_field);
        let event = events.last().cloned().unwrap_or_default();
        let template = self.environment.get_template(NAME)?;
        template.render(context! { event, events, object, id_field })
    }

    fn event(&self, message: &Message) -> Value {
        let data: Json = serde_json::from_slice(&message.value).unwrap_or_default();
        let property =
            |(name, path): &(String, String)| (Value::from(name.as_str()), Value::from(Serde(at(&data, path))));
        let properties = Properties(self.properties.iter().map(property).collect());
        let texts = [
            ("id", &message.id),
            ("type", &message.event_type),
            ("source", &message.source),
            ("subject", &message.subject),
            ("time", &message.time),
        ];
        let texts = texts.map(|(name, text)| (name, Value::from(text.as_str())));
        let rest = [
            ("data", Value::from(Serde(&data))),
            ("properties", Value::from_object(properties)),
        ];
        Value::from_pairs(texts.into_iter().chain(rest))
    }
}

/// Names and values in the order of the settings.
#[derive(Debug)]
struct Properties(Vec<(Value, Value)>);

impl Object for Properties {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let found = self.0.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> minijinja::value::Enumerator {
        minijinja::value::Enumerator::Values(self.0.iter().map(|(name, _)| name.clone()).collect())
    }
}

/// What stands at a path such as `trend.7d` or `drivers.0.indicator`; null where there is nothing.
fn at<'j>(data: &'j Json, path: &str) -> &'j Json {
    let mut found = data;
    for step in path.split('.') {
        found = match step.parse::<usize>() {
            Ok(index) if found.is_array() => &found[index],
            _ => &found[step],
        };
    }
    found
}

impl TemplateError {
    fn of(error: &minijinja::Error, text: &str) -> Self {
        let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        let line = error.line().map(|line| line_span(text, line));
        Self {
            message: format!("{}{detail}", error.kind()),
            span: error.range().or(line),
        }
    }
}

/// The line without its indentation; lines count from 1.
fn line_span(text: &str, line: usize) -> Range<usize> {
    let mut start = 0;
    for (index, content) in text.split_inclusive('\n').enumerate() {
        if index + 1 == line {
            let indent = content.len() - content.trim_start().len();
            return start + indent..start + content.trim_end().len().max(indent);
        }
        start += content.len();
    }
    start..start
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::super::samples;
    use super::*;
    use crate::deliver::kind::Kind;

    fn template(text: &str, kind: Kind) -> Result<Template, TemplateError> {
        let own = |(name, path): &(&str, &str)| ((*name).to_owned(), (*path).to_owned());
        let properties = kind.properties().iter().map(own).collect();
        Template::new(text, kind.object(), kind.id_field(), properties, &samples())
    }

    fn shipped(kind: Kind) -> Template {
        template(kind.template().unwrap(), kind).unwrap_or_else(|error| panic!("{kind:?}: {error}"))
    }

    fn pretty(body: &[u8]) -> String {
        let json: Json = serde_json::from_slice(body).unwrap();
        serde_json::to_string_pretty(&json).unwrap()
    }

    /// What an output of each type looks like.
    fn shown(kind: Kind) -> String {
        let template = shipped(kind);
        samples().into_iter().fold(String::new(), |mut shown, sample| {
            let event_type = sample.event_type.clone();
            let body = template.body(&[Arc::new(sample)]).unwrap();
            writeln!(shown, "{event_type}\n{}", pretty(&body)).unwrap();
            shown
        })
    }

    #[test]
    fn slack_is_told_what_happened_and_what_to_do() {
        insta::assert_snapshot!(shown(Kind::Slack));
    }

    #[test]
    fn teams_gets_a_card() {
        insta::assert_snapshot!(shown(Kind::Teams));
    }

    /// Of two accounts, the second with a score that is not known.
    fn two() -> Vec<Arc<Message>> {
        let mut second = samples().swap_remove(0);
        second.subject = "acc \"2\"".to_owned();
        let value = String::from_utf8(second.value).unwrap();
        second.value = value
            .replace("61.4", "null")
            .replace(r#"{"probability":0.18,"horizon":"30d","drivers":[]}"#, "null")
            .into();
        vec![Arc::new(samples().swap_remove(0)), Arc::new(second)]
    }

    #[test]
    fn records_of_a_crm_go_out_in_batches() {
        for kind in [Kind::Hubspot, Kind::Salesforce] {
            let body = shipped(kind).body(&two()).unwrap();
            insta::assert_snapshot!(format!("{kind:?}"), pretty(&body));
        }
    }

    #[test]
    fn what_an_event_holds_cannot_break_out_of_its_place() {
        let mut sample = samples().swap_remove(1);
        sample.subject = "\"}, \"text\": \"<!channel> & more".to_owned();
        let body = shipped(Kind::Slack).body(&[Arc::new(sample)]).unwrap();
        let json: Json = serde_json::from_slice(&body).unwrap();
        assert!(
            json["text"].as_str().unwrap().contains("&lt;!channel&gt; &amp; more"),
            "{json}"
        );
        assert_eq!(json.as_object().unwrap().len(), 2);
    }

    #[test]
    fn what_is_not_known_is_null() {
        let template = template(
            "{\"a\": {{ event.data.no.such.thing }}, \"b\": {{ event.data.trend[\"28d\"] }}}",
            Kind::Template,
        );
        let body = template.unwrap().body(&[Arc::new(samples().swap_remove(0))]).unwrap();
        assert_eq!(String::from_utf8(body).unwrap(), r#"{"a": null, "b": null}"#);
    }

    #[test]
    fn a_mistake_is_found_at_its_place_before_anything_is_sent() {
        for (text, part, expected) in [
            ("{\"a\": {{ event.id }\n}", "}\n", "syntax"),
            (
                "{\n\"a\": {{ event.id | no_such_filter }}\n}",
                "no_such_filter",
                "no_such_filter",
            ),
        ] {
            let error = template(text, Kind::Template).unwrap_err();
            let span = error.span.unwrap_or_else(|| panic!("{text}: no place"));
            let line = |at: usize| text[..at].matches('\n').count();
            assert_eq!(line(span.start), line(text.find(part).unwrap()), "{text}");
            assert!(error.message.contains(expected), "{}", error.message);
        }
        let error = template("{\"a\": \"{{ event.id }}\"}", Kind::Template).unwrap_err();
        assert!(error.message.contains("no JSON"), "{}", error.message);
    }
}
