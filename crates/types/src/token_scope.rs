//! What a Pro API token may do: scopes, and sets of them as bits, which are what is stored and sent.

use std::{fmt, str::FromStr};

/// The text names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope")]
pub struct UnknownScope;

macro_rules! scopes {
    ($($(#[$doc:meta])* $variant:ident = $bit:literal, $name:literal;)+) => {
        /// One thing that a Pro API token may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum TokenScope {
            $($(#[$doc])* $variant,)+
        }

        impl TokenScope {
            /// Every scope, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Returns the name in the API. It never changes.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Returns the bit in a set. It never changes: sets are stored.
            const fn bit(self) -> u64 {
                match self {
                    $(Self::$variant => 1 << $bit,)+
                }
            }
        }

        impl FromStr for TokenScope {
            type Err = UnknownScope;

            fn from_str(name: &str) -> Result<Self, UnknownScope> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(UnknownScope),
                }
            }
        }
    };
}

scopes! {
    /// List mailboxes.
    AccountsRead = 0, "accounts:read";
    /// Create and delete mailboxes, and set their passwords.
    AccountsWrite = 1, "accounts:write";
    /// List, read, search and follow messages.
    MessagesRead = 2, "messages:read";
    /// Mark and delete messages.
    MessagesWrite = 3, "messages:write";
    /// List sandboxes, and read their messages.
    SandboxRead = 4, "sandbox:read";
    /// Create, change and delete sandboxes, and delete their messages.
    SandboxWrite = 5, "sandbox:write";
    /// Log in over SMTP and send mail to sandboxes.
    SandboxSend = 6, "sandbox:send";
    /// List domains.
    DomainsRead = 7, "domains:read";
    /// Add, verify, change and delete domains.
    DomainsWrite = 8, "domains:write";
    /// List webhooks and their deliveries.
    WebhooksRead = 9, "webhooks:read";
    /// Create, change, test and delete webhooks.
    WebhooksWrite = 10, "webhooks:write";
    /// Make deliveries fail on purpose.
    FaultsWrite = 11, "faults:write";
    /// Read the usage of the user.
    UsageRead = 12, "usage:read";
    /// Read the audit log of the user.
    AuditRead = 13, "audit:read";
}

impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TokenScopes(u64);

impl TokenScopes {
    /// Every scope that a token can have.
    pub const ALL: Self = {
        let (mut bits, mut index) = (0, 0);
        while index < TokenScope::ALL.len() {
            bits |= TokenScope::ALL[index].bit();
            index += 1;
        }
        Self(bits)
    };

    /// Reads a stored set. Bits of a later version grant nothing here.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// Returns the bits.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Returns whether a scope is in the set.
    #[must_use]
    pub const fn contains(self, scope: TokenScope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Lists the scopes, in the order of the documentation.
    pub fn iter(self) -> impl Iterator<Item = TokenScope> {
        let scopes = TokenScope::ALL.iter().copied();
        scopes.filter(move |scope| self.contains(*scope))
    }
}

impl fmt::Debug for TokenScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl FromIterator<TokenScope> for TokenScopes {
    fn from_iter<I: IntoIterator<Item = TokenScope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scopes_have_distinct_bits_and_names_that_parse() {
        let bits: HashSet<u64> = TokenScope::ALL.iter().map(|scope| scope.bit()).collect();
        assert_eq!(bits.len(), TokenScope::ALL.len());
        for scope in TokenScope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(*scope));
        }
        assert_eq!("tokens:write".parse::<TokenScope>(), Err(UnknownScope));
        // Stored: a change would give tokens other rights.
        assert_eq!(TokenScopes::ALL.bits(), 0x3fff);
        assert_eq!(TokenScopes::from_iter([TokenScope::MessagesRead]).bits(), 4);
    }

    proptest! {
        #[test]
        fn larger_set_allows_whatever_a_smaller_one_allows(small in any::<u64>(), more in any::<u64>()) {
            let (small, large) = (TokenScopes::from_bits(small), TokenScopes::from_bits(small | more));
            prop_assert!(small.iter().all(|scope| large.contains(scope)));
            prop_assert_eq!(TokenScopes::from_bits(small.bits()), small);
            prop_assert_eq!(small.iter().collect::<TokenScopes>(), small);
        }
    }
}
