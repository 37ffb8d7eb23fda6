//! The names of dialects in the configuration.

use std::{fmt, str::FromStr};

use mayfly_runtime::config::{ConfigValue, Schema, Syntax};

/// A dialect that can be turned off. The bearer API of mail.cx cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// mail.tm: `/accounts`, `/messages` and others below the root.
    MailTm,
    /// mail.td: `/api/accounts/{account}` and `/api/user`.
    MailTd,
    /// mail.cx `/v1`.
    MailCxV1,
}

impl Dialect {
    /// Every dialect that can be turned off.
    pub(crate) const ALL: [Self; 3] = [Self::MailTm, Self::MailTd, Self::MailCxV1];

    fn as_str(self) -> &'static str {
        match self {
            Self::MailTm => "mailtm",
            Self::MailTd => "mailtd",
            Self::MailCxV1 => "mailcx_v1",
        }
    }
}

impl ConfigValue for Dialect {
    const SCHEMA: Schema = Schema::Value(Syntax::Text, "`mailtm`, `mailtd` or `mailcx_v1`");
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Dialect {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let dialect = Self::ALL.into_iter().find(|dialect| dialect.as_str() == text);
        dialect.ok_or("is neither `mailtm` nor `mailtd` nor `mailcx_v1`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_str_accepts_each_name_and_nothing_else() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.to_string().parse(), Ok(dialect));
        }
        for wrong in ["", "MAILTM", "mailcx", "mail.tm"] {
            assert!(wrong.parse::<Dialect>().is_err(), "{wrong}");
        }
    }
}
