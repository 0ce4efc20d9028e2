//! Words that parameters and answers are made of, and what the OpenAPI document says of them.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::super::table::{AlertSort, AlertSortKey, Sort, SortKey};
use super::alerts::AlertState;
use crate::domain::band::Band;
use crate::domain::output::{Points, Quantity, TYPES};
use crate::domain::shard::NotKnown;
use crate::domain::time::Timestamp;
use crate::model::compiled::{AlertKind, Severity};

/// A type of output, as in the header `ce_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputType(pub &'static str);

/// A closed set of words.
pub trait Words: Copy {
    fn all() -> impl Iterator<Item = (Cow<'static, str>, Self)>;
}

fn fixed<T: Copy, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
) -> impl Iterator<Item = (Cow<'static, str>, T)> {
    all.into_iter().map(move |word| (name(word).into(), word))
}

impl Words for Band {
    fn all() -> impl Iterator<Item = (Cow<'static, str>, Self)> {
        fixed([Self::Green, Self::Yellow, Self::Red, Self::Unknown], Self::as_str)
    }
}

impl Words for NotKnown {
    fn all() -> impl Iterator<Item = (Cow<'static, str>, Self)> {
        fixed(Self::ALL, Self::as_str)
    }
}

impl Words for Severity {
    fn all() -> impl Iterator<Item = (Cow<'static, str>, Self)> {
        fixed([Self::Critical, Self::High, Self::Medium, Self::Low], Self::as_str)
    }
}

impl Words for AlertKind {
    fn all() -> impl Iterator<Item = (Cow<'static, str>, Self)> {
        fixed([Self::Risk, Self::Opportunity], Self::as_str)
    }
}

impl Words for AlertState {
    fn all() -> impl Iterator<Item = (Cow<'static, str>, Self)> {
        fixed([Self::Open], |_| "open")
    }
}

impl Words for OutputType {
    fn all() -> impl Iterator<Item = (Cow<'static, str>, Self)> {
        fixed(TYPES.map(Self), |word| word.0)
    }
}

impl Words for Sort {
    fn all() -> impl Iterator<Item = (Cow<'static, str>, Self)> {
        let both =
            |key: SortKey| both_ways(key.as_str()).map(move |(name, descending)| (name, Self { key, descending }));
        SortKey::ALL.into_iter().flat_map(both)
    }
}

impl Words for AlertSort {
    fn all() -> impl Iterator<Item = (Cow<'static, str>, Self)> {
        let both =
            |key: AlertSortKey| both_ways(key.as_str()).map(move |(name, descending)| (name, Self { key, descending }));
        [AlertSortKey::Due, AlertSortKey::Since].into_iter().flat_map(both)
    }
}

/// From the smallest up, and with `-` in front from the largest down.
fn both_ways(name: &'static str) -> [(Cow<'static, str>, bool); 2] {
    [(name.into(), false), (format!("-{name}").into(), true)]
}

macro_rules! words_in_the_document {
    ($($word:ty: $name:literal),+) => {$(
        impl PartialSchema for $word {
            fn schema() -> RefOr<Schema> {
                let words = <$word>::all().map(|(name, _)| name);
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
            }
        }

        impl ToSchema for $word {
            fn name() -> Cow<'static, str> {
                $name.into()
            }
        }
    )+};
}

words_in_the_document! {
    Band: "Band", Severity: "Severity", AlertKind: "AlertKind", OutputType: "OutputType", Sort: "Sort", AlertSort: "AlertSort",
    AlertState: "AlertState", NotKnown: "NotKnown"
}

/// A number that may not be known.
fn number_or_null() -> RefOr<Schema> {
    let types = SchemaType::from_iter([Type::Number, Type::Null]);
    ObjectBuilder::new().schema_type(types).into()
}

impl PartialSchema for Points {
    fn schema() -> RefOr<Schema> {
        number_or_null()
    }
}

impl ToSchema for Points {}

impl PartialSchema for Quantity {
    fn schema() -> RefOr<Schema> {
        number_or_null()
    }
}

impl ToSchema for Quantity {}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(format))
            .into()
    }
}

impl ToSchema for Timestamp {}
