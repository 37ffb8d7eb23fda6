//! The actions that a session requests from its driver, and their results.

use mayfly_types::{AccountId, Address};

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
    /// The account ids of the recipients.
    pub recipients: Vec<AccountId>,
    /// The message.
    pub content: Content,
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
