//! A section of the settings, read with defaults.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::document::{Placed, Problem, Table};

use super::value::{Millis, Secret};

/// A table together with the folder that its paths are relative to.
pub(super) struct Reader<'d, 'f> {
    pub table: Table<'d>,
    folder: &'f Path,
}

impl<'d, 'f> Reader<'d, 'f> {
    pub fn new(table: Table<'d>, folder: &'f Path) -> Self {
        Self { table, folder }
    }

    pub fn section(&mut self, key: &str) -> Self {
        Self::new(self.table.table(key), self.folder)
    }

    pub fn finish(self) {
        self.table.finish();
    }

    pub fn text(&mut self, key: &str, default: &str) -> String {
        self.optional_text(key).unwrap_or_else(|| default.to_owned())
    }

    /// Not empty.
    pub fn optional_text(&mut self, key: &str) -> Option<String> {
        let text = self.table.string(key)?;
        if text.value.trim().is_empty() {
            self.problem("this setting is empty", text, "give it a value, or leave it out");
            return None;
        }
        Some(text.value)
    }

    /// A topic's name, by Kafka's own rule.
    pub fn topic(&mut self, key: &str, default: &str) -> String {
        self.optional_topic(key).unwrap_or_else(|| default.to_owned())
    }

    pub fn optional_topic(&mut self, key: &str) -> Option<String> {
        let text = self.table.string(key)?;
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if (1..=249).contains(&text.value.len()) && text.value.bytes().all(legal) {
            return Some(text.value);
        }
        let message = format!("\"{}\" is no name for a topic", text.value);
        self.problem(&message, text, "use 1 to 249 letters, digits, `.`, `_` and `-`");
        None
    }

    pub fn flag(&mut self, key: &str, default: bool) -> bool {
        self.table.boolean(key).map_or(default, |placed| placed.value)
    }

    pub fn integer<T: TryFrom<i64>>(&mut self, key: &str, range: RangeInclusive<i64>, default: T) -> T {
        let placed = self.table.integer(key, range);
        placed
            .and_then(|placed| placed.value.try_into().ok())
            .unwrap_or(default)
    }

    pub fn millis(&mut self, key: &str, range: RangeInclusive<i64>, default: i64) -> Millis {
        Millis(self.table.duration(key, range).map_or(default, |placed| placed.value))
    }

    pub fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)], default: T) -> T {
        self.table.choice(key, choices).map_or(default, |placed| placed.value)
    }

    /// A file that has to exist.
    pub fn file(&mut self, key: &str) -> Option<PathBuf> {
        self.placed_file(key).map(|placed| placed.value)
    }

    /// Files that have to exist, at most so many.
    pub fn files(&mut self, key: &str, most: usize) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for (index, written) in self.table.strings(key).unwrap_or_default().into_iter().enumerate() {
            if index == most {
                self.problem(&format!("more than {most} files"), written, "leave some out");
                break;
            }
            files.extend(self.existing(written).map(|file| file.value));
        }
        files
    }

    /// A secret: `key` itself, or what the file of `<key>_file` holds, without the line's end.
    pub fn secret(&mut self, key: &str) -> Option<Secret> {
        self.placed_secret(key).map(|placed| placed.value)
    }

    /// The same, and where it was written.
    pub fn placed_secret(&mut self, key: &str) -> Option<Placed<Secret>> {
        let written = self.table.string(key);
        let from_file = self.secret_file(&format!("{key}_file"));
        match (written, from_file) {
            (Some(_), Some(file)) => {
                let message = format!("both `{key}` and `{key}_file` are set");
                self.problem(&message, file, "keep one of them");
                None
            }
            (Some(written), None) => Some(Placed {
                value: Secret::new(written.value),
                place: written.place,
            }),
            (None, file) => file,
        }
    }

    /// What the file named by `key` holds, without the line's end.
    fn secret_file(&mut self, key: &str) -> Option<Placed<Secret>> {
        let file = self.placed_file(key)?;
        match fs::read_to_string(&file.value) {
            Ok(text) if !text.trim().is_empty() => Some(Placed {
                value: Secret::new(text.trim_end()),
                place: file.place,
            }),
            Ok(_) => {
                let message = format!("{} is empty", file.value.display());
                self.problem(&message, file, "the file has to hold the secret on its first line");
                None
            }
            Err(error) => {
                let message = format!("cannot read {}: {error}", file.value.display());
                self.problem(
                    &message,
                    file,
                    "the file has to be readable for the user that runs this",
                );
                None
            }
        }
    }

    pub fn problem<T>(&self, message: &str, placed: Placed<T>, help: &str) {
        self.table.report(Problem::new(message, placed.place).help(help));
    }

    /// The same as [`Self::file`], and where it was written.
    pub fn placed_file(&mut self, key: &str) -> Option<Placed<PathBuf>> {
        let written = self.table.string(key)?;
        self.existing(written)
    }

    fn existing(&self, written: Placed<String>) -> Option<Placed<PathBuf>> {
        let base = if written.place.is_override() {
            Path::new("")
        } else {
            self.folder
        };
        let path = base.join(&written.value);
        if path.is_file() {
            return Some(Placed {
                value: path,
                place: written.place,
            });
        }
        let message = format!("there is no file {}", path.display());
        let help = if written.place.is_override() {
            "the path is relative to the working directory"
        } else {
            "the path is relative to the folder of the settings file"
        };
        self.problem(&message, written, help);
        None
    }
}
