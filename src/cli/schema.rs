//! `pulsewatch schema`: what outputs, model files and their test cases look like, as checked in under `schemas/`.

use clap::{Args, ValueEnum};

use super::Failure;

/// Prints the JSON Schema of an output, of a model file or of its test cases, or the API's OpenAPI document, as checked in
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pulsewatch schema score\n  pulsewatch schema model > model.json")]
pub struct Arguments {
    #[arg(value_enum)]
    of: Subject,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// pulsewatch.score.updated.v1
    Score,
    /// pulsewatch.alert.opened.v1, .updated.v1 and .resolved.v1
    Alert,
    /// pulsewatch.segment.updated.v1
    Segment,
    /// A model file (TOML), for editors
    Model,
    /// A file of a model's test cases (TOML), for editors
    ModelTest,
    /// The HTTP API, as OpenAPI
    Openapi,
}

impl Subject {
    const fn schema(self) -> &'static str {
        match self {
            Self::Score => include_str!("../../schemas/score.updated.v1.json"),
            Self::Alert => include_str!("../../schemas/alert.v1.json"),
            Self::Segment => include_str!("../../schemas/segment.updated.v1.json"),
            Self::Model => include_str!("../../schemas/model.json"),
            Self::ModelTest => include_str!("../../schemas/model-test.json"),
            Self::Openapi => include_str!("../../schemas/openapi.json"),
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    anstream::print!("{}", arguments.of.schema());
    Ok(())
}

#[cfg(test)]
mod tests {
    use schemars::{JsonSchema, Schema, generate::SchemaSettings};
    use serde_json::Value;

    use super::*;
    use crate::cases::schema::CaseFile;
    use crate::domain::output::{Alert, ScoreUpdated, SegmentUpdated};
    use crate::model::schema;

    /// The schema of what is written: an output always has every field, unless it says otherwise.
    fn written<T: JsonSchema>(id: &str) -> Value {
        let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
        named(id, generator.into_root_schema_for::<T>())
    }

    fn named(id: &str, mut schema: Schema) -> Value {
        schema.insert("$id".to_owned(), Value::from(format!("urn:pulsewatch:schema:{id}")));
        schema.to_value()
    }

    #[test]
    fn every_schema_says_in_which_direction_scores_go() {
        for subject in Subject::value_variants() {
            assert!(subject.schema().contains("100 is healthy"), "{subject:?}");
        }
    }

    #[test]
    fn the_schemas_checked_in_are_those_of_the_types() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
        for (subject, file, schema) in [
            (
                Subject::Score,
                "score.updated.v1.json",
                written::<ScoreUpdated<'_>>("score.updated.v1"),
            ),
            (Subject::Alert, "alert.v1.json", written::<Alert<'_>>("alert.v1")),
            (
                Subject::Segment,
                "segment.updated.v1.json",
                written::<SegmentUpdated<'_>>("segment.updated.v1"),
            ),
            (
                Subject::Model,
                "model.json",
                named("model", schema::generate::<schema::ModelFile>()),
            ),
            (
                Subject::ModelTest,
                "model-test.json",
                named("model-test", schema::generate::<CaseFile>()),
            ),
        ] {
            let text = format!("{schema:#}\n");
            if std::env::var_os("PULSEWATCH_WRITE_SCHEMAS").is_some() {
                std::fs::write(format!("{folder}/{file}"), &text).unwrap();
            } else {
                assert_eq!(
                    subject.schema(),
                    text,
                    "{file}; PULSEWATCH_WRITE_SCHEMAS=1 cargo test writes it anew"
                );
            }
        }
    }
}
