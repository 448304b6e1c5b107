//! A value of the file together with its place in it.

use std::borrow::Cow;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

/// A value and the bytes of the file it stands in.
///
/// The place comes first in the order, so a map with such keys stands in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At<T> {
    start: usize,
    end: usize,
    pub(super) value: T,
}

impl<T> At<T> {
    pub(super) fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Returns another value that stands in the same place.
    pub(super) fn with<U>(&self, value: U) -> At<U> {
        let (start, end) = (self.start, self.end);
        At { start, end, value }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = toml::Spanned::<T>::deserialize(deserializer)?;
        let Range { start, end } = spanned.span();
        let value = spanned.into_inner();
        Ok(Self { start, end, value })
    }
}

/// To the schema a placed value is just the value.
impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
