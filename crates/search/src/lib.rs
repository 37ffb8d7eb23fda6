//! Search over mail, without a store: the query grammar, case folding, splitting into words, and the evaluation of a query on
//! one message. An index and a scan use the same functions, so both give the same answer.

mod condition;
mod dates;
mod document;
mod fold;
mod parse;
mod query;
mod words;
mod zone;

#[cfg(test)]
mod tests;

pub use condition::{Condition, Field, Flag, Needle, Phrase};
pub use document::{Column, Document, Flags, Texts};
pub use fold::fold;
pub use parse::{MAX_QUERY_BYTES, MAX_TERMS, QueryError};
pub use query::{Lookup, Query, Term};
pub use words::{MAX_WORD_BYTES, words};
pub use zone::Zone;

/// The version of folding and splitting. A row of an index that another version wrote must be written again.
pub const TOKENIZER_VERSION: i16 = 1;
