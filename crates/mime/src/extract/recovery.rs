//! Lists of recovery codes: items of one form, each alone in its line, cell or column, in a mail that speaks of such codes.
//!
//! Keywords are looked for only where a list was found, so a mail without one costs a look at its lines with numbers.

use std::ops::Range;

use memchr::memrchr;

use super::{
    keywords,
    marked::Marked,
    tokens::{self, Shape},
    vocabulary::{Keyword, Word},
};

/// Fewer items are no list.
const MIN_ITEMS: usize = 3;
/// More items are a report.
const MAX_ITEMS: usize = 100;
/// Lists of a text whose surroundings are searched.
const MAX_LISTS: usize = 16;
/// Examined length of a line: a `<pre>` can have all codes in one.
const MAX_LINE_BYTES: usize = 480;
/// Letters and digits of an item.
const ITEM_CHARS: std::ops::RangeInclusive<usize> = 6..=32;
/// A shorter word without a hyphen is a group of an item: `7b2k 9qfm`.
const MIN_WORD_CHARS: usize = 6;
/// Groups of an item.
const MAX_GROUPS: usize = 8;
/// Searched text before a list, in bytes.
const BEFORE_BYTES: usize = 600;
/// Searched text after a list, in bytes.
const AFTER_BYTES: usize = 300;

/// The lengths of the groups of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Form {
    lengths: [usize; MAX_GROUPS],
    groups: usize,
}

/// A part of a line that can be a code.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    at: Range<usize>,
    form: Form,
    digits: usize,
    chars: usize,
}

/// The items of a line, behind a head like `Code 1:`.
#[derive(Debug)]
struct ItemLine<'t> {
    head: &'t str,
    items: Vec<Item>,
}

impl ItemLine<'_> {
    fn form(&self) -> Form {
        self.items.first().map(|item| item.form).unwrap_or_default()
    }

    /// Reports whether two lines belong to one list: their heads differ in a number only.
    fn goes_on(&self, other: &ItemLine<'_>) -> bool {
        let words = |head: &str| head.chars().filter(|char| !char.is_numeric()).collect::<String>();
        self.form() == other.form() && words(self.head) == words(other.head)
    }
}

/// An item of a list.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) at: Range<usize>,
    /// Whether it is a recovery code; otherwise it is none of any kind.
    pub(super) is_code: bool,
}

/// Finds the lists of a text: of recovery codes, and of what cannot be codes. Returns their items in order.
pub(super) fn find(marked: &Marked, subject: &Marked) -> Vec<Listed> {
    let mut found = Vec::new();
    if marked.tokens.len() < MIN_ITEMS {
        return found;
    }
    let text = marked.text();
    let lines = marked.lines();
    let (mut next, mut line, mut lists) = (0, 0, 0);
    for token in &marked.tokens {
        while lines[line].end < token.at.start && line + 1 < lines.len() {
            line += 1;
        }
        if line < next {
            continue;
        }
        let Some(first) = item_line(text, &lines[line]) else {
            next = line + 1;
            continue;
        };
        let goes_on = |line: &Range<usize>| item_line(text, line).filter(|line| line.goes_on(&first));
        // Letters only are no token, and can be an item.
        let before: Vec<_> = lines[next..line].iter().rev().map_while(goes_on).collect();
        let after: Vec<_> = lines[line + 1..].iter().map_while(goes_on).collect();
        let start = lines[line - before.len()].start + first.head.len();
        next = line + 1 + after.len();
        let list = before.iter().rev().chain([&first]).chain(&after);
        let items: Vec<&Item> = list.flat_map(|line| &line.items).collect();
        if !(MIN_ITEMS..=MAX_ITEMS).contains(&items.len()) {
            continue;
        }
        lists += 1;
        if lists > MAX_LISTS {
            break;
        }
        if let Some(is_code) = are_codes(text, &items, start..lines[next - 1].end, subject) {
            let listed = |item: &Item| Listed {
                at: item.at.clone(),
                is_code,
            };
            found.extend(items.into_iter().map(listed));
        }
    }
    found
}

/// Reports whether the items of a list are codes, if that can be said.
fn are_codes(text: &str, items: &[&Item], list: Range<usize>, subject: &Marked) -> Option<bool> {
    let mut values: Vec<&str> = items.iter().map(|item| &text[item.at.clone()]).collect();
    values.sort_unstable();
    values.dedup();
    if values.len() < items.len() {
        return None;
    }
    // `OK0001`, `OK0002`: they count up.
    let half = values[0].get(..values[0].len() / 2);
    if values
        .iter()
        .all(|value| value.get(..values[0].len() / 2) == half)
    {
        return Some(false);
    }
    if is_below_label(text, list.start) {
        return Some(false);
    }
    (are_random(items) && names_recovery(text, list, subject)).then_some(true)
}

/// Returns an item as a user types it.
pub(super) fn typed(text: &str, at: &Range<usize>) -> String {
    let item = &text[at.clone()];
    let has_letters = item.contains(|char: char| char.is_ascii_alphabetic());
    let shape = if has_letters {
        Shape::Mixed
    } else {
        Shape::LongDigits
    };
    tokens::typed(item, shape)
}

/// Reports whether items are random and not words or dates.
fn are_random(items: &[&Item]) -> bool {
    let with_digits = items.iter().filter(|item| item.digits > 0).count();
    let are_numbers = items.iter().all(|item| item.digits == item.chars);
    let is_date = are_numbers && matches!(items[0].form.lengths[..3], [4, 2, 2] | [2, 2, 4]);
    with_digits * 2 >= items.len() && !is_date
}

/// Reports whether the line above a list names something else: `Order numbers:`.
fn is_below_label(text: &str, start: usize) -> bool {
    let from = text.ceil_char_boundary(start.saturating_sub(BEFORE_BYTES));
    let heading = text[from..start]
        .trim_end()
        .rsplit('\n')
        .next()
        .unwrap_or_default();
    // "Each works once if you lose your phone."
    if heading.ends_with(['.', '!', '?', '\u{3002}', '\u{964}']) {
        return false;
    }
    let hits = keywords::find(heading);
    let has_code = hits
        .iter()
        .any(|hit| matches!(hit.keyword, Keyword::Code | Keyword::OneTimeCode));
    !has_code
        && hits.iter().any(|hit| {
            let rest = heading[hit.at.end..].split(|char: char| !char.is_alphanumeric());
            let mut rest = rest.filter(|word| !word.is_empty());
            hit.keyword == Keyword::Label
                && rest.all(|word| keywords::is_word(&word.to_lowercase(), Word::Number))
        })
}

/// Reports whether the subject, the text before a list or the line after it speaks of recovery codes.
fn names_recovery(text: &str, list: Range<usize>, subject: &Marked) -> bool {
    let names = |text: &str| {
        let hits = keywords::find(text);
        hits.iter().any(|hit| hit.keyword == Keyword::RecoveryCode)
    };
    let from = text.ceil_char_boundary(list.start.saturating_sub(BEFORE_BYTES));
    let to = text.floor_char_boundary((list.end + AFTER_BYTES).min(text.len()));
    names(&text[from..list.start]) || names(&text[list.end..to]) || names(subject.text())
}

/// Reads a line of items of one form: `1. 3f9a-71kd 5. mq20-h8we`, `7b2k 9qfm`, `Code 1: 48291-37710`.
fn item_line<'t>(text: &'t str, line: &Range<usize>) -> Option<ItemLine<'t>> {
    if line.len() > MAX_LINE_BYTES {
        return None;
    }
    let whole = &text[line.clone()];
    let colon = memrchr(b':', whole.as_bytes())
        .or_else(|| whole.rfind('\u{ff1a}').filter(|_| !whole.is_ascii()))
        .filter(|at| !is_number(&whole[..*at]));
    let head = colon.map_or(0, |at| at + whole[at..].chars().next().map_or(0, char::len_utf8));
    // "Your codes: 48291377, 20451877, 66093518. Each works once."
    let end = whole[head..]
        .find(". ")
        .filter(|_| head > 0)
        .map_or(line.end, |at| line.start + head + at);
    let items = items(text, line.start + head..end)?;
    Some(ItemLine {
        head: &whole[..head],
        items,
    })
}

/// Returns the items of a range if it has nothing else.
fn items(text: &str, range: Range<usize>) -> Option<Vec<Item>> {
    let mut items: Vec<Item> = Vec::new();
    for cell in cells(text, range) {
        let mut words: Vec<Item> = Vec::new();
        let mut segments = vec![];
        for word in text[cell.clone()].split(' ').filter(|word| !word.is_empty()) {
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            let core = word.trim_matches(|char: char| !char.is_alphanumeric());
            if core.is_empty() || is_number(word.trim_start_matches(['#', '(', '['])) {
                segments.push(std::mem::take(&mut words));
                continue;
            }
            let at = start + word.find(core).unwrap_or_default();
            words.push(item(text, at..at + core.len())?);
        }
        segments.push(words);
        for words in segments {
            join_groups(&words, &mut items);
        }
    }
    let first = items.first()?.form;
    let fits = |item: &Item| item.form == first && ITEM_CHARS.contains(&item.chars);
    items.iter().all(fits).then_some(items)
}

/// Returns the cells of a row.
fn cells(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut start = range.start;
    text[range].split('\t').map(move |cell| {
        let at = start..start + cell.len();
        start = at.end + 1;
        at
    })
}

/// Adds words as items. Short words without hyphens are groups of one, or of two items side by side.
fn join_groups(words: &[Item], items: &mut Vec<Item>) {
    let are_groups = words
        .iter()
        .all(|word| word.form.groups == 1 && word.chars < MIN_WORD_CHARS);
    let size = match words.len() {
        len if !are_groups || len == 0 => 1,
        len if len % 2 == 0 => 2,
        len => len.min(MAX_GROUPS),
    };
    for groups in words.chunks(size) {
        let mut joined = groups[0].clone();
        for group in &groups[1..] {
            joined.form.lengths[joined.form.groups] = group.chars;
            joined.form.groups += 1;
            (joined.digits, joined.chars) = (joined.digits + group.digits, joined.chars + group.chars);
            joined.at.end = group.at.end;
        }
        items.push(joined);
    }
}

/// Reads a word of letters, digits and hyphens.
fn item(text: &str, at: Range<usize>) -> Option<Item> {
    let mut item = Item {
        at: at.clone(),
        form: Form::default(),
        digits: 0,
        chars: 0,
    };
    for group in text[at].split('-') {
        let length = item.form.lengths.get_mut(item.form.groups)?;
        for char in group.chars() {
            let is_digit = tokens::digit(char).is_some();
            if !is_digit && !char.is_ascii_alphabetic() {
                return None;
            }
            item.digits += usize::from(is_digit);
            *length += 1;
        }
        item.chars += *length;
        item.form.groups += 1;
    }
    Some(item)
}

/// Reports whether a word is the number of an item: `1.`, `12)`, `03`.
fn is_number(word: &str) -> bool {
    let digits = word.trim().trim_end_matches(['.', ')', ':', ']', '-']);
    (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}
