//! Finds the keywords of the vocabulary in a text: one Aho-Corasick automaton for all languages, one pass.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};

use super::vocabulary::{self, Keyword};

/// Scripts from here on do not separate words with spaces, or attach particles to them.
const FIRST_JOINING: char = '\u{590}';

/// A keyword in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) at: Range<usize>,
    pub(super) keyword: Keyword,
}

struct Automaton {
    patterns: AhoCorasick,
    meanings: Vec<Pattern>,
}

struct Pattern {
    keyword: Keyword,
    /// Whether a letter may precede or follow it.
    is_open_before: bool,
    is_open_after: bool,
}

/// Built at the first use: some milliseconds, once a process.
static AUTOMATON: LazyLock<Option<Automaton>> = LazyLock::new(|| {
    let (mut texts, mut meanings) = (Vec::new(), Vec::new());
    for (keyword, entry) in vocabulary::all() {
        let text = entry.trim_matches('*');
        let joins = |char: Option<char>| char.is_some_and(|char| char >= FIRST_JOINING);
        texts.push(text);
        meanings.push(Pattern {
            keyword,
            is_open_before: entry.starts_with('*') || joins(text.chars().next()),
            is_open_after: entry.ends_with('*') || joins(text.chars().next_back()),
        });
    }
    let patterns = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .build(texts);
    patterns.ok().map(|patterns| Automaton { patterns, meanings })
});

/// Returns the keywords of a text in order. A keyword within a longer one is left out.
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
                keyword: pattern.keyword,
            })
        })
        .collect();
    hits.sort_unstable_by_key(|hit| (hit.at.start, usize::MAX - hit.at.end));
    let mut last = 0..0;
    hits.retain(|hit| {
        // One keyword can have several meanings.
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

/// Converts to lower case each character that keeps its length in bytes, so offsets in the result are offsets in the text.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn find_keywords_vocabulary_entry_is_already_folded() {
        for (keyword, entry) in vocabulary::all() {
            assert_eq!(fold(entry), entry, "{keyword:?}");
        }
    }
}
