//! The kind of a link whose text says nothing: by the sentence, the URL, the lines before, the subject.

use std::ops::Range;

use super::{MAX_VAGUE_WORDS, Subject, stops_mailing};
use crate::extract::{
    Confidence, LinkKind,
    keywords::{self, Hit, kind_of},
    marked::Marked,
    urls::Said,
    vocabulary::{Keyword, Word},
};

/// Examined length of the sentence on each side of a link, in bytes.
const SENTENCE_BYTES: usize = 300;
/// Examined length of a sentence before a link that names an article, in bytes.
const ARTICLE_BYTES: usize = 120;
/// Words before a link that belong to the question before them: `? Please click`.
const MAX_CALL_WORDS: usize = 3;
/// What opens the brackets of a URL after its text.
const OPENING: [char; 3] = ['[', '(', '<'];
/// What ends a clause.
const CLAUSE_ENDS: [char; 6] = [',', ';', '?', '\u{60c}', '\u{3001}', '\u{ff0c}'];
/// What stands between the label of a URL and the URL.
const LABEL_ENDS: [char; 4] = [':', '[', '(', '<'];

/// The text around a link.
pub(super) struct Place<'m> {
    pub(super) marked: &'m Marked,
    pub(super) at: Range<usize>,
    /// Text before this offset belongs to another link.
    pub(super) from: usize,
    /// Where the next link begins.
    pub(super) to: usize,
    /// Whether the text around it is examined.
    pub(super) is_examined: bool,
}

impl Place<'_> {
    /// Reports whether the sentence of a link leads to an article: `Learn how to` is before it.
    pub(super) fn is_of_article(&self) -> bool {
        let text = self.marked.text();
        let start = text.floor_char_boundary(self.at.start.saturating_sub(ARTICLE_BYTES));
        let before = text.get(start..self.at.start).unwrap_or_default();
        let cut = before
            .rfind(['\n', '.', '!', '?', '\u{3002}'])
            .map_or(0, |at| start + at + 1);
        let sentence = cut.max(start)..self.at.start;
        let is_blank = |text: &str| !text.contains(char::is_alphanumeric);
        self.is_examined
            && text
                .get(sentence.clone())
                .is_some_and(|sentence| !is_blank(sentence))
            && hits_in(self.marked, sentence)
                .iter()
                .any(|hit| hit.keyword == Keyword::Article)
    }

    /// Reports whether the sentence before a link is for those who did not ask for it, or cancels it. It can be in the lines above.
    pub(super) fn is_denied(&self) -> bool {
        let text = self.marked.text();
        let start = text
            .floor_char_boundary(self.at.start.saturating_sub(SENTENCE_BYTES))
            .max(self.from);
        let before = text.get(start..self.at.start).unwrap_or_default();
        let before = before.trim_end_matches(|char: char| char.is_whitespace() || OPENING.contains(&char));
        // "If it was not you, do nothing." above a link is a sentence of its own.
        if before.ends_with(['.', '!', '\u{3002}']) {
            return false;
        }
        let ends = [". ", ".\n", "! ", "!\n", "\u{3002}", "\n\n"];
        let cut = ends
            .iter()
            .filter_map(|end| before.rfind(end).map(|at| at + end.len()));
        let from = cut.max().unwrap_or(0);
        let sentence = start + from..start + before.len();
        if !self.is_examined {
            return false;
        }
        let hits = hits_in(self.marked, sentence);
        let Some(denied) = hits.iter().rfind(|hit| hit.keyword == Keyword::Denied) else {
            return false;
        };
        // "If you did not, reset your password: https://\u{2026}"
        let is_asked = |hit: &Hit| {
            hit.keyword == Keyword::Reset
                && text
                    .get(denied.at.end..hit.at.start)
                    .is_some_and(|between| between.contains(CLAUSE_ENDS))
        };
        !hits.iter().any(is_asked)
    }
}

/// Finds the kind of a link whose text says nothing: by the sentence, the URL, the lines before, the subject.
pub(super) fn by_context(
    address: &Said,
    place: &Place<'_>,
    subject: &Subject,
) -> Option<(LinkKind, Confidence)> {
    let sentence = sentence(place);
    let by_sentence = kind_of(&sentence);
    let text = place.marked.text();
    let start = text.floor_char_boundary(place.at.start.saturating_sub(SENTENCE_BYTES));
    let line = text[start..place.at.start]
        .rfind('\n')
        .map_or(start, |at| start + at + 1);
    let in_line = || sentence.iter().filter(|hit| hit.at.start >= line);
    let has = |keyword: Keyword| in_line().any(|hit| hit.keyword == keyword);
    // `Alle Ger\u{e4}te abmelden: https://\u{2026}`
    if sentence.iter().any(|hit| hit.keyword == Keyword::SignOut) {
        return None;
    }
    if address.kind == Some(LinkKind::Unsubscribe) {
        return Some((LinkKind::Unsubscribe, Confidence::ADDRESS));
    }
    // "If you did not ask for a new password, open https://\u{2026}"
    let is_reset = by_sentence == Some(LinkKind::Reset) && address.kind == by_sentence;
    if by_sentence != Some(LinkKind::Unsubscribe) && !is_reset && place.is_denied() {
        return None;
    }
    match by_sentence {
        Some(LinkKind::Verify)
            if (has(Keyword::Purchase)
                || address.is_purchase
                || address.names_record
                || address.is_admin)
                && address.kind.is_none() =>
        {
            return None;
        }
        // "2. Password reset copy", and a document
        Some(LinkKind::Reset) if address.names_record && address.kind.is_none() => return None,
        // The title of an article.
        Some(LinkKind::Reset) if subject.is_bulk && address.kind.is_none() => return None,
        // `Unsubscribe https://example.com/reject/48213`
        Some(LinkKind::Unsubscribe) if address.refuses => {
            return Some((LinkKind::Unsubscribe, Confidence::SENTENCE));
        }
        // "Change your password now. More on https://example.com/help/devices"
        _ if address.names_page && address.kind.is_none() => return None,
        // "Open this to log in", and the address says that it resets.
        Some(LinkKind::Verify) if address.kind == Some(LinkKind::Reset) => {
            return Some((LinkKind::Reset, Confidence::ADDRESS));
        }
        Some(kind) if address.kind == Some(kind) => return Some((kind, Confidence::AGREED)),
        // "Can you check how we reset passwords?" in a comment
        Some(LinkKind::Verify | LinkKind::Reset) if subject.is_comment => return None,
        Some(kind) => return Some((kind, Confidence::SENTENCE)),
        None if has(Keyword::OtherLink) && address.kind.is_none() => return None,
        None => {}
    }
    if label_before(place).is_some_and(|label| keywords::is_word(label, Word::Leave) || stops_mailing(label))
    {
        return Some((LinkKind::Unsubscribe, Confidence::SENTENCE));
    }
    let is_named = has_own_label(place);
    let lines = if is_named { Vec::new() } else { lines_before(place) };
    let mut by_lines = kind_of(&lines);
    if by_lines == Some(LinkKind::Unsubscribe) {
        if is_below_label(place) {
            return Some((LinkKind::Unsubscribe, Confidence::SENTENCE));
        }
        by_lines = None;
    }
    let by_subject = subject.kind.filter(|_| !subject.is_bulk && !is_named);
    match address.kind {
        Some(LinkKind::Verify)
            if by_subject == Some(LinkKind::Reset) || by_lines == Some(LinkKind::Reset) =>
        {
            Some((LinkKind::Reset, Confidence::SENTENCE))
        }
        Some(LinkKind::Verify)
            if address.is_purchase
                || address.is_invitation && is_labelled(place)
                // "Check in online: https://\u{2026}" of a booking
                || is_named && subject.is_purchase =>
        {
            None
        }
        Some(kind) => Some((kind, Confidence::ADDRESS)),
        None if by_lines != Some(LinkKind::Reset)
            && lines.iter().any(|hit| hit.keyword == Keyword::Purchase) =>
        {
            None
        }
        // "This was not me" is the label of the URL below it.
        None if by_lines.is_none()
            && lines
                .last()
                .is_some_and(|hit| matches!(hit.keyword, Keyword::OtherLink | Keyword::Denied))
            && !is_below_sentence(place) =>
        {
            None
        }
        // `Acme` above the URL is its label: a further link, of which the subject says nothing.
        None if by_lines.is_none() && lines.is_empty() && place.from > 0 && is_below_name(place) => None,
        None if subject.is_comment || address.names_record => None,
        None => by_lines
            .map(|kind| (kind, Confidence::CONTEXT))
            .or(by_subject.map(|kind| (kind, Confidence::CONTEXT))),
    }
}

/// Reports whether a bare URL has a label in its line that says where it leads: `My tickets: https://\u{2026}`, but not `Click here:`.
fn has_own_label(place: &Place<'_>) -> bool {
    let text = place.marked.text();
    let start = text
        .floor_char_boundary(place.at.start.saturating_sub(SENTENCE_BYTES))
        .max(place.from);
    let before = text.get(start..place.at.start).unwrap_or_default();
    let from = before.rfind('\n').map_or(0, |at| at + 1);
    let Some(label) = before[from..].trim_end().strip_suffix(LABEL_ENDS) else {
        return false;
    };
    let hits = hits_in(place.marked, start + from..place.at.start);
    let label = label.trim();
    let begin = label.as_ptr() as usize - text.as_ptr() as usize;
    // `Los` of one language is an article of another.
    let is_at_edge = |hit: &Hit| hit.at.start == begin || hit.at.end == begin + label.len();
    label.contains(char::is_alphabetic)
        && label.split_whitespace().take(MAX_VAGUE_WORDS).count() < MAX_VAGUE_WORDS
        && !hits
            .iter()
            .any(|hit| hit.keyword == Keyword::VagueAnchor && is_at_edge(hit))
}

/// Returns the label of a bare URL in its line: `To stop: https://\u{2026}`, `Turn off this alert ( https://\u{2026}`.
fn label_before<'m>(place: &Place<'m>) -> Option<&'m str> {
    let text = place.marked.text();
    let start = text
        .floor_char_boundary(place.at.start.saturating_sub(SENTENCE_BYTES))
        .max(place.from);
    let before = text.get(start..place.at.start)?;
    let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let label = line.trim_end().trim_end_matches(LABEL_ENDS).trim_end();
    // "Stories. To stop: https://\u{2026}"
    let label = label.rsplit(". ").next().unwrap_or(label);
    let label = label.trim_start_matches(|char: char| !char.is_alphanumeric());
    (!label.is_empty()).then_some(label)
}

/// Reports whether a bare URL begins its line, and the line before is its label and no sentence.
fn is_below_label(place: &Place<'_>) -> bool {
    let before = &place.marked.text()[..place.at.start];
    let before = before.trim_end_matches(OPENING).trim_end_matches(' ');
    let Some(above) = before.strip_suffix('\n') else {
        return false;
    };
    let label = above.rsplit('\n').next().unwrap_or_default();
    // "To unsubscribe send a mail to leave@lists.example"
    label.ends_with([':', '\u{ff1a}'])
        || label.split_whitespace().take(MAX_VAGUE_WORDS + 1).count() <= MAX_VAGUE_WORDS
            && !label.contains('@')
            && !label.ends_with(['.', '!', '?'])
}

/// Reports whether the line before a link is for those who did not ask for it and ends its sentence: `If it was not you, ignore this.`
fn is_below_sentence(place: &Place<'_>) -> bool {
    let before = place.marked.text()[..place.at.start].trim_end();
    before.ends_with(['.', '!', '\u{3002}'])
        && lines_before(place)
            .iter()
            .any(|hit| hit.keyword == Keyword::Denied)
}

/// Reports whether a bare URL begins its line, and the line before is a name: one or two words.
fn is_below_name(place: &Place<'_>) -> bool {
    let before = &place.marked.text()[..place.at.start];
    let label = before.trim_end_matches(OPENING).strip_suffix('\n');
    let label = label
        .and_then(|before| before.rsplit('\n').next())
        .unwrap_or_default();
    let is_name = |word: &str| word.starts_with(char::is_uppercase) && word.ends_with(char::is_alphanumeric);
    (1..=2).contains(&label.split_whitespace().take(3).count()) && label.split_whitespace().all(is_name)
}

/// Reports whether the words before a bare URL in brackets are its text, as in `View the event [https://…]`.
fn is_labelled(place: &Place<'_>) -> bool {
    let before = &place.marked.text()[..place.at.start];
    let label = before.strip_suffix(OPENING);
    label.is_some_and(|label| {
        let word = label.trim_end_matches(' ');
        word.ends_with(char::is_alphanumeric)
    })
}

/// Returns the keywords of the sentence or clause of a link.
fn sentence(place: &Place<'_>) -> Vec<Hit> {
    let text = place.marked.text();
    let at = &place.at;
    let start = text
        .floor_char_boundary(at.start.saturating_sub(SENTENCE_BYTES))
        .max(place.from);
    let before = text.get(start..at.start).unwrap_or_default();
    let before = before.trim_end();
    let ends = [". ", "! ", "? ", "\u{3002}", "\n"];
    let last_end = |text: &str| {
        let ends = ends
            .iter()
            .filter_map(|end| text.rfind(end).map(|at| at + end.len()));
        ends.max()
    };
    let mut cut = last_end(before);
    // "To unsubscribe send a mail to leave@lists.example"
    if let Some(address) = before[cut.unwrap_or(0)..]
        .rfind('@')
        .filter(|_| !before.ends_with(LABEL_ENDS))
    {
        cut = Some(cut.unwrap_or(0) + address);
    }
    // "Forgot your password? Click here."
    if let Some(at) = cut
        && let Some(question) = before[..at].strip_suffix("? ")
        && is_call(&before[at..])
    {
        cut = last_end(question).or((start > place.from).then_some(0));
    }
    let mut from = start + cut.unwrap_or(0);
    // After another link of the sentence the clause begins at a comma.
    if cut.is_none() && start == place.from && start > 0 {
        from = start + before.find([',', ';', '\u{3001}', '\u{ff0c}']).unwrap_or(0);
    }
    let to = text.ceil_char_boundary((at.end + SENTENCE_BYTES).min(text.len()));
    let after = text.get(at.end..to).unwrap_or_default();
    let end = ends
        .iter()
        .filter_map(|end| after.find(end))
        .min()
        .unwrap_or(after.len());
    let begins_line = at.start == 0 || text[..at.start].ends_with('\n');
    let mut to = at.end + end.min(start_of_next(&after[..end], begins_line));
    if place.to < to {
        to = place.to;
        // What leads to the next link belongs to it.
        if let Some(comma) = text
            .get(at.end..to)
            .and_then(|clause| clause.rfind([',', ';', '\u{3001}', '\u{ff0c}']))
        {
            to = at.end + comma;
        }
    }
    // A URL as a text says nothing but its own words.
    let mut hits = hits_in(place.marked, from..at.start);
    hits.extend(hits_in(place.marked, at.end..to.max(at.end)));
    hits
}

/// Reports whether words say to open what follows, and nothing else: `Please click`, `Dann klicken Sie bitte hier:`.
fn is_call(words: &str) -> bool {
    let count = words.split_whitespace().take(2 * MAX_CALL_WORDS + 1).count();
    let is_vague = || {
        let hits = keywords::find(words);
        hits.iter().any(|hit| hit.keyword == Keyword::VagueAnchor)
    };
    count <= MAX_CALL_WORDS || count <= 2 * MAX_CALL_WORDS && is_vague()
}

/// Returns the keywords of the line before a link that is alone in its line, or else none.
fn lines_before(place: &Place<'_>) -> Vec<Hit> {
    let text = place.marked.text();
    let start = text
        .floor_char_boundary(place.at.start.saturating_sub(SENTENCE_BYTES))
        .max(place.from);
    let before = text.get(start..place.at.start).unwrap_or_default();
    let end = before.rfind('\n').unwrap_or(before.len());
    let line = before[..end].rfind('\n').map_or(0, |at| at + 1);
    hits_in(place.marked, start + line..start + end)
}

/// Returns the keywords of a part of a text, with their offsets in it.
fn hits_in(marked: &Marked, range: Range<usize>) -> Vec<Hit> {
    let hits = keywords::find(marked.text().get(range.clone()).unwrap_or_default());
    let moved = hits.into_iter().map(|hit| Hit {
        at: range.start + hit.at.start..range.start + hit.at.end,
        ..hit
    });
    moved.collect()
}

/// Returns the offset of the label of the next URL, as in `or unsubscribe: https://…` and `] Unsubscribe [https://…]`.
///
/// After a URL that begins its line, all words or those behind a mark are the label of the next URL.
fn start_of_next(after: &str, begins_line: bool) -> usize {
    let none = after.len();
    let Some(scheme) = after.find("://") else {
        return none;
    };
    let label = after[..scheme].trim_end_matches(|char: char| char.is_ascii_alphabetic());
    match label.trim_end().strip_suffix(LABEL_ENDS) {
        Some(label) => label.rfind([',', ';']).unwrap_or(0),
        None if begins_line => label.rfind(['\u{b7}', '|', '\u{2022}', ',', ';']).unwrap_or(0),
        None => label.len(),
    }
}
