//! Rules that the use cases of custom domains share.

use mayfly_database::{DbErr, is_unique_violation};
use mayfly_types::{DomainName, random_bytes};
use time::Duration;

use crate::{error::Error, store::entities::custom_domain};

/// How long a domain can be pending.
pub(super) const PENDING: Duration = Duration::days(7);
/// How long after that the domain answers with `DOMAIN_EXPIRED`.
const EXPIRED: Duration = Duration::days(7);
/// When an unverified domain is removed.
pub(super) const FORGOTTEN: Duration = PENDING.saturating_add(EXPIRED);

/// Creates a verification token of 128 random bits.
pub(super) fn new_token() -> String {
    format!("mayfly-verify-{:032x}", u128::from_be_bytes(random_bytes()))
}

/// Returns the canonical form of a name that a user may add.
///
/// # Errors
/// `InvalidDomain` for a malformed name, a public suffix, an IP address, or a name at or below a system or open domain.
pub(super) fn canonical<'a>(
    text: &str,
    mut system: impl Iterator<Item = &'a DomainName>,
) -> Result<String, Error> {
    let text = text.trim();
    let text = text.strip_suffix('.').unwrap_or(text);
    let ascii = idna::domain_to_ascii_strict(text).map_err(|_| Error::InvalidDomain)?;
    let name: DomainName = ascii.parse().map_err(|_| Error::InvalidDomain)?;
    let name = name.as_str();
    let is_number = name
        .rsplit('.')
        .next()
        .is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    // A suffix has no registrable part.
    if is_number || psl::domain_str(name).is_none() {
        return Err(Error::InvalidDomain);
    }
    let is_under = |system: &DomainName| {
        name.strip_suffix(system.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if system.any(is_under) {
        return Err(Error::InvalidDomain);
    }
    Ok(name.to_owned())
}

/// Returns whether a domain was pending for too long.
pub(super) fn is_expired(domain: &custom_domain::Model, now_ms: i64) -> bool {
    let pending_ms = i64::try_from(PENDING.whole_milliseconds()).unwrap_or(i64::MAX);
    let waits_since_ms = domain.lost_at_ms.unwrap_or(domain.created_at_ms);
    domain.verified_at_ms.is_none() && waits_since_ms.saturating_add(pending_ms) <= now_ms
}

/// Maps the failure to store a name that another user has verified.
pub(super) fn taken(error: DbErr) -> Error {
    if is_unique_violation(&error) {
        Error::DomainAlreadyExists
    } else {
        error.into()
    }
}

#[cfg(test)]
mod tests;
