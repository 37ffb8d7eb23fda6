//! What a query can ask of a message.

use std::str::FromStr;

use time::OffsetDateTime;

/// A text of a message that a query can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Sender, recipients, subject, file names or text.
    Any,
    /// The From field and the envelope sender.
    From,
    /// To, Cc and the envelope recipients.
    To,
    /// Cc.
    Cc,
    /// Envelope recipients that are neither in To nor in Cc.
    Bcc,
    /// Reply-To.
    ReplyTo,
    /// Every sender and recipient.
    Addressed,
    /// The subject.
    Subject,
    /// The text.
    Body,
    /// The names of attachments.
    Filename,
    /// Message-ID.
    MessageId,
}

impl FromStr for Field {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Ok(match name {
            "from" => Self::From,
            "to" => Self::To,
            "cc" => Self::Cc,
            "bcc" => Self::Bcc,
            "reply-to" => Self::ReplyTo,
            "addressed" => Self::Addressed,
            "subject" => Self::Subject,
            "body" => Self::Body,
            "filename" => Self::Filename,
            "message-id" => Self::MessageId,
            _ => return Err(()),
        })
    }
}

/// Something that a message has or has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// An attachment.
    Attachment,
    /// A part that the mail asks to show in place.
    Inline,
    /// An HTML body.
    Html,
    /// A one-time code.
    Code,
    /// A link.
    Link,
}

impl FromStr for Flag {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Ok(match name {
            "attachment" => Self::Attachment,
            "inline" => Self::Inline,
            "html" => Self::Html,
            "code" => Self::Code,
            "link" => Self::Link,
            _ => return Err(()),
        })
    }
}

/// What is looked for in a text. All texts are folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needle {
    /// A whole word.
    Word(String),
    /// The beginning of a word.
    Prefix(String),
    /// A part of the text.
    Phrase(Phrase),
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// What is looked for, folded.
    pub text: String,
    /// Its first word is not the end of a longer word.
    pub begins_word: bool,
    /// Its last word is not the beginning of a longer word.
    pub ends_word: bool,
}

/// One condition of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A text contains something.
    Text(Field, Needle),
    /// The message is in the mailbox with an address, or in the sandbox with a name.
    In(String),
    /// The message is in the mailbox or sandbox with an id, which no name can be mistaken for.
    InMailbox(String),
    /// The message has something.
    Has(Flag),
    /// The message is marked as read, or not.
    IsRead(bool),
    /// The message has more bytes.
    Larger(i64),
    /// The message has fewer bytes.
    Smaller(i64),
    /// The message arrived at this time or later.
    After(OffsetDateTime),
    /// The message arrived at this time or earlier.
    Before(OffsetDateTime),
}
