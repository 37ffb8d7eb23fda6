//! What a session asks of its driver, and what it is told.

use mayfly_types::Address;

use crate::data_reader::Content;

/// What the session needs next.
#[derive(Debug)]
pub enum Step {
    /// Write the replies, then read more input.
    Read,
    /// Look up a recipient and tell [`Session::recipient_resolved`].
    Resolve {
        /// The canonical address.
        address: Address,
        /// The announced size of the mail, else 0.
        size_bytes: u64,
    },
    /// Store a mail and tell [`Session::delivered`].
    Deliver(Mail),
    /// Write the replies, begin TLS, then tell [`Session::tls_started`]. Input that came before TLS is already dropped.
    StartTls,
    /// Write the replies and end the connection.
    Close {
        /// Whether the client may still be talking: then its words are read and dropped, so that it sees the reply.
        lingers: bool,
    },
}

/// A whole mail with its envelope.
#[derive(Debug)]
pub struct Mail {
    /// The sender, empty for the null sender.
    pub sender: String,
    /// The account ids of the recipients.
    pub recipients: Vec<String>,
    /// The message.
    pub content: Content,
}

/// What a look-up of a recipient found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A mailbox with room, by its account id.
    Known(String),
    /// No mailbox.
    Unknown,
    /// A mailbox without room.
    Full,
    /// The announced size can never be taken.
    TooLarge,
    /// It could not be found out.
    Unavailable,
}

/// How storing a mail ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It is durable, under this message id.
    Stored(String),
    /// A mailbox has no room.
    Full,
    /// It can never be taken.
    TooLarge,
    /// It could not be stored now.
    Unavailable,
}

/// A transaction that got its last reply, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The domain of the sender; empty for the null sender.
    pub sender_domain: String,
    /// How many recipients it had.
    pub recipients: usize,
    /// The size of the message.
    pub size_bytes: u64,
    /// The code of the last reply.
    pub code: u16,
}
