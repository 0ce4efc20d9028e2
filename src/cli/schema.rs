//! `pulsewatch schema`: what the outputs look like, as checked in under `schemas/`.

use clap::{Args, ValueEnum};

use super::Failure;

/// Prints the JSON Schema of an output, as checked in
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pulsewatch schema score")]
pub struct Arguments {
    #[arg(value_enum)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// pulsewatch.score.updated.v1
    Score,
    /// pulsewatch.alert.opened.v1, .updated.v1 and .resolved.v1
    Alert,
}

impl Output {
    const fn schema(self) -> &'static str {
        match self {
            Self::Score => include_str!("../../schemas/score.updated.v1.json"),
            Self::Alert => include_str!("../../schemas/alert.v1.json"),
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    anstream::print!("{}", arguments.output.schema());
    Ok(())
}

#[cfg(test)]
mod tests {
    use schemars::{JsonSchema, generate::SchemaSettings};
    use serde_json::Value;

    use super::*;
    use crate::domain::output::{AlertChanged, ScoreUpdated};

    /// The schema of what is written: an output always has every field, unless it says otherwise.
    fn generated<T: JsonSchema>(id: &str) -> Value {
        let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
        let mut schema = generator.into_root_schema_for::<T>();
        schema.insert("$id".to_owned(), Value::from(format!("urn:pulsewatch:schema:{id}")));
        schema.to_value()
    }

    #[test]
    fn the_schemas_checked_in_are_those_of_the_types() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
        for (output, file, schema) in [
            (
                Output::Score,
                "score.updated.v1.json",
                generated::<ScoreUpdated<'_>>("score.updated.v1"),
            ),
            (
                Output::Alert,
                "alert.v1.json",
                generated::<AlertChanged<'_>>("alert.v1"),
            ),
        ] {
            let text = format!("{schema:#}\n");
            if std::env::var_os("PULSEWATCH_WRITE_SCHEMAS").is_some() {
                std::fs::write(format!("{folder}/{file}"), &text).unwrap();
            } else {
                assert_eq!(
                    output.schema(),
                    text,
                    "{file}; PULSEWATCH_WRITE_SCHEMAS=1 cargo test writes it anew"
                );
            }
        }
    }
}
