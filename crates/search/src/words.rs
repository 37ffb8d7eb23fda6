//! Splitting a folded text into the words that an index holds.

use unicode_normalization::char::is_combining_mark;

/// The longest word of an index. Of a longer one it holds the beginning.
pub const MAX_WORD_BYTES: usize = 64;

/// Returns whether a character is part of a word. All others separate words.
pub(crate) fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Returns whether a character is of a script that is written without spaces between words.
pub(crate) fn is_dense(c: char) -> bool {
    matches!(
        c,
        // Thai, Lao, Myanmar, Khmer.
        '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}'
            // Hangul.
            | '\u{1100}'..='\u{11ff}'
            | '\u{3130}'..='\u{318f}'
            | '\u{a960}'..='\u{a97f}'
            | '\u{ac00}'..='\u{d7ff}'
            // Han and kana, with their marks.
            | '\u{2e80}'..='\u{2fdf}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3021}'..='\u{3029}'
            | '\u{3031}'..='\u{30ff}'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{1aff0}'..='\u{1b16f}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

/// A run of word characters of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    pub(crate) text: &'a str,
    /// Byte offset in the text.
    pub(crate) start: usize,
    /// Written without spaces, so its words are unknown.
    pub(crate) is_dense: bool,
}

impl Segment<'_> {
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Splits a folded text into segments. A combining mark belongs to the segment of the character before it.
pub(crate) fn segments(folded: &str) -> impl Iterator<Item = Segment<'_>> {
    let mut rest = folded.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = rest.find(|(_, c)| is_word_char(*c))?;
        let is_dense_segment = is_dense(first);
        let mut end = start + first.len_utf8();
        while let Some((at, c)) = rest.peek().copied() {
            let belongs = is_combining_mark(c) || (is_word_char(c) && is_dense(c) == is_dense_segment);
            if !belongs {
                break;
            }
            end = at + c.len_utf8();
            rest.next();
        }
        Some(Segment {
            text: &folded[start..end],
            start,
            is_dense: is_dense_segment,
        })
    })
}

/// Splits a folded text into words: runs of letters, digits and combining marks. A run of a script without spaces becomes its
/// overlapping pairs of characters and the last character alone, so that each of its characters begins a word.
pub fn words(folded: &str) -> impl Iterator<Item = &str> {
    segments(folded).flat_map(|segment| {
        let whole = (!segment.is_dense).then(|| cut(segment.text));
        let pairs = segment.is_dense.then(|| pairs(segment.text));
        whole.into_iter().chain(pairs.into_iter().flatten())
    })
}

/// Returns the overlapping pairs of characters of a text, and the last character alone.
fn pairs(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(at, _)| {
        let two = text[at..].char_indices().nth(2);
        &text[at..two.map_or(text.len(), |(length, _)| at + length)]
    })
}

/// Cuts a word to what an index holds of it.
pub(crate) fn cut(word: &str) -> &str {
    &word[..word.floor_char_boundary(MAX_WORD_BYTES)]
}
