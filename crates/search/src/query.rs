//! A parsed query, and what an index is asked for it.

use crate::{
    condition::{Condition, Field, Needle, Phrase},
    document::{Column, Document},
    words::{Segment, cut, segments, words},
};

/// The shortest beginning of a word that is looked up in an index. A shorter one costs more than it excludes.
const MIN_LOOKUP_CHARS: usize = 3;

/// Conditions that must all hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    terms: Vec<Term>,
}

/// A condition, or its opposite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The condition must not hold.
    pub is_negated: bool,
    /// The condition.
    pub condition: Condition,
}

/// A word that an index holds for every message that a query finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// Where it is; `None` for any column.
    pub column: Option<Column>,
    /// The word, or its beginning.
    pub word: String,
    /// It is the beginning of a word.
    pub is_prefix: bool,
}

impl Query {
    pub(crate) fn new(terms: Vec<Term>) -> Self {
        Self { terms }
    }

    /// Returns the query that every message fulfils.
    pub(crate) fn everything() -> Self {
        Self::default()
    }

    /// Returns the conditions.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Returns whether a message fulfils every condition.
    #[must_use]
    pub fn matches(&self, document: &Document) -> bool {
        let mut terms = self.terms.iter();
        terms.all(|term| document.fulfils(&term.condition) != term.is_negated)
    }

    /// Returns the id of the only mailbox that can have messages that the query finds, if it names one.
    #[must_use]
    pub fn mailbox_id(&self) -> Option<&str> {
        let mut wanted = self.terms.iter().filter(|term| !term.is_negated);
        wanted.find_map(|term| match &term.condition {
            Condition::InMailbox(id) => Some(id.as_str()),
            _ => None,
        })
    }

    /// Returns what an index must hold of a message that the query finds. An index can hold it of others too.
    #[must_use]
    pub fn lookups(&self) -> Vec<Lookup> {
        let wanted = self.terms.iter().filter(|term| !term.is_negated);
        wanted.flat_map(|term| lookups_of(&term.condition)).collect()
    }

    /// Returns the conditions that are still open for a message that an index found by [`Query::lookups`]. `is_exact` says for
    /// which columns the index knows the words.
    #[must_use]
    pub fn without_lookups(&self, is_exact: impl Fn(Option<Column>) -> bool) -> Self {
        let is_open = |term: &&Term| match &term.condition {
            Condition::Text(field, Needle::Word(_) | Needle::Prefix(_)) if !term.is_negated => {
                !Column::of(*field).is_some_and(&is_exact)
            }
            _ => true,
        };
        Self::new(self.terms.iter().filter(is_open).cloned().collect())
    }

    /// Returns the conditions that can be checked without the bytes of the mail.
    #[must_use]
    pub fn without_mail(&self) -> Self {
        let is_known = |term: &&Term| !term.condition.needs_mail();
        Self::new(self.terms.iter().filter(is_known).cloned().collect())
    }

    /// Returns whether a condition can only be checked with the bytes of the mail. The others depend on what a store knows of
    /// every message: sender, subject, size, time, whether it is read, its codes and links, and its mailbox.
    #[must_use]
    pub fn needs_mail(&self) -> bool {
        self.terms.iter().any(|term| term.condition.needs_mail())
    }
}

impl Condition {
    fn needs_mail(&self) -> bool {
        use crate::condition::Flag;
        match self {
            Self::Text(Field::From | Field::Subject, _) => false,
            Self::Text(..) | Self::Has(Flag::Attachment | Flag::Inline | Flag::Html) => true,
            Self::Has(Flag::Code | Flag::Link)
            | Self::In(_)
            | Self::InMailbox(_)
            | Self::IsRead(_)
            | Self::Larger(_)
            | Self::Smaller(_)
            | Self::After(_)
            | Self::Before(_) => false,
        }
    }
}

fn lookups_of(condition: &Condition) -> Vec<Lookup> {
    let Condition::Text(field, needle) = condition else {
        return Vec::new();
    };
    let column = match field {
        // The recipients of the index are those of To, Cc and the envelope together.
        Field::Cc | Field::Bcc => Some(Column::Recipients),
        Field::ReplyTo | Field::Addressed | Field::MessageId => return Vec::new(),
        field => match Column::of(*field) {
            Some(column) => column,
            None => return Vec::new(),
        },
    };
    let lookup = |word: &str, is_prefix| Lookup {
        column,
        word: word.to_owned(),
        is_prefix,
    };
    match needle {
        Needle::Word(word) => vec![lookup(cut(word), false)],
        Needle::Prefix(word) => vec![lookup(cut(word), true)],
        Needle::Phrase(phrase) => {
            let words = phrase.words();
            words
                .into_iter()
                .map(|(word, is_prefix)| lookup(word, is_prefix))
                .collect()
        }
    }
}

impl Phrase {
    /// Returns words, and beginnings of words, of every text that contains the phrase.
    pub(crate) fn words(&self) -> Vec<(&str, bool)> {
        let mut found = Vec::new();
        for segment in segments(&self.text) {
            // What stands before or after the phrase in a text can belong to its first and last word.
            let is_begun = segment.start > 0 || self.begins_word;
            let is_ended = segment.end() < self.text.len() || self.ends_word;
            if segment.is_dense {
                add_dense(segment, segment.end() < self.text.len(), &mut found);
            } else if is_begun && is_ended {
                found.push((cut(segment.text), false));
            } else if is_begun && segment.text.chars().count() >= MIN_LOOKUP_CHARS {
                found.push((cut(segment.text), true));
            }
        }
        found
    }
}

/// Adds the pairs of characters of a segment. Its last character can be the first of a pair in the text, and marks that follow
/// it there can belong to it.
fn add_dense<'a>(segment: Segment<'a>, is_ended: bool, found: &mut Vec<(&'a str, bool)>) {
    let pairs: Vec<&str> = words(segment.text).collect();
    let Some((last, complete)) = pairs.split_last() else {
        return;
    };
    found.extend(complete.iter().map(|pair| (*pair, false)));
    found.push((last, !is_ended));
}
