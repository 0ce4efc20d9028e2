//! Texts that many rows share, such as segments and owners, each kept once.

use std::sync::Arc;

use hashbrown::HashMap;

/// A text's number; [`NONE`] stands for no text.
pub type Number = u32;

pub const NONE: Number = 0;

/// Texts by number. Nothing is ever forgotten: a table that is filled anew starts with new ones.
#[derive(Debug, Default)]
pub struct Interner {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, Number>,
}

impl Interner {
    /// The number of `text`, a new one if need be. No text and the empty one are the same.
    pub fn number(&mut self, text: Option<&str>) -> Number {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return NONE;
        };
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        let number = Number::try_from(self.texts.len()).unwrap_or(NONE);
        self.numbers.insert(text, number);
        number
    }

    /// `None` for a text that no row has.
    pub fn find(&self, text: &str) -> Option<Number> {
        if text.is_empty() {
            return Some(NONE);
        }
        self.numbers.get(text).copied()
    }

    /// `None` for [`NONE`].
    pub fn text(&self, number: Number) -> Option<&str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.texts.get(index).map(AsRef::as_ref)
    }

    /// How many there are; their numbers are 1 up to this.
    pub fn len(&self) -> usize {
        self.texts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_and_none_is_zero() {
        let mut texts = Interner::default();
        let students = texts.number(Some("students"));
        assert_ne!(texts.number(Some("schools")), students);
        assert_eq!(texts.number(Some("students")), students);
        assert_eq!(texts.text(students), Some("students"));
        assert_eq!(
            texts.find("schools").and_then(|number| texts.text(number)),
            Some("schools")
        );
        assert_eq!(
            (texts.number(None), texts.number(Some("")), texts.find("")),
            (NONE, NONE, Some(NONE))
        );
        assert_eq!((texts.text(NONE), texts.find("nobody"), texts.len()), (None, None, 2));
    }
}
