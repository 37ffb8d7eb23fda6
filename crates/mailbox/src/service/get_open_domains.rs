//! The open domains.

use super::Service;
use crate::config::OPEN_RESERVED_LOCAL_PARTS;

/// What clients of open domains need to know.
#[derive(Debug)]
pub(crate) struct OpenDomains {
    /// The first is the default.
    pub(crate) domains: Vec<String>,
    pub(crate) retention_secs: i64,
    pub(crate) reserved_local_parts: [&'static str; OPEN_RESERVED_LOCAL_PARTS.len()],
}

impl Service {
    /// Returns the domains of open mailboxes, and the rules there.
    pub(crate) fn get_open_domains(&self) -> OpenDomains {
        let secs = self.config.open_retention.0.as_secs();
        OpenDomains {
            domains: self.open_domains.iter().map(ToString::to_string).collect(),
            retention_secs: i64::try_from(secs).unwrap_or(i64::MAX),
            reserved_local_parts: OPEN_RESERVED_LOCAL_PARTS,
        }
    }
}
