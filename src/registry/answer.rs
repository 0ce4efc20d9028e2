//! What the registry says of a schema, and of one that it does not have.

use reqwest::StatusCode;
use serde::Deserialize;

use super::client::Failure;

/// `GET /schemas/ids/{id}` and `GET /subjects/{subject}/versions/{version}`.
#[derive(Debug, Deserialize)]
pub struct Answer {
    pub schema: String,
    #[serde(rename = "schemaType", default)]
    pub schema_type: SchemaType,
    /// `null` at some registries.
    references: Option<Vec<Reference>>,
}

impl Answer {
    /// # Errors
    /// When there is no schema in it.
    pub fn of(status: StatusCode, body: &[u8]) -> Result<Self, Failure> {
        match status {
            StatusCode::OK => serde_json::from_slice(body)
                .map_err(|error| Failure::Away(format!("the answer is none of a schema registry: {error}"))),
            StatusCode::NOT_FOUND if is_unknown(body) => Err(Failure::Unknown),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Failure::Away(format!(
                "{status}: see schema_registry.username and schema_registry.token"
            ))),
            StatusCode::NOT_FOUND => Err(Failure::Away(format!(
                "{status}, and not in a registry's words: is schema_registry.url the root of its API?"
            ))),
            _ => Err(Failure::Away(status.to_string())),
        }
    }

    pub fn references(&self) -> &[Reference] {
        self.references.as_deref().unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SchemaType {
    /// What is meant where nothing is said.
    #[default]
    Avro,
    Protobuf,
    Json,
}

/// A schema that another one uses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Reference {
    /// As the other one calls it: a full name in Avro, a path in Protobuf.
    pub name: String,
    pub subject: String,
    pub version: i64,
}

/// The body of an answer other than 200.
#[derive(Debug, Deserialize)]
struct Refusal {
    error_code: i64,
}

/// Whether a 404 is the registry's own: without its error code it may come from anything between here and there.
fn is_unknown(body: &[u8]) -> bool {
    let refusal: Option<Refusal> = serde_json::from_slice(body).ok();
    // 40401 is the subject, 40402 the version, 40403 the schema.
    refusal.is_some_and(|refusal| (40401..=40403).contains(&refusal.error_code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_registry_itself_can_say_that_it_knows_nothing() {
        assert!(is_unknown(br#"{"error_code":40403,"message":"Schema 7 not found"}"#));
        assert!(!is_unknown(br#"{"error_code":404,"message":"HTTP 404 Not Found"}"#));
        assert!(!is_unknown(b"<html>no such page</html>"));
    }

    #[test]
    fn a_schema_without_a_type_is_avro() {
        let answer: Answer = serde_json::from_str(r#"{"schema":"\"int\"","references":null}"#).unwrap();
        assert_eq!((answer.schema_type, answer.references().len()), (SchemaType::Avro, 0));
    }
}
