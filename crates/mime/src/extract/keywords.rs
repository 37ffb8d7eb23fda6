//! Finds the keywords of the vocabulary in a text: all languages in one pass.

mod other_codes;
mod unmarked;

use std::{borrow::Cow, collections::BTreeMap, ops::Range, sync::LazyLock};

use other_codes::name_other_codes;
use unmarked::unmarked;

use super::{
    LinkKind,
    trie::Trie,
    vocabulary::{self, Keyword, Word},
};

/// Scripts from here on do not separate words with spaces, or attach particles to them.
const FIRST_JOINING: char = '\u{590}';
/// Latin and Greek letters with marks, among them those of Vietnamese.
const MARKED_LETTERS: std::ops::RangeInclusive<char> = '\u{1e00}'..='\u{1fff}';
/// Follows `i` in the lower case of `\u{130}`.
const DOT_ABOVE: char = '\u{307}';

/// A keyword in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) at: Range<usize>,
    pub(super) keyword: Keyword,
}

/// The keywords, by where they can begin.
struct Vocabulary {
    /// Entries that begin where a word does, or in a script without spaces.
    words: Trie,
    /// Entries that begin anywhere in a word.
    parts: Trie,
    meanings: Vec<Meaning>,
    /// What each byte can begin.
    classes: [u8; 256],
}

const IS_LETTER: u8 = 1;
const BEGINS_WORD: u8 = 2;
const BEGINS_PART: u8 = 4;

/// The meanings of one text.
#[derive(Default)]
struct Meaning {
    /// Whether a letter may follow, for each keyword.
    keywords: Vec<(Keyword, bool)>,
}

impl Meaning {
    /// Returns what a link is for that stands near it.
    fn of_link(&self, is_end: bool) -> Option<Keyword> {
        let mut keywords = self.keywords.iter();
        let found = keywords.find(|(keyword, is_open_after)| {
            matches!(keyword, Keyword::Verify | Keyword::Reset | Keyword::Unsubscribe)
                && (is_end || *is_open_after)
        });
        found.map(|(keyword, _)| *keyword)
    }
}

/// Built at the first use, once a process.
static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let mut meanings: Vec<Meaning> = Vec::new();
    let mut texts = [BTreeMap::new(), BTreeMap::new()];
    let all = vocabulary::all();
    let plain: Vec<(Keyword, String)> = all
        .iter()
        .filter_map(|(keyword, entry)| Some((*keyword, unmarked(entry)?)))
        .collect();
    let dotted = vocabulary::dotted();
    let plain = dotted.iter().chain(&plain);
    let plain = plain.map(|(keyword, entry)| (*keyword, &**entry));
    let mut first_plain = u32::MAX;
    for (number, (keyword, entry)) in all.iter().copied().chain(plain).enumerate() {
        let is_plain = number >= all.len();
        if number == all.len() {
            first_plain = u32::try_from(meanings.len()).unwrap_or(u32::MAX);
        }
        let text = entry.trim_matches('*');
        let is_open_after = entry.ends_with('*') || text.chars().next_back().is_some_and(is_joining);
        let texts: &mut BTreeMap<&[u8], u32> = &mut texts[usize::from(entry.starts_with('*'))];
        // What another language has with this spelling has its own meanings.
        if is_plain
            && texts
                .get(text.as_bytes())
                .is_some_and(|index| *index < first_plain)
        {
            continue;
        }
        let next = u32::try_from(meanings.len()).unwrap_or(u32::MAX);
        let index = *texts.entry(text.as_bytes()).or_insert(next);
        if index == next {
            meanings.push(Meaning::default());
        }
        if let Some(meaning) = meanings.get_mut(index as usize) {
            meaning.keywords.push((keyword, is_open_after));
        }
    }
    inherit_purchase(&texts[0], &mut meanings);
    let [words, parts] = texts.map(trie);
    let mut classes = [0; 256];
    for (byte, class) in (0..=u8::MAX).zip(&mut classes) {
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        *class = flag(byte.is_ascii_alphabetic(), IS_LETTER)
            | flag(words.starts_with(byte), BEGINS_WORD)
            | flag(parts.starts_with(byte), BEGINS_PART);
    }
    Vocabulary {
        words,
        parts,
        meanings,
        classes,
    }
});

/// Gives a longer word the purchase that its stem names: `orders` and `Buchungscode`, where only `order*` and `Buchung*` are listed.
fn inherit_purchase(words: &BTreeMap<&[u8], u32>, meanings: &mut [Meaning]) {
    let is_thing = |(keyword, _): &(Keyword, bool)| {
        matches!(
            keyword,
            Keyword::Label | Keyword::OtherCode | Keyword::Unit | Keyword::Parcel
        )
    };
    let is_stem =
        |(keyword, is_open_after): &(Keyword, bool)| *keyword == Keyword::Purchase && *is_open_after;
    // The stems that begin the present word: words are in order, so each comes right before those that it begins.
    let mut stems: Vec<&[u8]> = Vec::new();
    for (text, index) in words {
        let Some(meaning) = meanings.get_mut(*index as usize) else {
            continue;
        };
        while stems.last().is_some_and(|stem| !text.starts_with(stem)) {
            stems.pop();
        }
        let is_named = !text.contains(&b' ') && meaning.keywords.iter().all(is_thing);
        if is_named && !stems.is_empty() {
            let is_open_after = meaning.keywords.iter().any(|(_, is_open_after)| *is_open_after);
            meaning.keywords.push((Keyword::Purchase, is_open_after));
        }
        if meaning.keywords.iter().any(is_stem) {
            stems.push(text);
        }
    }
}

/// The small words of every language, by meaning.
static WORDS: LazyLock<Trie> = LazyLock::new(|| small_words(|meaning| !meaning.is_of_url()));
/// The words of URLs.
static URL_WORDS: LazyLock<Trie> = LazyLock::new(|| small_words(Word::is_of_url));

fn small_words(is_wanted: impl Fn(Word) -> bool) -> Trie {
    let mut words: BTreeMap<&[u8], u32> = BTreeMap::new();
    let listed: Vec<_> = vocabulary::words()
        .filter(|(meaning, _)| is_wanted(*meaning))
        .collect();
    for (meaning, word) in &listed {
        *words.entry(word.as_bytes()).or_default() |= meaning.bit();
    }
    trie(words)
}

fn trie(entries: BTreeMap<&[u8], u32>) -> Trie {
    let entries: Vec<_> = entries.into_iter().collect();
    Trie::new(&entries)
}

/// Reports whether a word has a meaning.
pub(super) fn is_word(word: &str, meaning: Word) -> bool {
    // The lower case of `\u{130}` has a dot of its own.
    let word = match word.contains(DOT_ABOVE) {
        true => Cow::Owned(word.replace(DOT_ABOVE, "")),
        false => Cow::Borrowed(word),
    };
    let meanings = WORDS.get(fold(&word).as_bytes()).unwrap_or_default();
    meanings & meaning.bit() != 0
}

/// Returns where the text goes on after each word or phrase with a meaning that begins it.
pub(super) fn rests_after(text: &str, meaning: Word) -> Vec<usize> {
    let (text, mut rests) = (fold(text), Vec::new());
    WORDS.prefixes(text.as_bytes(), |len, meanings| {
        if meanings & meaning.bit() != 0 && text.as_bytes().get(len) == Some(&b' ') {
            rests.push(len + 1);
        }
    });
    rests
}

/// Returns the set of the meanings of a word of a URL.
pub(super) fn url_meanings(word: &str) -> u32 {
    URL_WORDS.get(word.as_bytes()).unwrap_or_default()
}

/// Returns the keywords of a text in order. A keyword within a longer one is left out.
pub(super) fn find(text: &str) -> Vec<Hit> {
    let mut hits = find_all(text);
    name_other_codes(text, &mut hits);
    hits
}

/// Returns the keywords of a text, whatever is beside a code word.
fn find_all(text: &str) -> Vec<Hit> {
    let vocabulary = &*VOCABULARY;
    let folded = fold(text);
    let bytes = folded.as_bytes();
    let (mut hits, mut last_end) = (Vec::new(), 0);
    let (mut at, mut is_after_letter) = (0, false);
    while let Some(byte) = bytes.get(at) {
        // Behind a low line a word is part of an identifier: `test_otp_code`.
        if *byte == b'_' && at > 0 && bytes[at - 1].is_ascii_alphanumeric() {
            let word = bytes[at + 1..]
                .iter()
                .take_while(|byte| byte.is_ascii_alphanumeric());
            (at, is_after_letter) = (at + 1 + word.count(), true);
            continue;
        }
        let class = vocabulary.classes[usize::from(*byte)];
        let (len, is_letter, is_start) = if byte.is_ascii() {
            (1, class & IS_LETTER != 0, !is_after_letter)
        } else {
            let char = folded[at..].chars().next().unwrap_or_default();
            let is_start = is_joining(char) || !is_after_letter;
            (char.len_utf8(), is_letter(Some(char)), is_start)
        };
        if is_start && class & BEGINS_WORD != 0 && vocabulary.words.may_begin(&bytes[at..]) {
            vocabulary.add(&folded, at, &vocabulary.words, &mut last_end, &mut hits);
        }
        if class & BEGINS_PART != 0 && vocabulary.parts.may_begin(&bytes[at..]) {
            vocabulary.add(&folded, at, &vocabulary.parts, &mut last_end, &mut hits);
        }
        is_after_letter = is_letter;
        at += len;
    }
    hits
}

impl Vocabulary {
    /// Adds the longest keyword that begins at an offset, with all its meanings, unless it is within a longer one.
    fn add(&self, text: &str, at: usize, trie: &Trie, last_end: &mut usize, hits: &mut Vec<Hit>) {
        let (mut longest, mut of_link) = (None, None);
        trie.prefixes(&text.as_bytes()[at..], |len, value| {
            let Some(meaning) = self.meanings.get(value as usize) else {
                return;
            };
            let is_end = text
                .get(at + len..)
                .is_some_and(|rest| !is_letter(rest.chars().next()) && !goes_on(rest));
            if is_end || meaning.keywords.iter().any(|(_, is_open_after)| *is_open_after) {
                longest = Some((at + len, is_end, meaning));
                of_link = meaning
                    .of_link(is_end)
                    .map(|keyword| (at + len, keyword))
                    .or(of_link);
            }
        });
        let Some((mut end, is_end, meaning)) = longest else {
            return;
        };
        // `recovery codes` is one word for codes, to its end. `验证码QX48T7` has its code right behind it.
        let is_code =
            |(keyword, _): &(Keyword, bool)| matches!(keyword, Keyword::Code | Keyword::OneTimeCode);
        let is_apart = text[..end].chars().next_back().is_some_and(is_joining);
        if !is_end && !is_apart && meaning.keywords.iter().any(is_code) {
            let rest = text[end..].find(|char: char| !is_letter(Some(char)));
            end = rest.map_or(text.len(), |at| end + at);
        }
        // The other trie can have a keyword that begins here too.
        let is_longer_here = hits
            .last()
            .is_some_and(|last: &Hit| last.at.start == at && last.at.end < end);
        if is_longer_here {
            while hits.last().is_some_and(|last| last.at.start == at) {
                hits.pop();
            }
        } else if end < *last_end || end == *last_end && hits.last().is_none_or(|last| last.at.start != at) {
            // `para confirmar` asks for a code, and its verb says what a link is for.
            let is_asked = hits
                .last()
                .is_some_and(|last| last.at.end == *last_end && last.keyword == Keyword::CallToAction);
            if let Some(keyword) = meaning.of_link(is_end).filter(|_| is_asked) {
                hits.push(Hit { at: at..end, keyword });
            }
            return;
        }
        *last_end = end;
        for (keyword, is_open_after) in &meaning.keywords {
            let hit = Hit {
                at: at..end,
                keyword: *keyword,
            };
            if (is_end || *is_open_after)
                && !hits
                    .iter()
                    .rev()
                    .take_while(|hit| hit.at.start == at)
                    .any(|known| *known == hit)
            {
                hits.push(hit);
            }
        }
        // `doğrulamak için` begins with such a verb.
        let asks = |(keyword, _): &(Keyword, bool)| *keyword == Keyword::CallToAction;
        if let Some((end, keyword)) = of_link
            && meaning.keywords.iter().all(asks)
        {
            hits.push(Hit { at: at..end, keyword });
        }
    }
}

/// Reports whether a word goes on as an identifier: `otp_test`.
fn goes_on(rest: &str) -> bool {
    rest.strip_prefix('_')
        .is_some_and(|rest| rest.starts_with(|char: char| char.is_ascii_alphanumeric()))
}

fn is_letter(char: Option<char>) -> bool {
    char.is_some_and(|char| char.is_alphabetic() && !is_joining(char))
}

/// Reports whether a character is of a script whose words a keyword can begin or end within.
fn is_joining(char: char) -> bool {
    char >= FIRST_JOINING && !MARKED_LETTERS.contains(&char)
}

/// Converts to lower case each character that keeps its length in bytes, so offsets in the result are offsets in the text. A
/// trie folds ASCII itself.
fn fold(text: &str) -> Cow<'_, str> {
    let lower = |char: char| {
        // Its lower case is two characters.
        if char == '\u{130}' {
            return '\u{131}';
        }
        let mut lower = char.to_lowercase();
        match (lower.next(), lower.next()) {
            (Some(one), None) if one.len_utf8() == char.len_utf8() => one,
            _ => char,
        }
    };
    let mut folded = String::new();
    let mut from = 0;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, _)) = bytes.find(|(_, byte)| byte & 0xc0 == 0xc0) {
        let char = text[at..].chars().next().unwrap_or_default();
        let lowered = lower(char);
        if lowered != char {
            folded.push_str(&text[from..at]);
            folded.push(lowered);
            from = at + char.len_utf8();
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    folded.push_str(&text[from..]);
    Cow::Owned(folded)
}

/// Reports whether a keyword begins within one that leads to a page: `確認する` in
/// `予約内容を確認する`.
fn is_end_of_other(hits: &[Hit], hit: &Hit) -> bool {
    let is_around = |other: &Hit| {
        other.keyword == Keyword::OtherLink && other.at.start < hit.at.start && other.at.end > hit.at.start
    };
    hits.iter().any(is_around)
}

/// Returns the kind that keywords name.
pub(super) fn kind_of(hits: &[Hit]) -> Option<LinkKind> {
    let has = |keyword: Keyword| {
        let mut named = hits.iter().filter(|hit| hit.keyword == keyword);
        named.any(|hit| !is_end_of_other(hits, hit))
    };
    [
        (Keyword::Unsubscribe, LinkKind::Unsubscribe),
        (Keyword::Reset, LinkKind::Reset),
        (Keyword::Verify, LinkKind::Verify),
    ]
    .into_iter()
    .find_map(|(keyword, kind)| has(keyword).then_some(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn find_keywords_vocabulary_entry_is_already_folded() {
        for (keyword, entry) in vocabulary::all() {
            assert_eq!(fold(entry), entry, "{keyword:?}");
            assert_eq!(entry, entry.to_ascii_lowercase(), "{keyword:?}");
        }
    }
}
