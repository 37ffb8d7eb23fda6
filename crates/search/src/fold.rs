//! Folding: texts that differ only in case, width, accents or white space become equal.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Folds a text: NFKC, full case folding, combining marks dropped after Latin and Greek letters only, and runs of white space
/// as one space. Marks of other scripts distinguish words.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return without_repeated_space(text.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
    }
    let cased = text
        .nfkc()
        .filter(|c| !is_ignorable(*c))
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase);
    let cased: String = cased.collect();
    let mut is_after_latin = false;
    let unmarked = cased.nfd().filter(|c| {
        if is_combining_mark(*c) {
            return !is_after_latin;
        }
        is_after_latin = is_latin_or_greek(*c);
        true
    });
    let composed: String = unmarked.nfc().collect();
    without_repeated_space(composed.chars())
}

fn without_repeated_space(chars: impl Iterator<Item = char>) -> String {
    let mut folded = String::new();
    let mut is_space_due = false;
    for c in chars {
        if c.is_whitespace() || c.is_control() {
            is_space_due = !folded.is_empty();
            continue;
        }
        if is_space_due {
            folded.push(' ');
            is_space_due = false;
        }
        folded.push(c);
    }
    folded
}

/// Returns whether a letter is of a script that is searched without its accents.
fn is_latin_or_greek(c: char) -> bool {
    matches!(
        c,
        'a'..='z'
            | '\u{df}'..='\u{24f}'
            | '\u{250}'..='\u{2af}'
            | '\u{370}'..='\u{3ff}'
            | '\u{1d00}'..='\u{1dbf}'
            | '\u{1e00}'..='\u{1fff}'
            | '\u{2c60}'..='\u{2c7f}'
            | '\u{a722}'..='\u{a7ff}'
            | '\u{ab30}'..='\u{ab6f}'
    )
}

/// Returns whether a character is invisible and can stand inside a word: soft hyphens, joiners, variation selectors.
fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}
