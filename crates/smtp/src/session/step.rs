//! The actions that a session requests from its driver, and their results.

use std::fmt;

use mayfly_types::{AccountId, Address, SandboxId, UserId};
use zeroize::Zeroizing;

use crate::data_reader::Content;

/// The next action of the driver.
#[derive(Debug)]
pub enum Step {
    /// Write the replies, then read more input.
    Read,
    /// Look up a recipient, then call [`Session::recipient_resolved`].
    Resolve {
        /// The canonical address.
        address: Address,
        /// The announced size of the mail, or 0.
        size_bytes: u64,
        /// The sender, empty for the null sender.
        sender: String,
    },
    /// Check a login, then call [`Session::authenticated`].
    Authenticate(Login),
    /// Store a mail, then call [`Session::delivered`].
    Deliver(Mail),
    /// Write the replies, begin TLS, then call [`Session::tls_started`]. Input from before TLS is already discarded.
    StartTls,
    /// Write the replies and close the connection.
    Close {
        /// Whether the client may still be sending. Its input is then read and discarded, so that it can read the reply.
        lingers: bool,
    },
}

/// A complete mail with its envelope.
#[derive(Debug)]
pub struct Mail {
    /// The sender, empty for the null sender.
    pub sender: String,
    /// Who it is for.
    pub recipients: Recipients,
    /// The message.
    pub content: Content,
}

/// Who a mail is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipients {
    /// Mailboxes, by their account ids.
    Mailboxes(Vec<AccountId>),
    /// The sandbox of a client that has logged in.
    Sandbox {
        /// The client.
        submitter: Submitter,
        /// The recipients as written.
        addresses: Vec<String>,
        /// The name that the client has for itself.
        helo: String,
        /// Whether the session is inside TLS.
        is_tls: bool,
    },
}

impl Recipients {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Mailboxes(ids) => ids.len(),
            Self::Sandbox { addresses, .. } => addresses.len(),
        }
    }
}

/// With what a client logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// A user name and a password.
    Password(Credentials),
    /// Nothing: the server is open.
    Open,
}

/// A user name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([hidden])")
    }
}

/// A client that has logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitter {
    /// The Pro user whose mail it sends.
    pub owner: UserId,
    /// The sandbox that captures it.
    pub sandbox: SandboxId,
    /// The id of the password; `None` where none is needed.
    pub credential: Option<String>,
}

/// The result of checking a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// It is valid.
    Accepted(Submitter),
    /// It is not.
    Rejected,
    /// The client has failed too often, or sent too many mails.
    Limited,
    /// The check failed.
    Unavailable,
}

/// The result of looking up a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// A mailbox with room, by its account id.
    Found(AccountId),
    /// No mailbox.
    Unknown,
    /// An operator blocks the sender, the client or the address.
    Blocked,
    /// A mailbox without room.
    Full,
    /// The server has no room.
    StorageFull,
    /// The announced size exceeds the limit.
    TooLarge,
    /// The client has sent, or the mailbox has received, too many mails.
    Limited,
    /// The look-up failed.
    Unavailable,
}

/// The result of storing a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The mail is durable, under this message id.
    Stored(String),
    /// A mailbox has no room.
    Full,
    /// The server has no room.
    StorageFull,
    /// The mail exceeds the size limit.
    TooLarge,
    /// An operator blocks the sender or the client.
    Blocked,
    /// A mailbox has received too many mails.
    Limited,
    /// Storing it failed.
    Unavailable,
}

/// A transaction that got its final reply, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The domain of the sender; empty for the null sender.
    pub sender_domain: String,
    /// The number of recipients.
    pub recipients: usize,
    /// The size of the message.
    pub size_bytes: u64,
    /// The code of the final reply.
    pub code: u16,
}
