//! Layered configuration: defaults in code, then a file, then the environment, then flags. Loading is pure: it reads,
//! and changes nothing. Unknown keys are refused by name.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use figment::{
    Figment, Metadata, Profile, Provider,
    providers::{Format, Serialized, Toml},
    value::{Dict, Map, Value},
};
use mayfly_types::SecretKey;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What every variable of the environment that concerns Mayfly begins with.
pub const PREFIX: &str = "MAYFLY_";

/// A configuration that cannot be used. Its text is one line and names the key.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// Says what is wrong with a key.
    pub fn new(key: &str, problem: impl fmt::Display) -> Self {
        Self(format!("{key}: {problem}"))
    }
}

impl From<figment::Error> for ConfigError {
    fn from(error: figment::Error) -> Self {
        Self(
            error
                .into_iter()
                .map(|e| e.to_string())
                .collect::<Vec<_>>()
                .join("; "),
        )
    }
}

/// Reads a configuration from its layers.
///
/// # Errors
/// Names the key that is unknown or has a wrong value, and the layer that it came from.
pub fn load<T: for<'de> Deserialize<'de>>(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: &BTreeMap<String, String>,
) -> Result<T, ConfigError> {
    let mut figment = Figment::new();
    if let Some(file) = file {
        if !file.is_file() {
            return Err(ConfigError::new(
                "--config",
                format!("no file {}", file.display()),
            ));
        }
        figment = figment.merge(Toml::file_exact(file));
    }
    figment = figment.merge(Environment(environment.into_iter().collect()));
    for (key, value) in flags {
        figment = figment.merge(Serialized::global(key, value));
    }
    Ok(figment.extract()?)
}

/// Returns the process's environment, for [`load`].
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars()
}

/// The variables `MAYFLY_SECTION__KEY`. Short whole numbers and booleans are such; everything else, above all a key
/// of 64 digits, stays text.
struct Environment(Vec<(String, String)>);

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment")
            .interpolater(|_, keys| format!("{PREFIX}{}", keys.join("__").to_uppercase()))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut dict = Dict::new();
        for (name, value) in &self.0 {
            let Some(key) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let value = match value.as_str() {
                "true" => Value::from(true),
                "false" => Value::from(false),
                digits if digits.len() <= 18 && digits.parse::<i64>().is_ok() => {
                    Value::from(digits.parse::<i64>().unwrap_or_default())
                }
                text => Value::from(text),
            };
            let key = key.to_ascii_lowercase();
            let mut parts: Vec<&str> = key.split("__").collect();
            let Some(last) = parts.pop() else { continue };
            let mut place = &mut dict;
            for part in parts {
                let entry = place
                    .entry(part.to_owned())
                    .or_insert_with(|| Value::from(Dict::new()));
                let Value::Dict(_, inner) = entry else {
                    return Err(figment::Error::from(format!(
                        "{name} is both a value and a section"
                    )));
                };
                place = inner;
            }
            place.insert(last.to_owned(), value);
        }
        Ok(Profile::Default.collect(dict))
    }
}

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
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Array(Vec<String>),
        }
        let items = match Written::deserialize(deserializer)? {
            Written::Text(text) => text.split(',').map(str::to_owned).collect(),
            Written::Array(items) => items,
        };
        let items = items
            .iter()
            .map(|item| item.trim())
            .filter(|item| !item.is_empty());
        items
            .map(|item| {
                item.parse()
                    .map_err(|e| de::Error::custom(format!("`{item}`: {e}")))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// A span of time written as a number with a unit: `500ms`, `30s`, `5m`, `12h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a time span such as 30s, 5m, 12h or 7d");
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(split);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let unit_millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        number
            .checked_mul(unit_millis)
            .map(|millis| Self(Duration::from_millis(millis)))
            .ok_or_else(wrong)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        for (unit_millis, unit) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")] {
            if millis >= unit_millis && millis.is_multiple_of(unit_millis) {
                return write!(f, "{}{unit}", millis / unit_millis);
            }
        }
        write!(f, "{millis}ms")
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// A secret of the configuration: read as text, shown as `[hidden]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(SecretString);

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("[hidden]")
    }
}

/// Returns the text of a secret or of the file that stands for it, without white space around it; none if neither is set
/// or it is empty.
///
/// # Errors
/// When both are set, or the file cannot be read.
pub fn secret_text(
    key: &str,
    value: Option<&Secret>,
    file: Option<&PathBuf>,
) -> Result<Option<String>, ConfigError> {
    let text = match (value, file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(ConfigError::new(key, format!("set it or {key}_file, not both"))),
        (Some(value), None) => value.0.expose_secret().to_owned(),
        (None, Some(file)) => std::fs::read_to_string(file)
            .map_err(|e| ConfigError::new(&format!("{key}_file"), format!("{}: {e}", file.display())))?,
    };
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Returns the keys written in a secret or in the file that stands for it, separated by commas; none if neither is set.
///
/// # Errors
/// When both are set, the file cannot be read, or a key is not 64 hex digits. No part of a key is repeated.
pub fn secret_keys(
    key: &str,
    value: Option<&Secret>,
    file: Option<&PathBuf>,
) -> Result<Vec<SecretKey>, ConfigError> {
    let Some(text) = secret_text(key, value, file)? else {
        return match (value, file) {
            (None, None) => Ok(Vec::new()),
            _ => Err(ConfigError::new(key, "is empty")),
        };
    };
    let keys = text.split(',').map(SecretKey::from_hex);
    keys.collect::<Result<_, _>>()
        .map_err(|e| ConfigError::new(key, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize, Serialize)]
    #[serde(default, deny_unknown_fields)]
    struct Sample {
        domains: List<String>,
        inner: Inner,
    }

    #[derive(Debug, Deserialize, Serialize)]
    #[serde(default, deny_unknown_fields)]
    struct Inner {
        limit: u32,
        keep: Span,
        key: Option<Secret>,
    }

    impl Default for Inner {
        fn default() -> Self {
            Self {
                limit: 8,
                keep: Span(Duration::from_secs(60)),
                key: None,
            }
        }
    }

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    fn load_with(file: &str, pairs: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Sample, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mayfly.toml");
        std::fs::write(&path, file).unwrap();
        load(Some(&path), env(pairs), &env(flags).into_iter().collect())
    }

    #[test]
    fn later_layers_win() {
        let sample = load_with(
            "[inner]\nlimit = 1\nkeep = \"2h\"",
            &[("MAYFLY_INNER__LIMIT", "3")],
            &[],
        )
        .unwrap();
        assert_eq!((sample.inner.limit, sample.inner.keep.0.as_secs()), (3, 7200));
        let sample = load_with(
            "",
            &[("MAYFLY_DOMAINS", "a.test, b.test")],
            &[("domains", "c.test")],
        )
        .unwrap();
        assert_eq!(sample.domains.0, ["c.test"]);
        let sample = load_with("", &[("HOME", "/"), ("MAYFLY_DOMAINS", "a.test, b.test")], &[]).unwrap();
        assert_eq!(sample.domains.0, ["a.test", "b.test"]);
    }

    #[test]
    fn wrong_keys_and_values_are_named() {
        for (file, pairs, expected) in [
            ("", vec![("MAYFLY_INNER__LIMITT", "3")], "limitt"),
            ("colour = 1", vec![], "colour"),
            ("", vec![("MAYFLY_INNER__LIMIT", "many")], "MAYFLY_INNER__LIMIT"),
            ("[inner]\nkeep = \"7 fortnights\"", vec![], "inner.keep"),
            (
                "",
                vec![("MAYFLY_INNER", "3"), ("MAYFLY_INNER__LIMIT", "3")],
                "MAYFLY_INNER",
            ),
        ] {
            let error = load_with(file, &pairs, &[]).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn secrets_do_not_show() {
        let digits = "1234567890".repeat(6) + "1234";
        let sample = load_with("", &[("MAYFLY_INNER__KEY", &digits)], &[]).unwrap();
        assert_eq!(
            secret_keys("inner.key", sample.inner.key.as_ref(), None)
                .unwrap()
                .len(),
            1
        );
        let shown = format!("{sample:?}{}", toml::to_string(&sample).unwrap());
        assert!(
            !shown.contains("1234567890") && shown.contains("[hidden]"),
            "{shown}"
        );
        let wrong = load_with("", &[("MAYFLY_INNER__KEY", "hunter2")], &[]).unwrap();
        let error = secret_keys("inner.key", wrong.inner.key.as_ref(), None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("inner.key") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn spans_round_trip() {
        for text in ["7d", "12h", "5m", "30s", "500ms", "90s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for text in ["", "7", "d", "-1s", "99999999999999999999d", "1.5h"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
