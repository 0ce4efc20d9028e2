//! The names of attributes, and the numbers that accounts keep them by.

/// At most so many attribute names a shard; the first of them are those that the model reads.
const MAX_NAMES: usize = 64;

/// Attribute names by id. The model's come first and in its order, so that its programs find an account's values by
/// their own numbers.
#[derive(Clone, Debug, Default)]
pub struct AttributeNames {
    names: Vec<Box<str>>,
    /// Where those are that the project itself reads for every account.
    known: Known,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    segment: Option<usize>,
    value: Option<usize>,
    owner: Option<usize>,
}

impl AttributeNames {
    pub fn new(model_names: &[String]) -> Self {
        let mut names = Self::default();
        for name in model_names {
            names.push(name);
        }
        names
    }

    fn push(&mut self, name: &str) -> usize {
        let id = self.names.len();
        self.names.push(name.into());
        match name {
            "segment" => self.known.segment = Some(id),
            "value" => self.known.value = Some(id),
            "owner" => self.known.owner = Some(id),
            _ => {}
        }
        id
    }

    /// The attribute `segment`: what accounts are grouped by.
    pub fn segment(&self) -> Option<usize> {
        self.known.segment
    }

    /// The attribute `value`: what the account is worth a year.
    pub fn value(&self) -> Option<usize> {
        self.known.value
    }

    /// The attribute `owner`: who looks after the account.
    pub fn owner(&self) -> Option<usize> {
        self.known.owner
    }

    pub fn get(&self, id: usize) -> Option<&str> {
        self.names.get(id).map(AsRef::as_ref)
    }

    /// All names, in the order of their ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// The id of `name`; `None` when there are too many names already.
    pub fn id_of(&mut self, name: &str) -> Option<usize> {
        if let Some(id) = self.find(name) {
            return Some(id);
        }
        if self.names.len() >= MAX_NAMES {
            return None;
        }
        Some(self.push(name))
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known.as_ref() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_the_models_come_first() {
        let mut names = AttributeNames::new(&["seats".to_owned(), "plan".to_owned()]);
        assert_eq!(names.id_of("plan"), Some(1));
        assert_eq!(names.id_of("owner"), Some(2));
        for index in 0..100 {
            names.id_of(&format!("x{index}"));
        }
        assert_eq!(names.id_of("one too many"), None);
        assert_eq!(names.find("owner"), Some(2));
    }
}
