//! The canonical form of a Pro user's e-mail address.

use std::str::FromStr;

use mayfly_types::DomainName;

use crate::error::Error;

/// RFC 5321 4.5.3.1.3: a path of 256 octets, without its angle brackets.
const MAX_BYTES: usize = 254;

/// RFC 5321 4.5.3.1.1.
const MAX_LOCAL_BYTES: usize = 64;

/// An address in ASCII and lower case, without quoted local part or address literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email(String);

impl Email {
    pub(crate) fn into_string(self) -> String {
        self.0
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = Error;

    /// Folds the case of ASCII letters only. If a Unicode letter could become an ASCII one, two people could share an account.
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim().to_ascii_lowercase();
        let (local, domain) = text.split_once('@').ok_or(Error::InvalidAddress)?;
        let is_atom = |atom: &str| {
            !atom.is_empty()
                && atom
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
        };
        let is_local = local.len() <= MAX_LOCAL_BYTES && local.split('.').all(is_atom);
        // Parsing a domain name trims it, so the result is compared with the input.
        let is_domain = domain
            .parse::<DomainName>()
            .is_ok_and(|name| name.as_str() == domain);
        if text.len() > MAX_BYTES || !is_local || !is_domain {
            return Err(Error::InvalidAddress);
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_email_folds_case_and_rejects_invalid_forms() {
        for text in ["o'neil+x@Example.COM", " O'Neil+X@example.com\n"] {
            assert_eq!(text.parse::<Email>().unwrap().as_str(), "o'neil+x@example.com");
        }
        let long_domain = ["a".repeat(63), "b".repeat(63), "c".repeat(57)].join(".");
        let longest = format!("{}@{long_domain}.test", "l".repeat(64));
        assert_eq!(longest.len(), 255);
        assert!(longest[1..].parse::<Email>().is_ok());
        let refused = [
            longest.as_str(),
            "",
            "@",
            "ann",
            "ann@",
            "@example.com",
            "ann@@example.com",
            "ann@example.com@example.com",
            "ann@ example.com",
            "ann @example.com",
            ".ann@example.com",
            "ann.@example.com",
            "a..nn@example.com",
            "ann@example.com.",
            "ann@[127.0.0.1]",
            "\"ann\"@example.com",
            "ann\0@example.com",
            "ann\r\n@example.com",
            "m\u{131}ke@example.com",
            "mi\u{212a}e@example.com",
            "\u{ff4d}ike@example.com",
            "jos\u{e9}@example.com",
            "ann@ex\u{e4}mple.com",
        ];
        for text in refused {
            assert!(text.parse::<Email>().is_err(), "{text:?}");
        }
    }
}
