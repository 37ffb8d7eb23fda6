//! Lists of the configuration.

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{ConfigValue, Schema, Syntax};

/// A list written as text with commas, or as an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: fmt::Display> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(ToString::to_string))
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: FromStr<Err: fmt::Display>> de::Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<List<T>, E> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(parse).collect::<Result<_, _>>().map(List)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut array: A) -> Result<List<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = array.next_element::<String>()? {
            items.push(parse(item.trim())?);
        }
        Ok(List(items))
    }
}

fn parse<T: FromStr<Err: fmt::Display>, E: de::Error>(item: &str) -> Result<T, E> {
    item.parse().map_err(|e| E::custom(format!("`{item}`: {e}")))
}

impl<T: ConfigValue> ConfigValue for List<T> {
    const SCHEMA: Schema = match T::SCHEMA {
        Schema::Value(_, expects) => Schema::Value(Syntax::List, expects),
        section @ Schema::Section(_) => section,
    };
}
