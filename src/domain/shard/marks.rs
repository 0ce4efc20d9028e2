//! Which models a shard has had, and since when: marks beside the history of its accounts' scores.

use serde::Serialize;

use crate::{
    domain::{
        codec::{CodecError, Reader, put_text, put_varint, put_zigzag},
        time::Timestamp,
    },
    model::Model,
};

/// Older ones are forgotten: the scores that they made are so, too, unless somebody changes the model every few days.
const KEPT: usize = 32;

/// A model that came into force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelMark {
    /// The shard's clock at that place of the log; null when it had none yet.
    pub since: Option<Timestamp>,
    pub name: String,
    pub version: String,
    /// The wall clock of whoever wrote the entry.
    #[serde(skip)]
    pub written: Timestamp,
}

/// The models of a shard, the oldest first; the last one is in force.
#[derive(Clone, Debug, Default)]
pub struct ModelMarks(Vec<ModelMark>);

impl ModelMarks {
    pub fn as_slice(&self) -> &[ModelMark] {
        &self.0
    }

    pub(super) fn add(&mut self, model: &Model, since: Option<Timestamp>, written: Timestamp) {
        if self.0.len() == KEPT {
            self.0.remove(0);
        }
        self.0.push(ModelMark {
            since,
            name: model.name.clone(),
            version: model.version.clone(),
            written,
        });
    }

    /// The model in force was activated once more.
    pub(super) fn confirm(&mut self, written: Timestamp) {
        if let Some(last) = self.0.last_mut() {
            last.written = last.written.max(written);
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.0.len() as u64);
        for mark in &self.0 {
            put_zigzag(out, mark.since.map_or(i64::MIN, Timestamp::millis));
            put_zigzag(out, mark.written.millis());
            put_text(out, &mark.name);
            put_text(out, &mark.version);
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let marks = (0..reader.count()?).map(|_| {
            let since = reader.zigzag()?;
            Ok(ModelMark {
                since: (since != i64::MIN).then_some(Timestamp::from_millis(since)),
                written: Timestamp::from_millis(reader.zigzag()?),
                name: reader.text()?.to_owned(),
                version: reader.text()?.to_owned(),
            })
        });
        marks.collect::<Result<_, _>>().map(Self)
    }
}
