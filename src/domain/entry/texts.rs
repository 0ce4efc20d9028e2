//! The texts of an entry that events refer to by index.

use hashbrown::HashTable;

use crate::domain::{
    codec::{put_bytes, put_varint},
    hash::value_hash,
};

/// Texts by index, each once; kept in the form in which they are written.
#[derive(Debug, Default)]
pub(super) struct TextTable {
    pub bytes: Vec<u8>,
    /// What is known of a text lies in the table itself: an entry has thousands of accounts, and each further list would be
    /// waited for.
    places: HashTable<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    /// The upper half of the text's hash; the table goes by the lower.
    hash: u32,
    /// Where the text begins in the table's bytes.
    start: u32,
    length: u32,
    index: u32,
}

impl Place {
    fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..][..self.length as usize]
    }
}

impl TextTable {
    pub fn index_of(&mut self, text: &str) -> u32 {
        let hash = value_hash(text.as_bytes());
        let Self { bytes, places } = self;
        let upper = (hash >> 32) as u32;
        let same = |place: &Place| {
            place.hash == upper && place.length as usize == text.len() && place.of(bytes) == text.as_bytes()
        };
        if let Some(found) = places.find(hash, same) {
            return found.index;
        }
        put_bytes(bytes, text.as_bytes());
        let new = Place {
            hash: upper,
            start: (bytes.len() - text.len()) as u32,
            length: text.len() as u32,
            index: places.len() as u32,
        };
        places.insert_unique(hash, new, |place| value_hash(place.of(bytes)));
        new.index
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.places.len() as u64);
        out.extend_from_slice(&self.bytes);
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }
}
