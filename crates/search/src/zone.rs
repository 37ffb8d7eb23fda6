//! Time zones: when a day begins.

use std::sync::LazyLock;

use jiff::{
    civil,
    tz::{TimeZone, TimeZoneDatabase},
};
use time::{Date, OffsetDateTime};

/// The rules of IANA, embedded: every process knows the same zones.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The time zone of the days in a query; UTC by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// Returns the zone with a name of IANA, such as `Europe/Berlin`, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        DATABASE.get(name).ok().map(Self)
    }

    /// Returns the name of the zone.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Returns the first moment of a day: not always midnight, which a change of clocks can leave out or repeat.
    pub(crate) fn start_of(&self, day: Date) -> Option<OffsetDateTime> {
        let (year, month) = (
            i16::try_from(day.year()).ok()?,
            i8::try_from(u8::from(day.month())).ok()?,
        );
        let day = civil::Date::new(year, month, i8::try_from(day.day()).ok()?).ok()?;
        let start = day.to_zoned(self.0.clone()).ok()?;
        OffsetDateTime::from_unix_timestamp(start.timestamp().as_second()).ok()
    }
}
