//! Finding the words of the vocabulary in a text: one automaton for all languages, one pass.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};

use super::vocabulary::VOCABULARY;

/// From here on scripts do not part words with spaces, or join particles to them.
const FIRST_JOINING: char = '\u{590}';

/// What a word says about what stands near it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    /// What stands near is a one-time code.
    Code,
    /// Something that is done with a code.
    CallToAction,
    /// What comes next is a number of another sort.
    Label,
    /// Codes near here take something off a price.
    Promo,
    /// The number before it counts something.
    Unit,
    /// The number on either side of it is a price.
    Money,
    /// A link for it is one of these kinds.
    Unsubscribe,
    Reset,
    Verify,
    /// A link is about something that was bought or booked, whatever it asks to confirm.
    Purchase,
    /// A link's text that says nothing: its sentence does.
    VagueAnchor,
    /// Means nothing, though a part of it would.
    Nothing,
}

/// A word in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) at: Range<usize>,
    pub(super) word: Keyword,
}

struct Automaton {
    patterns: AhoCorasick,
    meanings: Vec<Pattern>,
}

struct Pattern {
    word: Keyword,
    /// Whether letters may stand right before or after it.
    is_open_before: bool,
    is_open_after: bool,
}

static AUTOMATON: LazyLock<Option<Automaton>> = LazyLock::new(|| {
    let (mut texts, mut meanings) = (Vec::new(), Vec::new());
    for (word, list) in VOCABULARY {
        for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let text = entry.trim_matches('*');
            let joins = |char: Option<char>| char.is_some_and(|char| char >= FIRST_JOINING);
            texts.push(fold(text));
            meanings.push(Pattern {
                word: *word,
                is_open_before: entry.starts_with('*') || joins(text.chars().next()),
                is_open_after: entry.ends_with('*') || joins(text.chars().next_back()),
            });
        }
    }
    let patterns = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .build(texts);
    patterns.ok().map(|patterns| Automaton { patterns, meanings })
});

/// Returns the words in a text in order. A word within a longer one is left out.
pub(super) fn find(text: &str) -> Vec<Hit> {
    let Some(automaton) = &*AUTOMATON else {
        return Vec::new();
    };
    let folded = fold(text);
    let mut hits: Vec<Hit> = automaton
        .patterns
        .find_overlapping_iter(&folded)
        .filter_map(|found| {
            let pattern = automaton.meanings.get(found.pattern().as_usize())?;
            let before = folded[..found.start()].chars().next_back();
            let after = folded[found.end()..].chars().next();
            let is_whole = (pattern.is_open_before || !is_letter(before))
                && (pattern.is_open_after || !is_letter(after));
            is_whole.then(|| Hit {
                at: found.range(),
                word: pattern.word,
            })
        })
        .collect();
    hits.sort_unstable_by_key(|hit| (hit.at.start, usize::MAX - hit.at.end));
    let mut last = 0..0;
    hits.retain(|hit| {
        // One word can mean several things.
        let is_outside = hit.at.end > last.end || hit.at == last;
        if is_outside {
            last = hit.at.clone();
        }
        is_outside
    });
    hits
}

fn is_letter(char: Option<char>) -> bool {
    char.is_some_and(|char| char.is_alphabetic() && char < FIRST_JOINING)
}

/// Lower case, where that has as many bytes: places in the result are places in the text.
fn fold(text: &str) -> String {
    let lower = |char: char| {
        let mut lower = char.to_lowercase();
        match (lower.next(), lower.next()) {
            (Some(one), None) if one.len_utf8() == char.len_utf8() => one,
            _ => char,
        }
    };
    text.chars().map(lower).collect()
}
