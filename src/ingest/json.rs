//! JSON into a [`Draft`], straight from the parser: no tree in between, text borrowed from the record. Nested objects become
//! dotted names; arrays and nulls are left out.

use std::fmt;

use bumpalo::Bump;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::{
    draft::{Draft, field},
    refusal::Refusal,
};
use crate::domain::decimal::Decimal;
use crate::domain::event::{Kind, Value};

/// Reads one JSON object, and nothing after it, into `draft`.
pub fn read_object<'a>(text: &'a str, draft: &mut Draft<'a>) -> Result<(), Refusal> {
    let mut refusal = None;
    let mut parser = serde_json::Deserializer::from_str(text);
    let object = Object {
        draft,
        refusal: &mut refusal,
        prefix: None,
        depth: 1,
    };
    let read = object.deserialize(&mut parser).and_then(|()| parser.end());
    outcome(refusal, read)
}

fn outcome(refusal: Option<Refusal>, read: serde_json::Result<()>) -> Result<(), Refusal> {
    match (refusal, read) {
        (Some(refusal), _) => Err(refusal),
        (None, Err(error)) => Err(Refusal::Json(error.to_string())),
        (None, Ok(())) => Ok(()),
    }
}

/// Reads a JSON object that was parsed already into `draft`.
pub fn read_tree<'a>(tree: &'a Json, draft: &mut Draft<'a>) -> Result<(), Refusal> {
    let mut refusal = None;
    let object = Object {
        draft,
        refusal: &mut refusal,
        prefix: None,
        depth: 1,
    };
    let read = object.deserialize(tree);
    outcome(refusal, read)
}

/// The whole of a record, no deeper than `depth`.
pub fn parse(text: &str, depth: usize) -> Result<Json, Refusal> {
    check_depth(text, depth)?;
    serde_json::from_str(text).map_err(|error| Refusal::Json(error.to_string()))
}

/// Refuses a tree that is nested deeper than `limit`.
pub fn check_tree_depth(tree: &Json, limit: usize) -> Result<(), Refusal> {
    let mut refusal = None;
    let read = Skip {
        limit,
        depth: 0,
        refusal: &mut refusal,
    }
    .deserialize(tree);
    outcome(refusal, read)
}

/// Refuses what is nested deeper than `limit`, and what is no JSON, before anything recursive sees it.
fn check_depth(text: &str, limit: usize) -> Result<(), Refusal> {
    let mut refusal = None;
    let mut parser = serde_json::Deserializer::from_str(text);
    let read = Skip {
        limit,
        depth: 0,
        refusal: &mut refusal,
    }
    .deserialize(&mut parser);
    outcome(refusal, read)
}

/// A number as the visitor below takes it.
pub fn number<'a>(number: &serde_json::Number, arena: &'a Bump) -> Value<'a> {
    let decimal = match (number.as_i64(), number.as_f64()) {
        (Some(integer), _) => Decimal::from_integer(integer),
        (None, Some(float)) if number.is_f64() => decimal_of(float),
        _ => None,
    };
    number_or_text(decimal, number, arena)
}

/// A number beyond [`Decimal`]'s range (a 64-bit id, say) stays what it was written as.
fn number_or_text(number: Option<Decimal>, written: impl fmt::Display, arena: &Bump) -> Value<'_> {
    match number {
        Some(number) => Value::Number(number),
        None => Value::Text(bumpalo::format!(in arena, "{}", written).into_bump_str()),
    }
}

/// Hands a typed refusal past serde, whose errors are text.
fn refuse<E: Error>(place: &mut Option<Refusal>, refusal: Refusal) -> E {
    *place = Some(refusal);
    E::custom("refused")
}

struct Object<'d, 'a> {
    draft: &'d mut Draft<'a>,
    refusal: &'d mut Option<Refusal>,
    prefix: Option<&'a str>,
    depth: usize,
}

impl<'a> DeserializeSeed<'a> for Object<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Object<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Key {
            arena: self.draft.arena,
            prefix: self.prefix,
        })? {
            if self.draft.kind == Kind::Feedback && key == field::COMMENT {
                // What customers write is never stored, so it is not even looked at.
                map.next_value_seed(Skip {
                    limit: self.draft.limits.depth,
                    depth: self.depth,
                    refusal: self.refusal,
                })?;
                continue;
            }
            let (draft, refusal) = (&mut *self.draft, &mut *self.refusal);
            map.next_value_seed(Member {
                draft,
                refusal,
                key,
                depth: self.depth,
            })?;
        }
        Ok(())
    }
}

/// A member's name, dotted when nested.
struct Key<'a> {
    arena: &'a Bump,
    prefix: Option<&'a str>,
}

impl<'a> Key<'a> {
    fn dotted(&self, prefix: &str, name: &str) -> &'a str {
        let mut key = bumpalo::collections::String::with_capacity_in(prefix.len() + 1 + name.len(), self.arena);
        key.push_str(prefix);
        key.push('.');
        key.push_str(name);
        key.into_bump_str()
    }
}

impl<'a> DeserializeSeed<'a> for Key<'a> {
    type Value = &'a str;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<&'a str, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Key<'a> {
    type Value = &'a str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'a str) -> Result<&'a str, E> {
        Ok(self.prefix.map_or(name, |prefix| self.dotted(prefix, name)))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<&'a str, E> {
        Ok(match self.prefix {
            Some(prefix) => self.dotted(prefix, name),
            None => self.arena.alloc_str(name),
        })
    }
}

/// A member's value.
struct Member<'d, 'a> {
    draft: &'d mut Draft<'a>,
    refusal: &'d mut Option<Refusal>,
    key: &'a str,
    depth: usize,
}

impl<'a> Member<'_, 'a> {
    fn check_may_nest<E: Error>(&mut self) -> Result<(), E> {
        if !field::is_single(self.key) {
            return Ok(());
        }
        let field = self.key.to_owned();
        Err(refuse(
            self.refusal,
            Refusal::Type {
                field,
                expected: "a single value",
            },
        ))
    }

    fn put<E: Error>(self, value: Value<'a>) -> Result<(), E> {
        self.draft
            .put(self.key, value)
            .map_err(|refusal| refuse(self.refusal, refusal))
    }

    fn put_number<E: Error>(self, number: Option<Decimal>, written: impl fmt::Display) -> Result<(), E> {
        let value = number_or_text(number, written, self.draft.arena);
        self.put(value)
    }
}

impl<'a> DeserializeSeed<'a> for Member<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Member<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<(), E> {
        self.put(Value::Text(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let text = self.draft.arena.alloc_str(text);
        self.put(Value::Text(text))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.put(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        let decimal = i64::try_from(number).ok().and_then(Decimal::from_integer);
        self.put_number(decimal, number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.put_number(Decimal::from_integer(number), number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.put_number(decimal_of(number), number)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(mut self, map: A) -> Result<(), A::Error> {
        self.check_may_nest()?;
        let limit = self.draft.limits.depth;
        if self.depth >= limit {
            return Err(refuse(self.refusal, Refusal::Depth { limit }));
        }
        Object {
            draft: self.draft,
            refusal: self.refusal,
            prefix: Some(self.key),
            depth: self.depth + 1,
        }
        .visit_map(map)
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, seq: A) -> Result<(), A::Error> {
        self.check_may_nest()?;
        Skip {
            limit: self.draft.limits.depth,
            depth: self.depth,
            refusal: self.refusal,
        }
        .visit_seq(seq)
    }
}

/// Exact for what was written with up to 15 digits: above some 2 billion a double's own error reaches the sixth decimal
/// place, so that the shortest decimal that it stands for is read instead.
fn decimal_of(number: f64) -> Option<Decimal> {
    const EXACT_BELOW: f64 = 2e9;
    if number.abs() < EXACT_BELOW {
        return Decimal::from_f64(number);
    }
    Decimal::parse(&number.to_string())
}

/// A value at level `depth` that is left out. What is inside it is held to the depth limit all the same.
struct Skip<'d> {
    limit: usize,
    depth: usize,
    refusal: &'d mut Option<Refusal>,
}

impl Skip<'_> {
    /// One level down, into an object or an array.
    fn enter<E: Error>(self) -> Result<Self, E> {
        if self.depth >= self.limit {
            return Err(refuse(self.refusal, Refusal::Depth { limit: self.limit }));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }

    fn again(&mut self) -> Skip<'_> {
        Skip {
            limit: self.limit,
            depth: self.depth,
            refusal: self.refusal,
        }
    }
}

impl<'a> DeserializeSeed<'a> for Skip<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Skip<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let mut inner = self.enter()?;
        while map.next_key::<serde::de::IgnoredAny>()?.is_some() {
            map.next_value_seed(inner.again())?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut inner = self.enter()?;
        while seq.next_element_seed(inner.again())?.is_some() {}
        Ok(())
    }
}
