//! One table of a document, read key by key.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Document, Override, Place, Problem, nearest, parse_millis, show_millis};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    pub value: T,
    pub place: Place,
}

/// A value that is no table and no list.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    Text(String),
    /// As it was written.
    Number(String),
    Bool(bool),
}

/// A table being read. Each getter returns `None` when the key is absent, and also (after it noted why) when its
/// value is of no use. [`Table::finish`] notes the keys that nobody asked for.
#[must_use = "finish() reports unknown keys"]
pub struct Table<'d> {
    document: &'d Document<'d>,
    /// Such as `kafka.security`; empty for the root.
    path: String,
    /// `None` when the document has no such table: overrides may still fill it.
    entries: Option<(&'d DeTable<'d>, Range<usize>)>,
    asked: BTreeSet<String>,
}

/// Where a raw value came from.
enum Found<'d> {
    Written(&'d Spanned<DeValue<'d>>),
    Overridden(&'d Override),
}

impl<'d> Table<'d> {
    pub(super) fn new(
        document: &'d Document<'d>,
        path: String,
        entries: Option<(&'d DeTable<'d>, Range<usize>)>,
    ) -> Self {
        Self {
            document,
            path,
            entries,
            asked: BTreeSet::new(),
        }
    }

    /// Whether the document has this table.
    pub fn is_present(&self) -> bool {
        self.entries.is_some()
    }

    /// Whether `key` is written or overridden.
    pub fn has(&mut self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// The table's header, or the document's start when it is absent.
    pub fn place(&self) -> Place {
        let span = self.entries.as_ref().map_or(0..0, |(_, span)| span.clone());
        self.document.origin().place(span)
    }

    pub fn report(&self, problem: Problem) {
        self.document.report(problem);
    }

    pub fn warn(&self, problem: Problem) {
        self.document.warn(problem);
    }

    /// The keys that are written, in alphabetical order; for tables whose keys are the user's own.
    pub fn keys(&self) -> Vec<&'d str> {
        let entries = self.entries.iter().flat_map(|(entries, _)| entries.iter());
        entries.map(|(key, _)| key.get_ref().as_ref()).collect()
    }

    pub fn string(&mut self, key: &str) -> Option<Placed<String>> {
        let (found, place) = self.find(key)?;
        let value = match found {
            Found::Overridden(item) => Some(item.value.clone()),
            Found::Written(value) => value.get_ref().as_str().map(str::to_owned),
        };
        self.expect(key, value, place, "a text in quotes")
    }

    pub fn boolean(&mut self, key: &str) -> Option<Placed<bool>> {
        let (found, place) = self.find(key)?;
        let value = match found {
            Found::Overridden(item) => item.value.parse().ok(),
            Found::Written(value) => value.get_ref().as_bool(),
        };
        self.expect(key, value, place, "`true` or `false`")
    }

    pub fn integer(&mut self, key: &str, range: RangeInclusive<i64>) -> Option<Placed<i64>> {
        let (found, place) = self.find(key)?;
        let value = match found {
            Found::Overridden(item) => item.value.parse().ok(),
            Found::Written(value) => whole(value.get_ref()),
        };
        let placed = self.expect(key, value, place, "a whole number")?;
        self.expect_in(key, placed, &range, i64::to_string)
    }

    /// Whole numbers are taken too; NaN never is.
    pub fn number(&mut self, key: &str, range: RangeInclusive<f64>) -> Option<Placed<f64>> {
        let (found, place) = self.find(key)?;
        let value = match found {
            Found::Overridden(item) => item.value.parse().ok(),
            Found::Written(value) => number(value.get_ref()),
        };
        let value = value.filter(|number: &f64| !number.is_nan());
        let placed = self.expect(key, value, place, "a number")?;
        self.expect_in(key, placed, &range, f64::to_string)
    }

    /// Milliseconds, written as `"20ms"`, `"1h"`, `"7d"`; `range` is in milliseconds too.
    pub fn duration(&mut self, key: &str, range: RangeInclusive<i64>) -> Option<Placed<i64>> {
        let (found, place) = self.find(key)?;
        let value = match found {
            Found::Overridden(item) => parse_millis(&item.value),
            Found::Written(value) => value.get_ref().as_str().and_then(parse_millis),
        };
        let Some(value) = value else {
            let help = "write a whole number and a unit (ms, s, m, h, d, w) in quotes, such as \"20ms\" or \"7d\"";
            let message = format!("`{}` is no duration", self.path_of(key));
            self.report(Problem::new(message, place).help(help));
            return None;
        };
        let placed = Placed { value, place };
        self.expect_in(key, placed, &range, |millis| show_millis(*millis))
    }

    /// One of a few words; the table of `choices` says what each stands for.
    pub fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> Option<Placed<T>> {
        let text = self.string(key)?;
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text.value) {
            return Some(Placed {
                value: *value,
                place: text.place,
            });
        }
        let words = || choices.iter().map(|(word, _)| *word);
        let listed: Vec<String> = words().map(|word| format!("\"{word}\"")).collect();
        let help = match nearest(&text.value, words()) {
            Some(word) => format!("did you mean \"{word}\"?"),
            None => format!("choose {}", listed.join(" or ")),
        };
        let message = format!("`{}` cannot be \"{}\"", self.path_of(key), text.value);
        self.report(
            Problem::new(message, text.place)
                .label(format!("one of {}", listed.join(", ")))
                .help(help),
        );
        None
    }

    /// A text, a number or a boolean; an override is a text.
    pub fn scalar(&mut self, key: &str) -> Option<Placed<Scalar>> {
        let (found, place) = self.find(key)?;
        let value = match found {
            Found::Overridden(item) => Some(Scalar::Text(item.value.clone())),
            Found::Written(value) => scalar(value.get_ref()),
        };
        self.expect(key, value, place, "a text, a number or a boolean")
    }

    /// A list of texts; an override separates them by commas.
    pub fn strings(&mut self, key: &str) -> Option<Vec<Placed<String>>> {
        let (found, place) = self.find(key)?;
        let values = match found {
            Found::Overridden(item) => Some(
                item.value
                    .split(',')
                    .map(|part| Placed {
                        value: part.trim().to_owned(),
                        place: place.clone(),
                    })
                    .collect(),
            ),
            Found::Written(value) => value.get_ref().as_array().and_then(|items| {
                items
                    .iter()
                    .map(|item| {
                        Some(Placed {
                            value: item.get_ref().as_str()?.to_owned(),
                            place: self.document.origin().place(item.span()),
                        })
                    })
                    .collect()
            }),
        };
        self.expect::<Vec<_>>(key, values, place, "a list of texts in quotes")
            .map(|placed| placed.value)
    }

    /// A list of pairs of numbers.
    pub fn pairs(&mut self, key: &str) -> Option<Placed<Vec<(f64, f64)>>> {
        let (found, place) = self.find(key)?;
        let pair = |item: &Spanned<DeValue<'_>>| {
            let pair: Vec<_> = item.get_ref().as_array()?.iter().collect();
            let [x, y] = pair[..] else { return None };
            Some((number(x.get_ref())?, number(y.get_ref())?))
        };
        let values = match found {
            Found::Overridden(_) => None,
            Found::Written(value) => value
                .get_ref()
                .as_array()
                .and_then(|items| items.iter().map(pair).collect()),
        };
        self.expect(
            key,
            values,
            place,
            "a list of pairs of numbers, such as [[0, 0], [1, 100]]",
        )
    }

    /// Librdkafka properties and the like: any keys, dotted or quoted; numbers and booleans become texts.
    /// In an override's path underscores stand for dots.
    pub fn properties(&mut self, key: &str) -> BTreeMap<String, Placed<String>> {
        let table = self.table(key);
        let mut properties = BTreeMap::new();
        if let Some((entries, _)) = &table.entries {
            table.flatten("", entries, &mut properties);
        }
        let prefix = format!("{}.", table.path);
        for item in self.document.overrides.under(&prefix) {
            let name = item.path[prefix.len()..].replace('_', ".");
            let (value, place) = (item.value.clone(), item.place.clone());
            properties.insert(name, Placed { value, place });
        }
        properties
    }

    fn flatten(&self, prefix: &str, entries: &DeTable<'_>, into: &mut BTreeMap<String, Placed<String>>) {
        for (key, value) in entries {
            let name = format!("{prefix}{}", key.get_ref());
            if let DeValue::Table(nested) = value.get_ref() {
                self.flatten(&format!("{name}."), nested, into);
                continue;
            }
            let place = self.document.origin().place(value.span());
            let text = match scalar(value.get_ref()) {
                Some(Scalar::Text(text) | Scalar::Number(text)) => text,
                Some(Scalar::Bool(truth)) => truth.to_string(),
                None => {
                    self.wrong_type(&name, place, "a text, a number or a boolean");
                    continue;
                }
            };
            into.insert(name, Placed { value: text, place });
        }
    }

    /// The table under `key`; an absent one can be read too, and then has nothing but overrides.
    pub fn table(&mut self, key: &str) -> Table<'d> {
        let path = self.path_of(key);
        self.asked.insert(key.to_owned());
        let entries = match self.written(key) {
            None => None,
            Some(value) => match value.get_ref() {
                DeValue::Table(entries) => Some((entries, value.span())),
                _ => {
                    self.wrong_type(key, self.document.origin().place(value.span()), "a table");
                    None
                }
            },
        };
        Table::new(self.document, path, entries)
    }

    /// The tables of `[[key]]`.
    pub fn tables(&mut self, key: &str) -> Vec<Table<'d>> {
        let path = self.path_of(key);
        self.asked.insert(key.to_owned());
        let Some(value) = self.written(key) else {
            return Vec::new();
        };
        let place = self.document.origin().place(value.span());
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(key, place, &format!("tables, each headed [[{path}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(entries) => {
                    let entries = Some((entries, item.span()));
                    tables.push(Table::new(self.document, path.clone(), entries));
                }
                _ => self.wrong_type(key, place.clone(), &format!("tables, each headed [[{path}]]")),
            }
        }
        tables
    }

    /// The texts under `text` in the tables of `[[key]]`, empty where there is none; nothing is reported.
    pub fn texts_in(&self, key: &str, text: &str) -> Vec<String> {
        let items = self.written(key).and_then(|value| value.get_ref().as_array());
        let text_of = |item: &Spanned<DeValue<'_>>| {
            let entries = item.get_ref().as_table()?;
            entries.get(text)?.get_ref().as_str().map(str::to_owned)
        };
        let items = items.into_iter().flat_map(|items| items.iter());
        items.map(|item| text_of(item).unwrap_or_default()).collect()
    }

    /// Where the value of `key` stands, of use or not.
    pub fn place_of(&self, key: &str) -> Option<Place> {
        self.written(key)
            .map(|value| self.document.origin().place(value.span()))
    }

    /// Where `key` itself stands.
    pub fn place_of_key(&self, key: &str) -> Option<Place> {
        let (entries, _) = self.entries.as_ref()?;
        let (key, _) = entries.iter().find(|(written, _)| written.get_ref() == key)?;
        Some(self.document.origin().place(key.span()))
    }

    /// Whether a table stands under `key` in the document.
    pub fn is_table(&self, key: &str) -> bool {
        self.written(key)
            .is_some_and(|value| matches!(value.get_ref(), DeValue::Table(_)))
    }

    /// Whether `key` stands in the document, of use or not.
    pub fn is_written(&self, key: &str) -> bool {
        self.written(key).is_some()
    }

    /// Notes that `key` has to be there, unless it is: then what is wrong with it was noted already.
    pub fn missing_unless_written(&self, key: &str, help: &str) {
        if !self.is_written(key) {
            self.missing(key, help);
        }
    }

    /// Notes that `key` has to be there.
    pub fn missing(&self, key: &str, help: &str) {
        let message = format!("`{}` is missing", self.path_of(key));
        self.report(Problem::new(message, self.place()).label("in this table").help(help));
    }

    /// Notes every key that was written and not asked for.
    pub fn finish(self) {
        for (key, _) in self.entries.iter().flat_map(|(entries, _)| entries.iter()) {
            let name = key.get_ref();
            if self.asked.contains(name.as_ref()) {
                continue;
            }
            let problem = Problem::new(
                format!("unknown setting `{}`", self.path_of(name)),
                self.document.origin().place(key.span()),
            );
            let known = self.asked.iter().map(String::as_str);
            self.report(match nearest(name, known) {
                Some(known) => problem.help(format!("did you mean `{known}`?")),
                None => problem.help(format!("known here: {}", self.asked_list())),
            });
        }
    }

    fn asked_list(&self) -> String {
        self.asked.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn written(&self, key: &str) -> Option<&'d Spanned<DeValue<'d>>> {
        let (entries, _) = self.entries.as_ref()?;
        entries.get(key)
    }

    fn find(&mut self, key: &str) -> Option<(Found<'d>, Place)> {
        let path = self.path_of(key);
        self.asked.insert(key.to_owned());
        self.document.asked.borrow_mut().insert(path.clone());
        if let Some(item) = self.document.overrides.get(&path) {
            return Some((Found::Overridden(item), item.place.clone()));
        }
        let value = self.written(key)?;
        Some((Found::Written(value), self.document.origin().place(value.span())))
    }

    fn expect<T>(&self, key: &str, value: Option<T>, place: Place, what: &str) -> Option<Placed<T>> {
        if let Some(value) = value {
            return Some(Placed { value, place });
        }
        self.wrong_type(key, place, what);
        None
    }

    fn wrong_type(&self, key: &str, place: Place, what: &str) {
        let message = format!("`{}` must be {what}", self.path_of(key));
        self.report(Problem::new(message, place).label("this is not"));
    }

    fn expect_in<T: PartialOrd>(
        &self,
        key: &str,
        placed: Placed<T>,
        range: &RangeInclusive<T>,
        show: impl Fn(&T) -> String,
    ) -> Option<Placed<T>> {
        if range.contains(&placed.value) {
            return Some(placed);
        }
        let (least, most) = (show(range.start()), show(range.end()));
        let message = format!("`{}` must be from {least} to {most}", self.path_of(key));
        self.report(Problem::new(message, placed.place).label("out of range"));
        None
    }
}

fn whole(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn scalar(value: &DeValue<'_>) -> Option<Scalar> {
    match value {
        DeValue::String(text) => Some(Scalar::Text(text.to_string())),
        DeValue::Integer(integer) => Some(Scalar::Number(integer.to_string())),
        DeValue::Float(float) => Some(Scalar::Number(float.to_string())),
        DeValue::Boolean(truth) => Some(Scalar::Bool(*truth)),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(_) => whole(value).map(|integer| integer as f64),
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    }
}
