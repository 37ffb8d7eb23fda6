//! The events of mailboxes that processes publish on the event bus.

use std::{fmt, str::FromStr};

use crate::{AccountId, InvalidId, MessageId, MessageReceived};

/// Something happened in a mailbox. The event contains only ids; subscribers that may read the object fetch it. All but the first
/// are hints: they can be lost, and nothing repeats them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailboxEvent {
    /// A message was stored.
    MessageReceived(MessageReceived),
    /// A message was marked as read or as unread.
    MessageChanged(AccountId, MessageId),
    /// A message was deleted by its mailbox or the owner of that.
    MessageDeleted(AccountId, MessageId),
    /// A mailbox was deleted.
    AccountDeleted(AccountId),
}

const CHANGED: &str = "changed";
const DELETED: &str = "deleted";
const ACCOUNT_DELETED: &str = "account-deleted";

impl fmt::Display for MailboxEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MessageReceived(received) => received.fmt(f),
            Self::MessageChanged(account, message) => write!(f, "{CHANGED} {account} {message}"),
            Self::MessageDeleted(account, message) => write!(f, "{DELETED} {account} {message}"),
            Self::AccountDeleted(account) => write!(f, "{ACCOUNT_DELETED} {account}"),
        }
    }
}

impl FromStr for MailboxEvent {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let mut words = text.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some(CHANGED), Some(account), Some(message), None) => {
                Ok(Self::MessageChanged(account.parse()?, message.parse()?))
            }
            (Some(DELETED), Some(account), Some(message), None) => {
                Ok(Self::MessageDeleted(account.parse()?, message.parse()?))
            }
            (Some(ACCOUNT_DELETED), Some(account), None, None) => Ok(Self::AccountDeleted(account.parse()?)),
            _ => text.parse().map(Self::MessageReceived),
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
        let (account_id, message_id) = (AccountId::new(now), MessageId::new(now));
        let received = MessageReceived {
            account_id,
            owner: None,
            message_id,
        };
        for event in [
            MailboxEvent::MessageReceived(received),
            MailboxEvent::MessageChanged(account_id, message_id),
            MailboxEvent::MessageDeleted(account_id, message_id),
            MailboxEvent::AccountDeleted(account_id),
        ] {
            assert_eq!(event.to_string().parse(), Ok(event));
            assert_eq!(format!("{event} x y").parse::<MailboxEvent>(), Err(InvalidId));
        }
        // An earlier version receives nothing else, and ignores what it cannot parse.
        let changed = MailboxEvent::MessageChanged(account_id, message_id);
        assert_eq!(changed.to_string().parse::<MessageReceived>(), Err(InvalidId));
    }
}
