//! How sure a result is.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How sure a result is, in hundredths. Its serialized form is a number from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Confidence(u8);

impl Serialize for Confidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 100.0)
    }
}

impl<'de> Deserialize<'de> for Confidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sent = f64::deserialize(deserializer)?;
        let percent = (0..=100).find(|percent| f64::from(*percent) >= sent * 100.0 - 0.5);
        percent
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("a confidence is from 0 to 1"))
    }
}

impl Confidence {
    /// The mail declares it in a form for programs.
    pub(super) const DECLARED: Self = Self(99);
    /// The anchor text and the URL say the same.
    pub(super) const AGREED: Self = Self(98);
    /// The anchor text says it.
    pub(super) const TEXT: Self = Self(92);
    /// The sentence says it.
    pub(super) const SENTENCE: Self = Self(85);
    /// The URL says it.
    pub(super) const ADDRESS: Self = Self(80);
    /// The lines before or the subject say it.
    pub(super) const CONTEXT: Self = Self(60);

    /// Returns the confidence in hundredths, at most 100.
    #[must_use]
    pub fn percent(self) -> u8 {
        self.0
    }

    /// Converts the points of a code above the threshold.
    pub(super) fn of_score(above: i32) -> Self {
        // 60 at the threshold, 90 at 20 points above, 99 from 80 on.
        let percent = match above {
            ..=0 => 60,
            1..=20 => 60 + above * 30 / 20,
            21..=80 => 90 + (above - 20) * 9 / 60,
            _ => 99,
        };
        Self(u8::try_from(percent).unwrap_or(99))
    }
}
