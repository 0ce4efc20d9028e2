//! Where a page ended: the sort key and the id of its last item. It holds no row's number, so it is good on every instance and
//! after a restart, and what changes in between neither repeats nor hides an item that did not move.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const VERSION: u8 = 1;
const HEAD: usize = 10;

/// A place in a sorted list, between two items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which list, in which order: in another one the place means nothing.
    pub order: u8,
    pub key: u64,
    pub id: String,
}

impl Cursor {
    /// As text that goes into an address as it is.
    pub fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(HEAD + self.id.len());
        bytes.push(VERSION);
        bytes.push(self.order);
        bytes.extend_from_slice(&self.key.to_be_bytes());
        bytes.extend_from_slice(self.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// `None` for what [`Cursor::encode`] did not write.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (head, id) = bytes.split_at_checked(HEAD)?;
        let [VERSION, order, key @ ..] = head else { return None };
        Some(Self {
            order: *order,
            key: u64::from_be_bytes(key.try_into().ok()?),
            id: String::from_utf8(id.to_vec()).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn comes_back_as_it_was(order in any::<u8>(), key in any::<u64>(), id in ".{0,40}") {
            let cursor = Cursor { order, key, id };
            prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }

        #[test]
        fn anything_else_is_refused_and_never_a_panic(text in "[A-Za-z0-9_-]{0,60}|.{0,20}") {
            if let Some(cursor) = Cursor::decode(&text) {
                prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
            }
        }
    }
}
