//! The canonical form of an e-mail address, used by sign-up, sign-in and RCPT.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The address of a mailbox: ASCII, lower case, `local@domain`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    text: String,
    at: usize,
}

/// The text is not a valid mailbox address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a mailbox address: 1 to 64 of a-z 0-9 . _ + - before the @, and a domain name after it")]
pub struct InvalidAddress;

impl Address {
    /// Returns the part before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        &self.text[..self.at]
    }

    /// Returns the part after the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// Returns the whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    /// Trims and lower-cases ASCII letters, and rejects any character that is not allowed. Only ASCII is folded: no Unicode
    /// letter may become an ASCII one (the Kelvin sign lower-cases to `k`).
    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let text = text.trim().to_ascii_lowercase();
        let at = text.find('@').ok_or(InvalidAddress)?;
        let (local, domain) = (&text[..at], &text[at + 1..]);
        let is_local_char =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._+-".contains(&byte);
        let is_local = (1..=64).contains(&local.len())
            && local.bytes().all(is_local_char)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        if !is_local || !is_domain_name(domain) {
            return Err(InvalidAddress);
        }
        Ok(Self { at, text })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A domain name in lower case, as in an address: letters, digits and hyphens between dots, no trailing dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

impl From<DomainName> for String {
    fn from(name: DomainName) -> Self {
        name.0
    }
}

impl TryFrom<String> for DomainName {
    type Error = InvalidDomainName;

    fn try_from(text: String) -> Result<Self, InvalidDomainName> {
        text.parse()
    }
}

impl DomainName {
    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is not a domain name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a domain name")]
pub struct InvalidDomainName;

impl FromStr for DomainName {
    type Err = InvalidDomainName;

    fn from_str(text: &str) -> Result<Self, InvalidDomainName> {
        let name = text.trim().to_ascii_lowercase();
        if is_domain_name(&name) {
            Ok(Self(name))
        } else {
            Err(InvalidDomainName)
        }
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// RFC 1035 with RFC 1123: labels of 1 to 63 letters, digits and inner hyphens; 253 octets in all.
fn is_domain_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (1..=253).contains(&name.len()) && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parse_address_folds_case_and_rejects_other_text() {
        let plain: Address = "mike.o_k+tag-1@mayfly.test".parse().unwrap();
        for text in ["  Mike.O_K+Tag-1@MAYFLY.test\n", "MIKE.O_K+TAG-1@mayfly.TEST"] {
            assert_eq!(text.parse(), Ok(plain.clone()), "{text}");
        }
        assert_eq!(
            (plain.local_part(), plain.domain()),
            ("mike.o_k+tag-1", "mayfly.test")
        );
        let invalid = [
            "m\u{131}ke@mayfly.test",  // dotless i
            "mi\u{212a}e@mayfly.test", // Kelvin sign
            "\u{ff4d}ike@mayfly.test", // fullwidth m
            "jose\u{301}@mayfly.test", // NFD
            "jos\u{e9}@mayfly.test",   // NFC
            "mike@mayfly.test.",       // trailing dot
            "mike@@mayfly.test",
            "mike@x@mayfly.test",
            ".mike@mayfly.test",
            "mike.@mayfly.test",
            "mi..ke@mayfly.test",
            "@mayfly.test",
            "mike",
            "mike@",
            "mi ke@mayfly.test",
            "mike\0@mayfly.test",
            "mike\r\n@mayfly.test",
            "\"mike\"@mayfly.test",
            "mike@[127.0.0.1]",
            "mike@-a.test",
            "",
        ];
        for text in invalid {
            assert_eq!(text.parse::<Address>(), Err(InvalidAddress), "{text:?}");
        }
        assert!(
            format!("{}@mayfly.test", "a".repeat(64))
                .parse::<Address>()
                .is_ok()
        );
        assert!(
            format!("{}@mayfly.test", "a".repeat(65))
                .parse::<Address>()
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn parse_canonical_address_is_identity(text in "\\PC{0,20}@?\\PC{0,20}") {
            if let Ok(address) = text.parse::<Address>() {
                prop_assert_eq!(address.as_str().parse(), Ok(address.clone()));
                prop_assert!(address.as_str().is_ascii());
            }
        }

        #[test]
        fn parse_address_folds_only_case_and_outer_space(a in "[ a-zA-Z0-9._+-]{1,8}@[a-z]{1,3}", b in "[ a-zA-Z0-9._+-]{1,8}@[a-z]{1,3}") {
            if let (Ok(x), Ok(y)) = (a.parse::<Address>(), b.parse::<Address>()) && x == y {
                prop_assert_eq!(a.trim().to_lowercase(), b.trim().to_lowercase());
            }
        }
    }
}
