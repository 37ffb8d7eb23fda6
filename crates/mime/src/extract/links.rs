//! The links of a mail and their kinds: by what the mail declares, the anchor text, the words of the URL, the sentence and the
//! subject. A link that verifies or resets something carries a secret: a URL that cannot contain one is an ordinary page.

mod place;

use std::collections::{HashMap, hash_map::Entry};

use place::{Place, by_context};

use super::{
    Confidence, Link, LinkKind, MAX_LINKS,
    codes::Mail,
    keywords::{self, Hit, kind_of},
    marked::Marked,
    urls::{self, UrlReader, web_url},
    visible_text::{Action, Anchor},
    vocabulary::{Keyword, Word},
};
use crate::decode;

/// Stored length of an anchor text.
const MAX_TEXT_CHARS: usize = 200;
/// Stored length of all URLs and texts.
const MAX_STORED_BYTES: usize = 64 * 1024;
/// Links whose sentence is examined.
const MAX_CONTEXTS: usize = 300;
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
            let around = anchor_around(marked, at.start);
            let at = at.start..at.end.min(around.map_or(usize::MAX, |anchor| anchor.text.end));
            if let Some(url) = marked.text().get(at.clone()).and_then(web_url) {
                // `https://example.com/verify/3391/...` as the text of the whole URL
                if around.is_some_and(|anchor| anchor.href.len() > url.len() && anchor.href.starts_with(&url))
                {
                    continue;
                }
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
    is_purchase: bool,
    is_offer: bool,
    /// Whether it answers, or names a case: `Re: [#402518] Invoice`.
    is_case: bool,
    /// Whether the mail shows what somebody wrote on a document.
    is_comment: bool,
    /// What it quotes: the title of what somebody shared.
    quoted: Option<String>,
}

impl Subject {
    fn of(mail: &Mail<'_>) -> Self {
        let hits = mail.subject.hits();
        let is_purchase = hits.iter().any(|hit| hit.keyword == Keyword::Purchase);
        Self {
            // "Order 4821 confirmed"
            kind: kind_of(hits).filter(|kind| *kind != LinkKind::Unsubscribe && !is_purchase),
            is_bulk: mail.signals.is_bulk,
            is_purchase,
            is_offer: hits.iter().any(|hit| hit.keyword == Keyword::Promo),
            is_case: mail.subject.text().contains("[#"),
            is_comment: hits.iter().any(|hit| hit.keyword == Keyword::Comment),
            quoted: quoted(mail.subject.text()).map(str::to_owned),
        }
    }
}

/// Returns what a text quotes.
fn quoted(text: &str) -> Option<&str> {
    let marks = [
        '"', '\u{201c}', '\u{201d}', '\u{201e}', '\u{ab}', '\u{bb}', '\u{300c}', '\u{300d}',
    ];
    let (_, rest) = text.split_once(marks)?;
    let (quoted, _) = rest.split_once(marks)?;
    let quoted = quoted.trim();
    quoted.contains(' ').then_some(quoted)
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

/// Returns the anchor around an offset: what follows it without a space is no part of its URL.
fn anchor_around(marked: &Marked, at: usize) -> Option<&Anchor> {
    let anchors = &marked.visible.anchors;
    let next = anchors.partition_point(|anchor| anchor.text.start <= at);
    let around = next.checked_sub(1).map(|index| &anchors[index]);
    around.filter(|anchor| anchor.text.end > at)
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
                // "View the guide" is a label, whatever the subject says.
                let says_other = known.kind == LinkKind::Other
                    && known.confidence > Confidence::CONTEXT
                    && confidence == Confidence::CONTEXT;
                let is_better = !says_other && known.kind == LinkKind::Other && kind != LinkKind::Other
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
        let mut address = urls::read(url, &mut self.urls);
        // A paid subscription is no list.
        if address.said.is_subscription && subject.is_purchase && !subject.is_bulk {
            address.said.kind = None;
        }
        let is_address = web_url(shown).is_some();
        let is_vague = shown.is_empty() || is_address || is_vague(said, shown);
        // `/verify-deals` behind "Shop now", `/admin/posts/48213/approve`
        let is_doubtful = address.said.is_part && (!is_vague || subject.is_bulk || subject.is_offer)
            || address.said.is_admin && subject.kind != Some(LinkKind::Verify);
        let is_of_title = address.said.is_part && address.said.kind == Some(LinkKind::Reset);
        if is_doubtful && (address.said.kind == Some(LinkKind::Verify) || is_of_title) {
            address.said.kind = None;
        }
        let has = |keyword: Keyword| said.iter().any(|hit| hit.keyword == keyword);
        // "Remove" is a whole text.
        let leaves = || keywords::is_word(shown, Word::Leave) && !address.is_page();
        let stops = || leaves() || stops_mailing(shown);
        let by_text = match kind_of(said) {
            // The sentence says more than the words of a URL.
            _ if is_address => None,
            None | Some(LinkKind::Verify) if stops() => Some(LinkKind::Unsubscribe),
            kind => kind,
        };
        let found = match by_text {
            // `Alle Ger\u{e4}te abmelden`
            _ if has(Keyword::SignOut) && !is_address => None,
            // "Confirm the newsletter subscription"
            Some(LinkKind::Unsubscribe)
                if has(Keyword::Verify) && address.said.kind == Some(LinkKind::Verify) =>
            {
                Some((LinkKind::Verify, Confidence::ADDRESS))
            }
            // "Learn how to manage your subscription"
            Some(_) if place.is_of_article() => None,
            Some(LinkKind::Verify | LinkKind::Reset) if subject.quoted.as_deref() == Some(shown) => None,
            // "Manage your subscription" in a receipt: what is paid for is no list.
            Some(LinkKind::Unsubscribe)
                if subject.is_purchase
                    && !subject.is_bulk
                    && address.said.kind != Some(LinkKind::Unsubscribe)
                    && address.is_page()
                    && shown.split_whitespace().nth(2).is_some() =>
            {
                None
            }
            Some(LinkKind::Unsubscribe) => Some((LinkKind::Unsubscribe, Confidence::TEXT)),
            // "You no longer want this letter? Click here", at `/letter/cancel`
            _ if address.said.refuses && address.said.kind != Some(LinkKind::Unsubscribe) => {
                let by_context = || by_context(&address.said, place, subject);
                (is_vague && place.is_examined)
                    .then(by_context)
                    .flatten()
                    .filter(|(kind, _)| *kind == LinkKind::Unsubscribe)
            }
            // "Confirm contact details"
            Some(kind)
                if address.said.kind == Some(kind)
                    && !has(Keyword::Purchase)
                    && said.first().is_some_and(|hit| hit.keyword != Keyword::OtherLink) =>
            {
                Some((kind, Confidence::AGREED))
            }
            _ if has(Keyword::OtherLink) && !is_address => address
                .said
                .kind
                .filter(|kind| *kind == LinkKind::Unsubscribe)
                .map(|kind| (kind, Confidence::ADDRESS)),
            _ if is_vague && place.is_examined => by_context(&address.said, place, subject),
            Some(_) if has(Keyword::Purchase) => None,
            // "Sign in" on a page for a new password.
            Some(LinkKind::Verify) if address.said.kind == Some(LinkKind::Reset) && !is_firm(said) => {
                Some((LinkKind::Reset, Confidence::ADDRESS))
            }
            Some(kind) if address.said.kind == Some(kind) => Some((kind, Confidence::AGREED)),
            // The title of an article.
            Some(LinkKind::Reset) if subject.is_bulk => None,
            Some(LinkKind::Verify) if subject.is_bulk && !is_call(said, shown) => None,
            // The title of a document
            Some(LinkKind::Verify | LinkKind::Reset)
                if address.said.is_admin && subject.kind.is_none()
                    || address.said.names_record && shown.split_whitespace().nth(2).is_some() =>
            {
                None
            }
            // "Log in for all your requests"
            Some(LinkKind::Verify) if subject.is_case => None,
            Some(kind) => Some((kind, Confidence::TEXT)),
            // "View the event" at `/invite/7`: the text says that it is a page.
            None => address
                .said
                .kind
                .filter(|kind| *kind == LinkKind::Unsubscribe || !has(Keyword::Purchase))
                // "Review your subscription" in the account
                .filter(|_| !address.said.is_subscription || !address.is_page())
                .filter(|kind| {
                    *kind != LinkKind::Verify
                        || !address.said.is_purchase
                            && !address.said.is_invitation
                            // "Check in online" of a booking
                            && (is_vague || !subject.is_purchase)
                })
                .map(|kind| (kind, Confidence::ADDRESS)),
        };
        match found {
            // "Change your password" is what the page is for, though anybody can open it.
            Some((LinkKind::Reset, confidence))
                if !subject.is_bulk
                    && !address.is_help()
                    && !address.is_title()
                    // "If this was not you, change your password", on the page of the account
                    && (!address.is_page() || !place.is_denied())
                    && (is_order(said, shown)
                        || (confidence == Confidence::AGREED
                            || url.contains('?')
                                && address.said.kind == Some(LinkKind::Reset)
                                && subject.kind == Some(LinkKind::Reset)
                                && !address.said.names_page)
                            && (shown.is_empty() || is_address)) =>
            {
                (LinkKind::Reset, confidence)
            }
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
    is_vague && !names_purchase && kind_of(said).is_none() && is_short(shown)
}

/// Reports whether an anchor text stops mail of a kind: `Turn off breach alerts`, `Preisalarme ausschalten`.
pub(super) fn stops_mailing(shown: &str) -> bool {
    let names = |words: &str| {
        let mut words = words.split_whitespace();
        words.any(|word| {
            let word = word.trim_matches(|char: char| !char.is_alphanumeric());
            // `l'alerte`
            let noun = word.rsplit(['\'', '\u{2019}']).next().unwrap_or(word);
            keywords::is_word(word, Word::Mailing) || keywords::is_word(noun, Word::Mailing)
        })
    };
    let begins = || {
        keywords::rests_after(shown, Word::Stop)
            .into_iter()
            .any(|from| shown.get(from..).is_some_and(names))
    };
    let ends = || {
        shown
            .rsplit_once(' ')
            .is_some_and(|(before, last)| keywords::is_word(last, Word::Stop) && names(before))
    };
    (begins() || ends()) && is_short(shown)
}

/// Reports whether an anchor text begins with the wish to reset a password, as no title does: `Change your password`.
fn is_order(said: &[Hit], shown: &str) -> bool {
    let starts = |hit: &Hit| hit.keyword == Keyword::Reset && hit.at.start == 0;
    said.iter().any(starts) && is_short(shown)
}

/// Reports whether an anchor text asks to verify: its verb begins or ends it, or it says to click. In a title it is a noun within.
fn is_call(said: &[Hit], shown: &str) -> bool {
    let is_at_edge =
        |hit: &Hit| hit.keyword == Keyword::Verify && (hit.at.start == 0 || hit.at.end + 1 >= shown.len());
    shown.split_whitespace().nth(2).is_none()
        || said
            .iter()
            .any(|hit| is_at_edge(hit) || hit.keyword == Keyword::VagueAnchor)
}

/// Reports whether an anchor text has few words.
fn is_short(shown: &str) -> bool {
    shown.split_whitespace().take(MAX_VAGUE_WORDS + 1).count() <= MAX_VAGUE_WORDS
}

/// Reports whether a text asks for a verification and not only for a sign-in.
fn is_firm(said: &[Hit]) -> bool {
    said.iter().filter(|hit| hit.keyword == Keyword::Verify).count() > 1
}
