//! The links of a mail and their kinds: by what the mail declares, the anchor text, the words of the URL, the sentence and the
//! subject. A link that verifies or resets something carries a secret: a URL that cannot contain one is an ordinary page.

use std::{
    collections::{HashMap, hash_map::Entry},
    ops::Range,
};

use super::{
    Confidence, Link, LinkKind, MAX_LINKS,
    codes::Mail,
    keywords::{self, Hit, kind_of},
    marked::Marked,
    urls::{self, UrlReader, UrlWords, web_url},
    visible_text::{Action, Anchor},
    vocabulary::Keyword,
};
use crate::decode;

/// Stored length of an anchor text.
const MAX_TEXT_CHARS: usize = 200;
/// Stored length of all URLs and texts.
const MAX_STORED_BYTES: usize = 64 * 1024;
/// Examined length of the sentence on each side of a link, in bytes.
const SENTENCE_BYTES: usize = 300;
/// Links whose sentence is examined.
const MAX_CONTEXTS: usize = 300;
/// What opens the brackets of a URL after its text.
const OPENING: [char; 3] = ['[', '(', '<'];
/// What stands between the label of a URL and the URL.
const LABEL_ENDS: [char; 4] = [':', '[', '(', '<'];
/// An anchor text of more words says something of its own.
const MAX_VAGUE_WORDS: usize = 7;

/// Returns the links of a mail in its order, each URL once: of the HTML, the text, declared actions, List-Unsubscribe.
pub(super) fn find(mail: &Mail<'_>) -> Vec<Link> {
    let mut links = Links::default();
    let subject = Subject::of(mail);
    let actions = &mail.html.visible.actions;
    let mut classifier = LinkClassifier::default();
    for (index, anchor) in mail.html.visible.anchors.iter().enumerate() {
        if let Some(url) = web_url(&anchor.href) {
            let shown = shown(mail.html, anchor);
            let place = Place::of_anchor(mail.html, index);
            let (kind, confidence) = classifier.kind(&url, &shown, &place, &subject, actions);
            let text = (!shown.is_empty()).then_some(shown);
            links.add(url, text, kind, confidence);
        }
    }
    for marked in [mail.html, mail.text] {
        let mut from = 0;
        for (index, at) in urls::bare(marked.text()).enumerate() {
            let at = at.start..at.end.min(end_of_anchor(marked, at.start));
            if let Some(url) = marked.text().get(at.clone()).and_then(web_url) {
                let place = Place {
                    marked,
                    at: at.clone(),
                    from,
                    to: usize::MAX,
                    is_examined: index < MAX_CONTEXTS,
                };
                from = at.end;
                let (kind, confidence) = classifier.kind(&url, "", &place, &subject, actions);
                links.add(url, None, kind, confidence);
            }
        }
    }
    for action in actions.iter().filter(|action| action.confirms) {
        if let Some(url) = web_url(&action.url) {
            links.add(url, None, LinkKind::Verify, Confidence::DECLARED);
        }
    }
    for listed in mail.signals.unsubscribe.split('<').skip(1) {
        if let Some(url) = listed.split_once('>').and_then(|(url, _)| web_url(url)) {
            links.add(url, None, LinkKind::Unsubscribe, Confidence::DECLARED);
        }
    }
    links.finish()
}

/// What the subject says of the links.
struct Subject {
    kind: Option<LinkKind>,
    is_bulk: bool,
}

impl Subject {
    fn of(mail: &Mail<'_>) -> Self {
        let hits = mail.subject.hits();
        let is_purchase = hits.iter().any(|hit| hit.keyword == Keyword::Purchase);
        Self {
            // "Order 4821 confirmed"
            kind: kind_of(hits).filter(|kind| *kind != LinkKind::Unsubscribe && !is_purchase),
            is_bulk: mail.signals.is_bulk,
        }
    }
}

/// The text around a link.
struct Place<'m> {
    marked: &'m Marked,
    at: Range<usize>,
    /// Text before this offset belongs to another link.
    from: usize,
    /// Where the next link begins.
    to: usize,
    /// Whether the text around it is examined.
    is_examined: bool,
}

impl<'m> Place<'m> {
    fn of_anchor(marked: &'m Marked, index: usize) -> Self {
        let anchors = &marked.visible.anchors;
        let at = anchors[index].text.clone();
        let from = index
            .checked_sub(1)
            .map_or(0, |before| anchors[before].text.end.min(at.start));
        let to = anchors.get(index + 1).map_or(usize::MAX, |next| next.text.start);
        Self {
            marked,
            at,
            from,
            to,
            is_examined: index < MAX_CONTEXTS,
        }
    }
}

/// Returns where the anchor around an offset ends: what follows it without a space is no part of its URL.
fn end_of_anchor(marked: &Marked, at: usize) -> usize {
    let anchors = &marked.visible.anchors;
    let next = anchors.partition_point(|anchor| anchor.text.start <= at);
    let around = next.checked_sub(1).map(|index| anchors[index].text.end);
    around.filter(|end| *end > at).unwrap_or(usize::MAX)
}

fn shown(html: &Marked, anchor: &Anchor) -> String {
    let text = html.text().get(anchor.text.clone()).unwrap_or_default().trim();
    let text = if text.is_empty() {
        anchor.label.as_deref().unwrap_or_default()
    } else {
        text
    };
    decode::header_text(text, MAX_TEXT_CHARS)
}

/// The links that were found, with room for those that have a kind.
#[derive(Default)]
struct Links {
    links: Vec<Link>,
    by_url: HashMap<String, usize>,
    others: usize,
}

impl Links {
    /// Adds a link, or completes the kind and text of one with the same URL.
    fn add(&mut self, url: String, text: Option<String>, kind: LinkKind, confidence: Confidence) {
        match self.by_url.entry(url) {
            Entry::Occupied(entry) => {
                let known = &mut self.links[*entry.get()];
                let is_better = known.kind == LinkKind::Other && kind != LinkKind::Other
                    || known.kind == kind && confidence > known.confidence;
                if is_better {
                    self.others -= usize::from(known.kind == LinkKind::Other && kind != LinkKind::Other);
                    (known.kind, known.confidence) = (kind, confidence);
                }
                known.text = known.text.take().or(text);
            }
            Entry::Vacant(entry) => {
                let is_other = kind == LinkKind::Other;
                let full = if is_other {
                    self.others
                } else {
                    self.links.len() - self.others
                };
                if full >= MAX_LINKS {
                    return;
                }
                self.others += usize::from(is_other);
                let url = entry.key().clone();
                entry.insert(self.links.len());
                self.links.push(Link {
                    url,
                    text,
                    kind,
                    confidence,
                });
            }
        }
    }

    /// Returns at most [`MAX_LINKS`], in order. Links without a kind make room for links with one.
    fn finish(self) -> Vec<Link> {
        let with_kind = self.links.len() - self.others;
        let mut others = MAX_LINKS.saturating_sub(with_kind);
        let mut bytes = MAX_STORED_BYTES;
        let is_kept = |link: &Link| {
            let is_other = link.kind == LinkKind::Other;
            let len = link.url.len() + link.text.as_ref().map_or(0, String::len);
            if is_other && (others == 0 || bytes < len) {
                return false;
            }
            others -= usize::from(is_other);
            bytes = bytes.saturating_sub(len);
            true
        };
        self.links.into_iter().filter(is_kept_once(is_kept)).collect()
    }
}

/// Lets a closure with state filter.
fn is_kept_once(mut is_kept: impl FnMut(&Link) -> bool) -> impl FnMut(&Link) -> bool {
    move |link| is_kept(link)
}

/// Classifies links. Texts and words of URLs recur in a mail, and are read once.
#[derive(Debug, Default)]
struct LinkClassifier {
    said: HashMap<String, Vec<Hit>>,
    urls: UrlReader,
}

impl LinkClassifier {
    /// Returns the kind of a link, and how sure it is.
    fn kind(
        &mut self,
        url: &str,
        shown: &str,
        place: &Place<'_>,
        subject: &Subject,
        actions: &[Action],
    ) -> (LinkKind, Confidence) {
        if actions.iter().any(|action| action.confirms && action.url == url) {
            return (LinkKind::Verify, Confidence::DECLARED);
        }
        if !self.said.contains_key(shown) {
            self.said.insert(shown.to_owned(), keywords::find(shown));
        }
        let said = self.said.get(shown).map(Vec::as_slice).unwrap_or_default();
        let address = urls::read(url, &mut self.urls);
        let has = |keyword: Keyword| said.iter().any(|hit| hit.keyword == keyword);
        let by_text = kind_of(said);
        let is_address = web_url(shown).is_some();
        let is_vague = shown.is_empty() || is_address || is_vague(said, shown);
        let found = match by_text {
            // "Confirm the newsletter subscription"
            Some(LinkKind::Unsubscribe) if has(Keyword::Verify) && address.kind == Some(LinkKind::Verify) => {
                Some((LinkKind::Verify, Confidence::ADDRESS))
            }
            Some(LinkKind::Unsubscribe) => Some((LinkKind::Unsubscribe, Confidence::TEXT)),
            _ if address.refuses && address.kind != Some(LinkKind::Unsubscribe) => None,
            // "Confirm contact details"
            Some(kind)
                if address.kind == Some(kind)
                    && !has(Keyword::Purchase)
                    && said.first().is_some_and(|hit| hit.keyword != Keyword::OtherLink) =>
            {
                Some((kind, Confidence::AGREED))
            }
            _ if has(Keyword::OtherLink) && !is_address => address
                .kind
                .filter(|kind| *kind == LinkKind::Unsubscribe)
                .map(|kind| (kind, Confidence::ADDRESS)),
            _ if is_vague && place.is_examined => by_context(&address, place, subject),
            Some(_) if has(Keyword::Purchase) => None,
            // "Sign in" on a page for a new password.
            Some(LinkKind::Verify) if address.kind == Some(LinkKind::Reset) && !is_firm(said) => {
                Some((LinkKind::Reset, Confidence::ADDRESS))
            }
            Some(kind) if address.kind == Some(kind) => Some((kind, Confidence::AGREED)),
            // The title of an article.
            Some(LinkKind::Reset) if subject.is_bulk => None,
            Some(kind) => Some((kind, Confidence::TEXT)),
            // "View the event" at `/invite/7`: the text says that it is a page.
            None => address
                .kind
                .filter(|kind| *kind == LinkKind::Unsubscribe || !has(Keyword::Purchase))
                .filter(|kind| *kind != LinkKind::Verify || !address.is_purchase && !address.is_invitation)
                .map(|kind| (kind, Confidence::ADDRESS)),
        };
        match found {
            Some((LinkKind::Verify | LinkKind::Reset, _)) if address.is_page() => {
                (LinkKind::Other, Confidence::TEXT)
            }
            Some(found) => found,
            None => (
                LinkKind::Other,
                if is_vague {
                    Confidence::CONTEXT
                } else {
                    Confidence::TEXT
                },
            ),
        }
    }
}

/// Reports whether an anchor text says nothing: all its keywords are vague, and it is short.
fn is_vague(said: &[Hit], shown: &str) -> bool {
    let is_vague = said.iter().any(|hit| hit.keyword == Keyword::VagueAnchor);
    let names_purchase = said.iter().any(|hit| hit.keyword == Keyword::Purchase);
    is_vague
        && !names_purchase
        && kind_of(said).is_none()
        && shown.split_whitespace().take(MAX_VAGUE_WORDS + 1).count() <= MAX_VAGUE_WORDS
}

/// Reports whether a text asks for a verification and not only for a sign-in.
fn is_firm(said: &[Hit]) -> bool {
    said.iter().filter(|hit| hit.keyword == Keyword::Verify).count() > 1
}

/// Finds the kind of a link whose text says nothing: by the sentence, the URL, the lines before, the subject.
fn by_context(
    address: &UrlWords<'_>,
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
    if address.kind == Some(LinkKind::Unsubscribe) {
        return Some((LinkKind::Unsubscribe, Confidence::ADDRESS));
    }
    match by_sentence {
        Some(LinkKind::Verify)
            if (has(Keyword::Purchase) || address.is_purchase || address.names_record)
                && address.kind.is_none() =>
        {
            return None;
        }
        // The title of an article.
        Some(LinkKind::Reset) if subject.is_bulk && address.kind.is_none() => return None,
        // "Change your password now. More on https://example.com/help/devices"
        _ if address.names_page && address.kind.is_none() => return None,
        // "Open this to log in", and the address says that it resets.
        Some(LinkKind::Verify) if address.kind == Some(LinkKind::Reset) => {
            return Some((LinkKind::Reset, Confidence::ADDRESS));
        }
        Some(kind) if address.kind == Some(kind) => return Some((kind, Confidence::AGREED)),
        Some(kind) => return Some((kind, Confidence::SENTENCE)),
        None if has(Keyword::OtherLink) && address.kind.is_none() => return None,
        None => {}
    }
    let lines = lines_before(place);
    let mut by_lines = kind_of(&lines);
    if by_lines == Some(LinkKind::Unsubscribe) {
        if is_below_label(place) {
            return Some((LinkKind::Unsubscribe, Confidence::SENTENCE));
        }
        by_lines = None;
    }
    let by_subject = subject.kind.filter(|_| !subject.is_bulk);
    match address.kind {
        Some(LinkKind::Verify)
            if by_subject == Some(LinkKind::Reset) || by_lines == Some(LinkKind::Reset) =>
        {
            Some((LinkKind::Reset, Confidence::SENTENCE))
        }
        Some(LinkKind::Verify) if address.is_purchase || address.is_invitation && is_labelled(place) => None,
        Some(kind) => Some((kind, Confidence::ADDRESS)),
        None if lines.iter().any(|hit| hit.keyword == Keyword::Purchase) => None,
        None => by_lines
            .map(|kind| (kind, Confidence::CONTEXT))
            .or(by_subject.map(|kind| (kind, Confidence::CONTEXT))),
    }
}

/// Reports whether a bare URL begins its line, and the line before is its label and no sentence.
fn is_below_label(place: &Place<'_>) -> bool {
    let before = &place.marked.text()[..place.at.start];
    let before = before.trim_end_matches(OPENING).trim_end_matches(' ');
    let Some(above) = before.strip_suffix('\n') else {
        return false;
    };
    let label = above.rsplit('\n').next().unwrap_or_default();
    label.split_whitespace().take(MAX_VAGUE_WORDS + 1).count() <= MAX_VAGUE_WORDS
        && !label.ends_with(['.', '!', '?'])
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
    let cut = ends
        .iter()
        .filter_map(|end| before.rfind(end).map(|at| at + end.len()))
        .max();
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
    let mut to = at.end + end.min(start_of_next(&after[..end]));
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
fn start_of_next(after: &str) -> usize {
    let none = after.len();
    let Some(scheme) = after.find("://") else {
        return none;
    };
    let label = after[..scheme].trim_end_matches(|char: char| char.is_ascii_alphabetic());
    match label.trim_end().strip_suffix(LABEL_ENDS) {
        Some(label) => label.rfind([',', ';']).unwrap_or(0),
        None => none,
    }
}
