//! One message as a query sees it.

use std::collections::HashSet;

use time::OffsetDateTime;

use crate::{
    condition::{Condition, Field, Flag, Needle, Phrase},
    fold::fold,
    words::{cut, is_dense, is_word_char, words},
};

/// The longest text of a mail that is searched, in bytes. Of a longer one it is the beginning.
const MAX_BODY_BYTES: usize = 256 << 10;
/// The most words of a mail in an index, each counted once in a column. Sender, recipients, subject and file names come first.
const MAX_WORDS: usize = 4096;

/// A column of an index: a text whose words it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The subject.
    Subject,
    /// The From field and the envelope sender.
    Sender,
    /// To, Cc and the envelope recipients.
    Recipients,
    /// The names of attachments.
    Files,
    /// The text.
    Body,
}

impl Column {
    /// Every column, in the order in which they fill an index.
    pub const ALL: [Self; 5] = [
        Self::Subject,
        Self::Sender,
        Self::Recipients,
        Self::Files,
        Self::Body,
    ];

    /// Returns the column of a field: `Some(None)` is any of them, `None` says that no column holds the field.
    pub(crate) const fn of(field: Field) -> Option<Option<Self>> {
        Some(match field {
            Field::Any => None,
            Field::From => Some(Self::Sender),
            Field::To => Some(Self::Recipients),
            Field::Subject => Some(Self::Subject),
            Field::Filename => Some(Self::Files),
            Field::Body => Some(Self::Body),
            Field::Cc | Field::Bcc | Field::ReplyTo | Field::Addressed | Field::MessageId => return None,
        })
    }
}

/// The texts of a message.
#[derive(Debug, Clone, Default)]
pub struct Texts<'a> {
    /// The From field and the envelope sender.
    pub from: Vec<&'a str>,
    /// To.
    pub to: Vec<&'a str>,
    /// Cc.
    pub cc: Vec<&'a str>,
    /// The addresses of To and Cc, without names.
    pub visible_recipients: Vec<&'a str>,
    /// The envelope recipients.
    pub envelope_to: Vec<&'a str>,
    /// Reply-To.
    pub reply_to: Vec<&'a str>,
    /// The subject.
    pub subject: &'a str,
    /// Message-ID.
    pub message_id: &'a str,
    /// The names of attachments.
    pub files: Vec<&'a str>,
    /// The text.
    pub body: &'a str,
}

/// What else is known of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flags {
    /// What it has.
    pub has: Vec<Flag>,
    /// Whether it is marked as read.
    pub is_read: bool,
    /// Its size.
    pub size_bytes: i64,
    /// When it arrived.
    pub received_at: OffsetDateTime,
    /// The id of its mailbox, in lower case.
    pub mailbox_id: String,
    /// The address of its mailbox.
    pub address: String,
    /// The name of its sandbox.
    pub sandbox: Option<String>,
}

/// A message, folded.
#[derive(Debug)]
pub struct Document {
    from: String,
    to: String,
    cc: String,
    bcc: String,
    reply_to: String,
    subject: String,
    body: String,
    files: String,
    message_id: String,
    flags: Flags,
    /// Words by column, in the order of [`Column::ALL`].
    words: [HashSet<String>; 5],
}

impl Document {
    /// Folds and splits the texts of a message.
    #[must_use]
    pub fn new(texts: &Texts<'_>, flags: Flags) -> Self {
        let to = fold_each(texts.to.iter().chain(&texts.cc).chain(&texts.envelope_to));
        let visible: HashSet<String> = texts
            .visible_recipients
            .iter()
            .map(|address| fold(address))
            .collect();
        let is_hidden = |address: &&&str| !visible.contains(&fold(address));
        let mut document = Self {
            from: fold_each(&texts.from),
            to,
            cc: fold_each(&texts.cc),
            bcc: fold_each(texts.envelope_to.iter().filter(is_hidden)),
            reply_to: fold_each(&texts.reply_to),
            subject: fold(texts.subject),
            body: fold(&texts.body[..texts.body.floor_char_boundary(MAX_BODY_BYTES)]),
            files: fold_each(&texts.files),
            message_id: fold(texts.message_id),
            flags,
            words: Default::default(),
        };
        document.words = document.index();
        document
    }

    fn index(&self) -> [HashSet<String>; 5] {
        let mut room = MAX_WORDS;
        Column::ALL.map(|column| {
            let mut found = HashSet::new();
            for word in words(self.text(column)) {
                if room == 0 {
                    break;
                }
                if !found.contains(word) {
                    room -= 1;
                    found.insert(word.to_owned());
                }
            }
            found
        })
    }

    /// Returns the words of a column.
    #[must_use]
    pub fn words(&self, column: Column) -> &HashSet<String> {
        &self.words[column as usize]
    }

    fn text(&self, column: Column) -> &str {
        match column {
            Column::Sender => &self.from,
            Column::Recipients => &self.to,
            Column::Subject => &self.subject,
            Column::Files => &self.files,
            Column::Body => &self.body,
        }
    }

    pub(crate) fn fulfils(&self, condition: &Condition) -> bool {
        let flags = &self.flags;
        match condition {
            Condition::Text(field, needle) => self.contains(*field, needle),
            Condition::In(name) => {
                fold(&flags.address) == *name
                    || flags
                        .sandbox
                        .as_ref()
                        .is_some_and(|sandbox| fold(sandbox) == *name)
            }
            Condition::InMailbox(id) => flags.mailbox_id == *id,
            Condition::Has(flag) => flags.has.contains(flag),
            Condition::IsRead(is_read) => flags.is_read == *is_read,
            Condition::Larger(bytes) => flags.size_bytes > *bytes,
            Condition::Smaller(bytes) => flags.size_bytes < *bytes,
            Condition::After(time) => flags.received_at >= *time,
            Condition::Before(time) => flags.received_at <= *time,
        }
    }

    fn contains(&self, field: Field, needle: &Needle) -> bool {
        match Column::of(field) {
            Some(Some(column)) => self.column_contains(column, needle),
            Some(None) => Column::ALL
                .iter()
                .any(|column| self.column_contains(*column, needle)),
            None => match field {
                Field::Cc => text_contains(&self.cc, needle),
                Field::Bcc => text_contains(&self.bcc, needle),
                Field::ReplyTo => text_contains(&self.reply_to, needle),
                Field::MessageId => text_contains(&self.message_id, needle),
                _ => [&self.from, &self.to, &self.reply_to]
                    .iter()
                    .any(|text| text_contains(text, needle)),
            },
        }
    }

    fn column_contains(&self, column: Column, needle: &Needle) -> bool {
        let indexed = self.words(column);
        match needle {
            Needle::Word(word) => indexed.contains(cut(word)),
            Needle::Prefix(prefix) => indexed.iter().any(|word| word.starts_with(cut(prefix))),
            Needle::Phrase(phrase) => {
                // Words beyond the bounds of the index are not found, by a scan neither.
                let mut words = phrase.words().into_iter();
                words.all(|(word, is_prefix)| match is_prefix {
                    true => indexed.iter().any(|other| other.starts_with(word)),
                    false => indexed.contains(word),
                }) && phrase.is_in(self.text(column))
            }
        }
    }
}

/// Folds texts that a phrase does not span.
fn fold_each<'a>(texts: impl IntoIterator<Item = &'a &'a str>) -> String {
    let folded: Vec<String> = texts.into_iter().map(|text| fold(text)).collect();
    folded.join("\n")
}

fn text_contains(folded: &str, needle: &Needle) -> bool {
    match needle {
        Needle::Word(wanted) => words(folded).any(|word| word == cut(wanted)),
        Needle::Prefix(prefix) => words(folded).any(|word| word.starts_with(cut(prefix))),
        Needle::Phrase(phrase) => phrase.is_in(folded),
    }
}

/// Returns whether two neighbours are of one word. In a script without spaces the words are unknown.
fn is_joined(before: char, after: char) -> bool {
    [before, after].iter().all(|c| is_word_char(*c) && !is_dense(*c))
}

impl Phrase {
    /// Returns whether a folded text contains the phrase.
    fn is_in(&self, folded: &str) -> bool {
        folded.match_indices(&self.text).any(|(at, _)| {
            let (before, after) = (&folded[..at], &folded[at + self.text.len()..]);
            let first = self.text.chars().next();
            let last = self.text.chars().next_back();
            let is_apart = |inner: Option<char>, outer: Option<char>| match (inner, outer) {
                (Some(inner), Some(outer)) => !is_joined(inner, outer),
                _ => true,
            };
            (!self.begins_word || is_apart(first, before.chars().next_back()))
                && (!self.ends_word || is_apart(last, after.chars().next()))
        })
    }
}
