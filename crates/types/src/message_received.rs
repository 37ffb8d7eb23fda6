//! The event that processes publish when a message is stored.

use std::{fmt, str::FromStr};

use crate::{AccountId, InvalidId, MessageId, UserId};

/// A message was stored. The event contains only ids; subscribers that may read the message fetch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageReceived {
    /// The mailbox.
    pub account_id: AccountId,
    /// The Pro user who owns it.
    pub owner: Option<UserId>,
    /// The message.
    pub message_id: MessageId,
}

impl fmt::Display for MessageReceived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.account_id, self.message_id)?;
        match self.owner {
            Some(owner) => write!(f, " {owner}"),
            None => Ok(()),
        }
    }
}

impl FromStr for MessageReceived {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let mut words = text.split(' ');
        let event = Self {
            account_id: words.next().ok_or(InvalidId)?.parse()?,
            message_id: words.next().ok_or(InvalidId)?.parse()?,
            owner: words.next().map(str::parse).transpose()?,
        };
        match words.next() {
            Some(_) => Err(InvalidId),
            None => Ok(event),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, SystemClock};

    #[test]
    fn display_and_parse_round_trip() {
        let now = SystemClock.now();
        let mut event = MessageReceived {
            account_id: AccountId::new(now),
            owner: None,
            message_id: MessageId::new(now),
        };
        assert_eq!(event.to_string().parse(), Ok(event));
        event.owner = Some(UserId::new(now));
        assert_eq!(event.to_string().parse(), Ok(event));
        for text in ["", "x", "x y", &format!("{event} z")] {
            assert_eq!(text.parse::<MessageReceived>(), Err(InvalidId), "{text}");
        }
    }
}
