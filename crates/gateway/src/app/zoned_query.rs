//! A query of a search as use cases take it.

/// A query, and the time zone of the days in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ZonedQuery {
    pub(crate) text: String,
    /// A name of IANA.
    pub(crate) time_zone: String,
}
