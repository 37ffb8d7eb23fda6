//! What the use cases of custom domains share: a domain as its user sees it.

use mayfly_database::is_unique_violation;
use mayfly_types::{DomainName, UserId, random_bytes};
use time::Duration;

use crate::{error::Error, store::entities::custom_domain};

/// How long a domain may wait for its verification.
pub(super) const PENDING: Duration = Duration::days(7);
/// How long after that it is told that it has waited too long.
const EXPIRED: Duration = Duration::days(7);
/// After how long in all a domain is removed that is not verified.
pub(crate) const FORGOTTEN: Duration = PENDING.saturating_add(EXPIRED);

/// Makes what proves a domain to be a user's: 128 random bits.
pub(super) fn new_token() -> String {
    format!("mayfly-verify-{:032x}", u128::from_be_bytes(random_bytes()))
}

/// Reads the user that asks. What is no id has nothing.
pub(super) fn user(user_id: &str) -> Result<UserId, Error> {
    user_id.parse().map_err(|_| Error::NotFound)
}

/// Returns the one form of a name that a user may bring along.
///
/// # Errors
/// `InvalidDomain` for what is no domain name, a public suffix, an address, or a system domain and what is under one.
pub(super) fn canonical(text: &str, system: &[DomainName]) -> Result<String, Error> {
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
    if system.iter().any(is_under) {
        return Err(Error::InvalidDomain);
    }
    Ok(name.to_owned())
}

/// Tells whether a domain has waited too long.
pub(super) fn is_expired(domain: &custom_domain::Model, now_ms: i64) -> bool {
    let pending_ms = i64::try_from(PENDING.whole_milliseconds()).unwrap_or(i64::MAX);
    let waits_since_ms = domain.lost_at_ms.unwrap_or(domain.created_at_ms);
    domain.verified_at_ms.is_none() && waits_since_ms.saturating_add(pending_ms) <= now_ms
}

/// Tells a name that somebody else has from other failures.
pub(super) fn taken(error: sea_orm::DbErr) -> Error {
    if is_unique_violation(&error) {
        Error::DomainAlreadyExists
    } else {
        error.into()
    }
}

#[cfg(test)]
mod tests;
