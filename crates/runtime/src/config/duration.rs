//! Durations of the configuration.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{ConfigValue, Schema, Syntax};

/// A duration written with units: `500ms`, `30s`, `5m`, `12h`, `7d`, or several, such as `1h 30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigDuration(pub Duration);

/// The units of [`Display`](fmt::Display), longest first, in nanoseconds.
const UNITS: [(u128, &str); 7] = [
    (86_400_000_000_000, "d"),
    (3_600_000_000_000, "h"),
    (60_000_000_000, "m"),
    (1_000_000_000, "s"),
    (1_000_000, "ms"),
    (1_000, "us"),
    (1, "ns"),
];

impl ConfigDuration {
    /// Makes a duration of whole seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// Makes a duration of whole days.
    #[must_use]
    pub const fn from_days(days: u64) -> Self {
        Self::from_secs(days * 86_400)
    }
}

impl FromStr for ConfigDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        humantime::parse_duration(text)
            .map(Self)
            .map_err(|_| format!("`{text}` is not a duration"))
    }
}

/// Writes one number with the longest unit that divides the duration.
impl fmt::Display for ConfigDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let divides = |unit_nanos: u128| nanos >= unit_nanos && nanos.is_multiple_of(unit_nanos);
        match UNITS.into_iter().find(|(unit_nanos, _)| divides(*unit_nanos)) {
            Some((unit_nanos, unit)) => write!(f, "{}{unit}", nanos / unit_nanos),
            None => f.write_str("0s"),
        }
    }
}

impl Serialize for ConfigDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ConfigDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl ConfigValue for ConfigDuration {
    const SCHEMA: Schema = Schema::Value(
        Syntax::Text,
        "duration such as `500ms`, `30s`, `5m`, `12h` or `7d`",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_display_round_trips_spelling() {
        for text in [
            "7d", "12h", "5m", "30s", "500ms", "90s", "36h", "0s", "3us", "7ns",
        ] {
            assert_eq!(text.parse::<ConfigDuration>().unwrap().to_string(), text);
        }
        let combined = "1h 30m".parse::<ConfigDuration>().unwrap();
        assert_eq!(combined.to_string(), "90m");
    }

    #[test]
    fn duration_without_unit_or_out_of_range_is_rejected() {
        for text in [
            "",
            "7",
            "d",
            "-1s",
            "99999999999999999999d",
            "soon",
            "7 fortnights",
        ] {
            let error = text.parse::<ConfigDuration>().unwrap_err();
            assert_eq!(error, format!("`{text}` is not a duration"));
        }
    }
}
