//! A query, and a text that it is evaluated on: the first line, and the rest.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mayfly_search::{Column, Document, Flags, Query, Texts};
use time::OffsetDateTime;

fuzz_target!(|input: &str| {
    let (query, body) = input.split_once('\n').unwrap_or((input, input));
    let now = OffsetDateTime::UNIX_EPOCH;
    let Ok(query) = Query::parse(query, now) else {
        return;
    };
    let flags = Flags {
        has: Vec::new(),
        is_read: false,
        size_bytes: 0,
        received_at: now,
        address: String::new(),
        sandbox: None,
        mailbox_id: String::new(),
    };
    let texts = Texts {
        body,
        ..Texts::default()
    };
    let document = Document::new(&texts, flags);
    if !query.matches(&document) {
        return;
    }
    for lookup in query.lookups() {
        let is_of = |word: &String| match lookup.is_prefix {
            true => word.starts_with(&lookup.word),
            false => *word == lookup.word,
        };
        let mut columns = Column::ALL.into_iter().filter(|column| lookup.column.is_none_or(|other| other == *column));
        assert!(columns.any(|column| document.words(column).iter().any(is_of)), "{lookup:?}");
    }
});
