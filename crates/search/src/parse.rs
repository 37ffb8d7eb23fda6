//! The grammar. What is not understood is an error with its position, never ignored: a query also selects what is deleted.

use time::OffsetDateTime;

use crate::{
    condition::{Condition, Field, Needle, Phrase},
    dates::{parse_size, parse_time},
    fold::fold,
    query::{Query, Term},
    words::segments,
    zone::Zone,
};

/// The longest query.
pub const MAX_QUERY_BYTES: usize = 512;
/// The most terms of a query.
pub const MAX_TERMS: usize = 32;
/// The shortest beginning of a word that `*` completes. A shorter one has too many completions.
const MIN_PREFIX_CHARS: usize = 3;

/// Words of other query languages. As words they would find something else than was meant.
const OPERATORS: [&str; 3] = ["OR", "AND", "NOT"];

/// Why a query is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// What is wrong, for a person.
    pub message: &'static str,
    /// Where it is, in characters from the start of the query.
    pub position: usize,
}

impl Query {
    /// Parses a query. Ages in it end at `now`, and days are of UTC.
    ///
    /// # Errors
    /// Says what is wrong with the query, and where.
    pub fn parse(text: &str, now: OffsetDateTime) -> Result<Self, QueryError> {
        Self::parse_in(text, now, &Zone::default())
    }

    /// Parses a query. Ages in it end at `now`, and days are of a time zone.
    ///
    /// # Errors
    /// Says what is wrong with the query, and where.
    pub fn parse_in(text: &str, now: OffsetDateTime, zone: &Zone) -> Result<Self, QueryError> {
        if text.len() > MAX_QUERY_BYTES {
            return Err(QueryError {
                message: "the query is longer than 512 bytes",
                position: text[..text.floor_char_boundary(MAX_QUERY_BYTES)].chars().count(),
            });
        }
        if text.trim() == "*" {
            return Ok(Self::everything());
        }
        let mut parser = Parser {
            text,
            at: 0,
            now,
            zone,
        };
        let mut terms = Vec::new();
        while parser.skip_space() {
            if terms.len() == MAX_TERMS {
                return Err(parser.error("the query has more than 32 terms"));
            }
            terms.push(parser.term()?);
        }
        if terms.is_empty() {
            return Err(parser.error("the query is empty; * alone finds everything"));
        }
        Ok(Self::new(terms))
    }
}

struct Parser<'a> {
    text: &'a str,
    /// Byte offset of the next character.
    at: usize,
    now: OffsetDateTime,
    zone: &'a Zone,
}

/// A word or a phrase as written.
struct Value<'a> {
    text: &'a str,
    /// Byte offset in the query.
    start: usize,
    is_quoted: bool,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&self, message: &'static str) -> QueryError {
        self.error_at(self.at, message)
    }

    fn error_at(&self, at: usize, message: &'static str) -> QueryError {
        QueryError {
            message,
            position: self.text[..at].chars().count(),
        }
    }

    /// Skips white space. Returns whether anything is left.
    fn skip_space(&mut self) -> bool {
        self.at = self.text.len() - self.rest().trim_start().len();
        !self.rest().is_empty()
    }

    fn term(&mut self) -> Result<Term, QueryError> {
        let is_negated = self.rest().starts_with(['-', '!']);
        self.at += usize::from(is_negated);
        let field_start = self.at;
        let Some(name) = self.field_name() else {
            let value = self.value()?;
            let is_operator = !value.is_quoted && OPERATORS.contains(&value.text);
            if is_operator {
                return Err(self.error_at(
                    value.start,
                    "OR, AND and NOT are not operators here; quote them to find them",
                ));
            }
            let needle = self.needle(&value)?;
            let condition = Condition::Text(Field::Any, needle);
            return Ok(Term {
                is_negated,
                condition,
            });
        };
        let name = name.to_ascii_lowercase();
        let condition = self.condition(&name, field_start)?;
        Ok(Term {
            is_negated,
            condition,
        })
    }

    /// Takes the name of a field and its colon.
    fn field_name(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_alphabetic() && c != '-')?;
        if length == 0 || rest.as_bytes()[length] != b':' {
            return None;
        }
        self.at += length + 1;
        Some(&rest[..length])
    }

    fn condition(&mut self, name: &str, field_start: usize) -> Result<Condition, QueryError> {
        if let Ok(field) = name.parse() {
            let value = self.value()?;
            return Ok(Condition::Text(field, self.needle(&value)?));
        }
        let is_known = matches!(
            name,
            "in" | "has" | "is" | "larger" | "smaller" | "after" | "before"
        );
        if !is_known {
            return Err(self.error_at(field_start, "unknown field; quote text that has a colon"));
        }
        let value = self.value()?;
        let lower = value.text.to_ascii_lowercase();
        let wrong = |message| self.error_at(value.start, message);
        let size = || {
            parse_size(value.text).ok_or_else(|| wrong("a size is a number of bytes, or like 10k or 1.5mb"))
        };
        let time = || {
            parse_time(value.text, self.now, self.zone)
                .ok_or_else(|| wrong("a time is like 2026-11-28, 2026-11-28T09:30:00Z, 90s, 15m, 2h or 7d"))
        };
        Ok(match name {
            "in" if value.text.is_empty() => {
                return Err(wrong(
                    "in: takes an address, the name of a sandbox, or the id of either",
                ));
            }
            "in" if is_id(value.text) => Condition::InMailbox(lower),
            "in" => Condition::In(fold(value.text)),
            "has" => {
                let flag = lower.parse();
                Condition::Has(flag.map_err(|()| wrong("has: takes attachment, inline, html, code or link"))?)
            }
            "is" => Condition::IsRead(match &*lower {
                "read" => true,
                "unread" => false,
                _ => return Err(wrong("is: takes read or unread")),
            }),
            "larger" => Condition::Larger(size()?),
            "smaller" => Condition::Smaller(size()?),
            "after" => Condition::After(time()?),
            _ => Condition::Before(time()?),
        })
    }

    /// Takes a word or a phrase.
    fn value(&mut self) -> Result<Value<'a>, QueryError> {
        let start = self.at;
        let rest = self.rest();
        if let Some(quoted) = rest.strip_prefix('"') {
            let length = quoted
                .find('"')
                .ok_or_else(|| self.error("the quote is not closed"))?;
            self.at += length + 2;
            if self.rest().starts_with(|c: char| !c.is_whitespace()) {
                return Err(self.error("a space must follow a phrase"));
            }
            return Ok(Value {
                text: &quoted[..length],
                start,
                is_quoted: true,
            });
        }
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let text = &rest[..length];
        if text.is_empty() {
            return Err(self.error("a word must follow"));
        }
        if let Some(at) = text.find(['"', '(', ')']) {
            let message = match text.as_bytes()[at] {
                b'"' => "a quote inside a word; a phrase begins with its quote",
                _ => "parentheses do not group here; quote them to find them",
            };
            return Err(self.error_at(start + at, message));
        }
        self.at += length;
        Ok(Value {
            text,
            start,
            is_quoted: false,
        })
    }

    /// Decides whether a value is a word, the beginning of one, or a phrase.
    fn needle(&self, value: &Value<'_>) -> Result<Needle, QueryError> {
        let star = value.text.find('*').filter(|_| !value.is_quoted);
        let text = match star {
            Some(at) if at + 1 < value.text.len() => {
                return Err(self.error_at(value.start + at, "* can only end a word; quote it to find it"));
            }
            Some(at) => &value.text[..at],
            None => value.text,
        };
        let folded = fold(text);
        if star.is_some() && folded.chars().count() < MIN_PREFIX_CHARS {
            return Err(self.error_at(value.start, "* needs three characters before it"));
        }
        let first = segments(&folded).next();
        let Some(first) = first else {
            return Err(self.error_at(value.start, "nothing to look for: no letter and no digit"));
        };
        let is_one_word = !value.is_quoted && first.text == folded && !first.is_dense;
        Ok(match (is_one_word, star) {
            (true, None) => Needle::Word(folded),
            (true, Some(_)) => Needle::Prefix(folded),
            (false, _) => Needle::Phrase(Phrase {
                text: folded,
                begins_word: !value.is_quoted,
                ends_word: !value.is_quoted && star.is_none(),
            }),
        })
    }
}

/// Returns whether a text is a UUID as the API writes ids, in any case.
fn is_id(text: &str) -> bool {
    let is_hyphen = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let mut bytes = text.bytes().enumerate();
    text.len() == 36
        && bytes.all(|(at, byte)| {
            if is_hyphen(at) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
}
