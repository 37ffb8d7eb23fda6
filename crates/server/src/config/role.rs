//! The roles of a process.

use std::{fmt, str::FromStr};

use mayfly_runtime::config::{ConfigValue, Schema, Syntax};

/// A part of Mayfly that can run in a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Gateway,
    Smtp,
    Auth,
    Mailbox,
}

impl Role {
    pub(crate) const ALL: [Self; 4] = [Self::Gateway, Self::Smtp, Self::Auth, Self::Mailbox];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Smtp => "smtp",
            Self::Auth => "auth",
            Self::Mailbox => "mailbox",
        }
    }
}

impl ConfigValue for Role {
    const SCHEMA: Schema = Schema::Value(Syntax::Text, "`gateway`, `smtp`, `auth` or `mailbox`");
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let role = Self::ALL.into_iter().find(|role| role.as_str() == text);
        role.ok_or("unknown role")
    }
}
