//! Debezium's envelope around a row of a database: <https://debezium.io/documentation/reference/stable/connectors/postgresql.html>.
//!
//! A row that was inserted, changed or read in a snapshot is the record; what happened to it stands beside its columns, under the
//! names that Debezium's own `ExtractNewRecordState` gives: `__op`, `__ts_ms`, `__table`, `__source_ts_ms`.

use serde_json::{Map, Value as Json};

use super::refusal::Refusal;

/// What becomes of a row that was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deletes {
    /// It is passed over, and counted.
    #[default]
    Skip,
    /// The row as it was before is the record, with `__op` = `d`.
    Event,
}

impl Deletes {
    pub const ALL: [(&'static str, Self); 2] = [("skip", Self::Skip), ("event", Self::Event)];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Event => "event",
        }
    }
}

/// The row; `None` for what is no change of a row, or a deletion that is passed over.
///
/// # Errors
/// When this is no such envelope.
pub fn row(record: Json, deletes: Deletes) -> Result<Option<Json>, Refusal> {
    let Json::Object(mut envelope) = without_schema(record)? else {
        return Err(Refusal::Debezium("it is no object"));
    };
    let side = match envelope.get("op").and_then(Json::as_str) {
        Some("c" | "r" | "u") => "after",
        Some("d") if deletes == Deletes::Event => "before",
        // A deletion, a truncation, or a message of the database's log.
        Some("d" | "t" | "m") => return Ok(None),
        Some(_) => return Err(Refusal::Debezium("its `op` is none that is known")),
        None => return Err(Refusal::Debezium("it has no `op`")),
    };
    let Some(Json::Object(mut row)) = envelope.remove(side) else {
        return Err(Refusal::Debezium(match side {
            "after" => "it has no row in `after`",
            _ => "it has no row in `before`: the database does not tell what it deletes",
        }));
    };
    annotate(&mut row, envelope);
    Ok(Some(Json::Object(row)))
}

/// The JSON converter of Kafka Connect writes a schema beside each record.
fn without_schema(record: Json) -> Result<Json, Refusal> {
    let Json::Object(mut members) = record else {
        return Ok(record);
    };
    if !members.contains_key("schema") || members.contains_key("op") {
        return Ok(Json::Object(members));
    }
    match members.remove("payload") {
        // What a tombstone becomes with a schema around it.
        Some(Json::Null) => Err(Refusal::Tombstone),
        Some(payload) => Ok(payload),
        None => Ok(Json::Object(members)),
    }
}

fn annotate(row: &mut Map<String, Json>, mut envelope: Map<String, Json>) {
    let mut source = match envelope.remove("source") {
        Some(Json::Object(source)) => source,
        _ => Map::new(),
    };
    for (name, value) in [
        ("__op", envelope.remove("op")),
        ("__ts_ms", envelope.remove("ts_ms")),
        ("__table", source.remove("table")),
        ("__source_ts_ms", source.remove("ts_ms")),
    ] {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            row.insert(name.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(op: &str, before: Json, after: Json) -> Json {
        json!({"op": op, "before": before, "after": after, "ts_ms": 1_772_442_927_500_i64, "transaction": null,
            "source": {"connector": "postgresql", "table": "orders", "ts_ms": 1_772_442_927_104_i64}})
    }

    fn expected(op: &str, id: i64) -> Json {
        json!({"id": id, "__op": op, "__ts_ms": 1_772_442_927_500_i64, "__table": "orders", "__source_ts_ms": 1_772_442_927_104_i64})
    }

    #[test]
    fn a_change_is_the_row_that_it_left() {
        let (one, two) = (json!({"id": 1}), json!({"id": 2}));
        for (op, before) in [("c", Json::Null), ("r", Json::Null), ("u", one)] {
            let bare = change(op, before, two.clone());
            assert_eq!(row(bare.clone(), Deletes::Skip), Ok(Some(expected(op, 2))));
            let with_schema = json!({"schema": {"type": "struct"}, "payload": bare});
            assert_eq!(row(with_schema, Deletes::Skip), Ok(Some(expected(op, 2))));
        }
    }

    #[test]
    fn a_deletion_is_passed_over_or_the_row_that_was() {
        let deletion = change("d", json!({"id": 1}), Json::Null);
        assert_eq!(row(deletion.clone(), Deletes::Skip), Ok(None));
        assert_eq!(row(deletion, Deletes::Event), Ok(Some(expected("d", 1))));
        let untold = change("d", Json::Null, Json::Null);
        assert!(matches!(row(untold, Deletes::Event), Err(Refusal::Debezium(_))));
        for op in ["t", "m"] {
            assert_eq!(row(change(op, Json::Null, Json::Null), Deletes::Event), Ok(None));
        }
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for record in [
            json!([1]),
            json!({"id": 1}),
            change("x", json!({}), json!({})),
            change("u", json!({}), json!(3)),
        ] {
            assert!(
                matches!(row(record.clone(), Deletes::Event), Err(Refusal::Debezium(_))),
                "{record}"
            );
        }
        assert_eq!(
            row(json!({"schema": {}, "payload": null}), Deletes::Skip),
            Err(Refusal::Tombstone)
        );
    }
}
