//! What a Pro API token may act on. Limits narrow: each that is named must fit.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{AccountId, Address, DomainName, SandboxId, TokenId, UserId};

/// The most characters of a prefix: those of a local part.
const MAX_PREFIX_CHARS: usize = 64;

/// Limits that no token can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLimits {
    /// Nothing is named.
    #[error("limits: name at least one of accounts, domains, address_prefix and sandboxes")]
    Empty,
    /// A prefix that begins no address.
    #[error("limits.address_prefix: needs 1 to 64 of a-z 0-9 . _ + -")]
    Prefix,
}

/// What a token may act on. An empty list names nothing, and then only what the other limits name is in reach: mailboxes by
/// `accounts`, `domains` and `address_prefix`, sandboxes by `sandboxes`, domains by `domains`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TokenLimits {
    /// Mailboxes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountId>,
    /// Custom domains, and the domains of mailboxes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<DomainName>,
    /// How addresses of mailboxes begin, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_prefix: Option<String>,
    /// Sandboxes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sandboxes: Vec<SandboxId>,
    /// The token that was created with these limits; rotated ones keep it. What it created stays in reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<TokenId>,
}

impl TokenLimits {
    /// Checks limits that a user asks for.
    ///
    /// # Errors
    /// When nothing is named, or the prefix begins no address.
    pub fn validate(&self) -> Result<(), InvalidLimits> {
        if !self.names_mailboxes() && self.sandboxes.is_empty() {
            return Err(InvalidLimits::Empty);
        }
        if self
            .address_prefix
            .as_deref()
            .is_some_and(|prefix| !is_prefix(prefix))
        {
            return Err(InvalidLimits::Prefix);
        }
        Ok(())
    }

    /// Returns whether mailboxes are named, by themselves, by their domain or by a prefix.
    #[must_use]
    pub fn names_mailboxes(&self) -> bool {
        !self.accounts.is_empty() || !self.domains.is_empty() || self.address_prefix.is_some()
    }

    /// Returns whether a custom domain is named.
    #[must_use]
    pub fn allows_domain(&self, name: &str) -> bool {
        self.domains.iter().any(|domain| domain.as_str() == name)
    }

    /// Returns whether a mailbox with an address may be created. With `accounts` none may: a new one is not among them.
    #[must_use]
    pub fn allows_creation(&self, address: &Address) -> bool {
        let prefix = self.address_prefix.as_deref().unwrap_or_default();
        self.accounts.is_empty()
            && (self.domains.is_empty() || self.allows_domain(address.domain()))
            && address.local_part().starts_with(prefix)
    }
}

/// A Pro user, within the limits of the token that acts for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerAccess {
    /// The user.
    pub user: UserId,
    /// `None` reaches everything of the user.
    pub limits: Option<Arc<TokenLimits>>,
}

impl From<UserId> for OwnerAccess {
    fn from(user: UserId) -> Self {
        Self { user, limits: None }
    }
}

impl OwnerAccess {
    /// Returns whether a custom domain is in reach.
    #[must_use]
    pub fn allows_domain(&self, name: &str) -> bool {
        self.limits
            .as_ref()
            .is_none_or(|limits| limits.allows_domain(name))
    }

    /// Returns whether a sandbox is in reach.
    #[must_use]
    pub fn allows_sandbox(&self, id: SandboxId) -> bool {
        self.limits
            .as_ref()
            .is_none_or(|limits| limits.sandboxes.contains(&id))
    }

    /// Returns whether a mailbox with an address may be created.
    #[must_use]
    pub fn allows_creation(&self, address: &Address) -> bool {
        self.limits
            .as_ref()
            .is_none_or(|limits| limits.allows_creation(address))
    }

    /// Returns the token that objects are recorded to be created by: one with limits keeps them in reach.
    #[must_use]
    pub fn creator(&self) -> Option<TokenId> {
        self.limits.as_ref().and_then(|limits| limits.origin)
    }
}

fn is_prefix(prefix: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._+-".contains(&byte);
    (1..=MAX_PREFIX_CHARS).contains(&prefix.len()) && prefix.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(domains: &[&str], prefix: Option<&str>) -> TokenLimits {
        TokenLimits {
            domains: domains.iter().map(|domain| domain.parse().unwrap()).collect(),
            address_prefix: prefix.map(str::to_owned),
            ..TokenLimits::default()
        }
    }

    #[test]
    fn allows_creation_if_every_limit_fits() {
        let address: Address = "ci-1@ci.example".parse().unwrap();
        for (domains, prefix, is_allowed) in [
            (&["ci.example"][..], Some("ci-"), true),
            (&["ci.example"], None, true),
            (&[], Some("ci-"), true),
            (&["other.example", "ci.example"], Some("ci-1"), true),
            (&["other.example"], Some("ci-"), false),
            (&["ci.example"], Some("cd-"), false),
            (&["example"], None, false),
        ] {
            let limits = limits(domains, prefix);
            assert_eq!(limits.allows_creation(&address), is_allowed, "{limits:?}");
        }
        let of_accounts = TokenLimits {
            accounts: vec![AccountId::floor(time::OffsetDateTime::UNIX_EPOCH)],
            ..TokenLimits::default()
        };
        assert!(!of_accounts.allows_creation(&address));
    }

    #[test]
    fn validate_rejects_what_no_token_can_have() {
        assert_eq!(TokenLimits::default().validate(), Err(InvalidLimits::Empty));
        for prefix in ["", "Ci-", "a b", "%", "ä", &"a".repeat(65)] {
            let limits = limits(&[], Some(prefix));
            assert_eq!(limits.validate(), Err(InvalidLimits::Prefix), "{prefix}");
        }
    }

    #[test]
    fn stored_limits_read_back_as_they_were() {
        let limits = limits(&["ci.example"], Some("ci-"));
        let stored = serde_json::to_string(&limits).unwrap();
        assert_eq!(stored, r#"{"domains":["ci.example"],"address_prefix":"ci-"}"#);
        assert_eq!(serde_json::from_str::<TokenLimits>(&stored).unwrap(), limits);
    }
}
