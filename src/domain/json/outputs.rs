//! JSON of outputs, straight into a buffer. An output has some fifty fields and numbers: going through a general writer, which looks for
//! what is to be escaped in every name and copies each comma by itself, takes most of a scoring's time.

use std::fmt::Display;

use serde::ser::{
    Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, Serializer,
};
use thiserror::Error;

use super::{TEXT_LENGTH, number_text};

/// The value has a part that no output may have: a map whose keys are not texts, bytes, or an enum with content.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Unwritable(String);

impl serde::ser::Error for Unwritable {
    fn custom<T: Display>(what: T) -> Self {
        Self(what.to_string())
    }
}

/// Appends `value` to `out`, as [`super::write`] would.
///
/// # Errors
/// [`Unwritable`]; a part of the value may have been appended then.
pub fn write_output(out: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Unwritable> {
    value.serialize(Writer { out })
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    fn open(self, bracket: u8, close: u8) -> Members<'a> {
        self.out.push(bracket);
        Members {
            out: self.out,
            is_first: true,
            close,
        }
    }

    fn put(self, text: impl Display) -> Result<(), Unwritable> {
        use std::io::Write;
        write!(self.out, "{text}").map_err(Unwritable::custom)
    }
}

/// The members of an array or of an object.
struct Members<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
    close: u8,
}

impl Members<'_> {
    fn next(&mut self) {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
    }

    fn element(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Unwritable> {
        self.next();
        value.serialize(Writer { out: self.out })
    }

    fn finish(self) -> Result<(), Unwritable> {
        self.out.push(self.close);
        Ok(())
    }
}

/// A text with its quotation marks.
fn put_text(out: &mut Vec<u8>, text: &str) -> Result<(), Unwritable> {
    if !is_plain(text.as_bytes()) {
        return serde_json::to_writer(out, text).map_err(Unwritable::custom);
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

/// Whether nothing in a text is to be escaped. Eight bytes are looked at together.
fn is_plain(text: &[u8]) -> bool {
    const EACH: u64 = u64::MAX / 0xff;
    const HIGH: u64 = EACH << 7;
    // The highest bit of each byte that is below `limit`, which is 128 at the most; one above such a byte may be set as well.
    let below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word & HIGH;
    let marks = |bytes: &[u8; 8]| {
        let word = u64::from_le_bytes(*bytes);
        let equal = |byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
        below(word, b' '.into()) | equal(b'"') | equal(b'\\')
    };
    let Some(last) = text.last_chunk() else {
        return text.iter().all(|byte| *byte >= b' ' && *byte != b'"' && *byte != b'\\');
    };
    let (chunks, _) = text.as_chunks();
    chunks.iter().fold(marks(last), |all, chunk| all | marks(chunk)) == 0
}

fn refused<T>(what: &str) -> Result<T, Unwritable> {
    Err(Unwritable(format!("an output has {what}")))
}

macro_rules! numbers {
    ($($method:ident $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), Unwritable> { self.put(value) })*
    };
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Members<'a>;
    type SerializeTuple = Members<'a>;
    type SerializeMap = Members<'a>;
    type SerializeStruct = Members<'a>;
    type SerializeTupleStruct = Impossible<(), Unwritable>;
    type SerializeTupleVariant = Impossible<(), Unwritable>;
    type SerializeStructVariant = Impossible<(), Unwritable>;

    numbers!(serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64);

    fn serialize_f32(self, value: f32) -> Result<(), Unwritable> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Unwritable> {
        if !value.is_finite() {
            return self.serialize_unit();
        }
        let mut text = [0; TEXT_LENGTH];
        let Some(length) = number_text(value, &mut text) else {
            return self.put(value);
        };
        // All of the room is copied, as a length that is known beforehand takes no call.
        let start = self.out.len();
        self.out.extend_from_slice(&text);
        self.out.truncate(start + length);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Unwritable> {
        put_text(self.out, value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Unwritable> {
        put_text(self.out, value)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Unwritable> {
        refused("bytes")
    }

    fn serialize_none(self) -> Result<(), Unwritable> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unwritable> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unwritable> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Unwritable> {
        put_text(self.out, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<(), Unwritable> {
        refused(variant)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Members<'a>, Unwritable> {
        Ok(self.open(b'[', b']'))
    }

    fn serialize_tuple(self, _: usize) -> Result<Members<'a>, Unwritable> {
        Ok(self.open(b'[', b']'))
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Unwritable> {
        refused(name)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Unwritable> {
        refused(variant)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'a>, Unwritable> {
        Ok(self.open(b'{', b'}'))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'a>, Unwritable> {
        Ok(self.open(b'{', b'}'))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Unwritable> {
        refused(variant)
    }
}

impl SerializeSeq for Members<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.element(value)
    }

    fn end(self) -> Result<(), Unwritable> {
        self.finish()
    }
}

impl SerializeTuple for Members<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.element(value)
    }

    fn end(self) -> Result<(), Unwritable> {
        self.finish()
    }
}

impl SerializeMap for Members<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        self.next();
        let start = self.out.len();
        key.serialize(Writer { out: self.out })?;
        if self.out.get(start) != Some(&b'"') {
            return refused("a map whose keys are not texts");
        }
        self.out.push(b':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        value.serialize(Writer { out: self.out })
    }

    fn end(self) -> Result<(), Unwritable> {
        self.finish()
    }
}

impl SerializeStruct for Members<'_> {
    type Ok = ();
    type Error = Unwritable;

    /// Inlined, so that the length of the name is known.
    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Unwritable> {
        debug_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        self.out.extend_from_slice(if self.is_first { b"\"" } else { b",\"" });
        self.is_first = false;
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        value.serialize(Writer { out: self.out })
    }

    fn end(self) -> Result<(), Unwritable> {
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;

    #[derive(Debug, Serialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Green,
    }

    #[derive(Debug, Serialize)]
    struct Part {
        text: String,
        number: Option<f64>,
        #[serde(rename = "7d")]
        days: u32,
    }

    #[derive(Debug, Serialize)]
    struct Whole {
        word: Word,
        parts: Vec<Part>,
        pair: (i64, bool),
        map: std::collections::BTreeMap<String, f64>,
        nothing: (),
        empty: Vec<u8>,
    }

    proptest! {
        #[test]
        fn what_is_to_be_escaped_is_seen_wherever_it_stands(text in "[ -\u{7f}é\u{0}-\u{1f}]{0,40}") {
            let plain = text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
            prop_assert_eq!(is_plain(text.as_bytes()), plain);
            for escaped in ['"', '\\', '\u{1f}', '\u{0}'] {
                let (after, before) = (format!("{text}{escaped}"), format!("{escaped}{text}"));
                prop_assert!(!is_plain(after.as_bytes()) && !is_plain(before.as_bytes()));
            }
        }

        #[test]
        fn it_writes_what_the_general_writer_does(
            parts in prop::collection::vec((".*", prop::option::of(any::<f64>()), any::<u32>()), 0..4),
            pair in any::<(i64, bool)>(),
            map in prop::collection::btree_map(".*", -1e6..1e6_f64, 0..4),
        ) {
            let parts = parts
                .into_iter()
                .map(|(text, number, days)| Part { text, number: number.filter(|number| number.is_finite()), days })
                .collect();
            let whole = Whole { word: Word::Green, parts, pair, map, nothing: (), empty: Vec::new() };
            let (mut written, mut expected) = (Vec::new(), Vec::new());
            write_output(&mut written, &whole).unwrap();
            super::super::write(&mut expected, &whole).unwrap();
            prop_assert_eq!(String::from_utf8(written).unwrap(), String::from_utf8(expected).unwrap());
        }
    }

    #[test]
    fn what_is_no_number_is_null_and_what_no_output_has_is_refused() {
        let mut out = Vec::new();
        write_output(&mut out, &[f64::NAN, 1.5]).unwrap();
        assert_eq!(out, b"[null,1.5]");
        let numbered = std::collections::BTreeMap::from([(1, 2)]);
        assert!(write_output(&mut out, &numbered).is_err());
        assert!(write_output(&mut out, &Err::<(), u8>(1)).is_err());
    }
}
