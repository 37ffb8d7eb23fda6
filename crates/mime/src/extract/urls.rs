//! URLs: which are web addresses, where they end in a text, what their words say, and whether they can carry a secret.

mod parameters;
mod secrets;
mod titles;

use std::{collections::HashMap, ops::Range};

use memchr::memmem;
use parameters::{is_named_action, is_neutral, is_secret_name};
use secrets::is_secret_like;

use super::{
    keywords::{self, Hit, kind_of},
    vocabulary::{Keyword, Word},
};
use crate::extract::LinkKind;

/// Longer URLs are ignored.
pub(super) const MAX_URL_BYTES: usize = 2048;
/// Examined path and query of a URL.
const MAX_EXAMINED_BYTES: usize = 400;
/// Path segments of code forges, where projects and branches can have any name.
const FORGE_PARTS: [&str; 9] = [
    "pull",
    "pulls",
    "issues",
    "commit",
    "merge_requests",
    "blob",
    "pull-requests",
    "_workitems",
    "work_items",
];
/// Path segments of issue trackers before the key of an issue: `/browse/WEB-204`.
const TRACKER_PARTS: [&str; 4] = ["browse", "issue", "task", "story"];
/// A path segment of this length can be a secret.
const MIN_SECRET_BYTES: usize = 20;
/// A path segment of letters and digits of this length can be a secret.
const MIN_MIXED_BYTES: usize = 6;
/// A parameter of letters is a secret from this length on; a shorter one is a word.
const MIN_SECRET_LETTERS: usize = 10;
/// Scripts from here on have no spaces, or attach particles to words.
const FIRST_UNSPACED: char = '\u{e00}';
/// Path segments of pages for everybody, unless other words say more.
const PAGE_PARTS: [&str; 12] = [
    "questions",
    "articles",
    "article",
    "help",
    "hc",
    "support",
    "faq",
    "faqs",
    "kb",
    "guide",
    "guides",
    "learn",
];
/// Words beside one that says a kind: `verify-your-email.html`.
const COMPANIONS: [&str; 72] = [
    "email", "mail", "e", "account", "address", "user", "your", "my", "new", "link", "token", "sign", "up",
    "in", "log", "on", "to", "the", "a", "and", "by", "with", "id", "identity", "device", "number", "phone",
    "member", "profile", "auth", "request", "php", "html", "htm", "aspx", "asp", "jsp", "do", "cgi", "api",
    "change", "set", "choose", "create", "edit", "update", "init", "complete", "finish", "start", "process",
    "form", "page", "step", "key", "code", "wp", "pl", "action", "customer", "client", "web", "app", "site",
    "security", "for", "of", "from", "wizard", "session", "service", "services",
];
/// Words of the paths of meetings.
const MEETING_WORDS: [&str; 5] = ["meetup", "meeting", "meetings", "webinar", "conference"];
/// The longest word of the vocabulary for URLs.
const MAX_WORD_BYTES: usize = 24;
/// Reports whether a URL is of a code forge or an issue tracker.
pub(super) fn is_forge(url: &str) -> bool {
    let has = |names: &[&str], part: &str| names.iter().any(|name| part.eq_ignore_ascii_case(name));
    let mut is_after_tracker = false;
    url.split('/').any(|part| {
        let is_issue = is_after_tracker && is_issue_key(part);
        is_after_tracker = has(&TRACKER_PARTS, part);
        is_issue || has(&FORGE_PARTS, part)
    })
}

/// Reports whether a path segment begins with the key of an issue: `WEB-204`.
fn is_issue_key(part: &str) -> bool {
    let project = part.bytes().take_while(u8::is_ascii_alphanumeric).count();
    part.starts_with(|char: char| char.is_ascii_uppercase())
        && !part[..project].contains(|char: char| char.is_ascii_lowercase())
        && part[project..]
            .strip_prefix('-')
            .is_some_and(|number| number.starts_with(|char: char| char.is_ascii_digit()))
}

/// Returns an `http` or `https` URL without folding white space.
pub(crate) fn web_url(sent: &str) -> Option<String> {
    let start = sent.trim_start().as_bytes();
    let has_scheme = [&b"https://"[..], b"http://"].iter().any(|scheme| {
        start
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    // White space inside is rare, and shortens it.
    if !has_scheme || sent.len() > 2 * MAX_URL_BYTES {
        return None;
    }
    let is_dropped = |char: char| char.is_whitespace() || char.is_control();
    let url = if sent.bytes().all(|byte| byte.is_ascii_graphic()) {
        sent.to_owned()
    } else {
        sent.chars().filter(|char| !is_dropped(*char)).collect()
    };
    let is_complete = url.find("://").is_some_and(|at| url.len() > at + 3);
    (is_complete && url.len() <= MAX_URL_BYTES).then_some(url)
}

/// Returns the ranges of URLs in a text.
pub(super) fn bare(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let at = from + memmem::find(&bytes[from..], b"://")?;
            let before = &bytes[from..at];
            from = at + 3;
            let scheme = [&b"https"[..], b"http"].into_iter().find(|scheme| {
                before
                    .len()
                    .checked_sub(scheme.len())
                    .is_some_and(|cut| before[cut..].eq_ignore_ascii_case(scheme))
            });
            if let Some(scheme) = scheme {
                let rest = &text[from..];
                let end = rest.find(|char: char| {
                    char.is_whitespace() || "<>\"`{}|^\u{3001}\u{3002}\u{ff0c}\u{300d}\u{ff09}".contains(char)
                });
                let end = end_of_ascii(&rest[..end.unwrap_or(rest.len())]);
                // `[https://example.com](https://example.com)`
                let end = memmem::find(&rest.as_bytes()[..end], b"](").unwrap_or(end);
                let mark = before[..before.len() - scheme.len()].last().copied();
                let url = trimmed(&rest[..end], mark);
                let found = at - scheme.len()..from + url.len();
                // What follows in the same word is no second URL.
                from += url.len();
                return Some(found);
            }
        }
    })
}

/// Returns where a URL ends in a word that goes on in a script without spaces: `https://example.com/x\u{304b}\u{3089}`. A path in
/// such a script begins behind a slash or a sign of the query.
fn end_of_ascii(word: &str) -> usize {
    if word.is_ascii() {
        return word.len();
    }
    let is_end = |(at, char): (usize, char)| {
        let before = word[..at].chars().next_back();
        let is_mark =
            matches!(char, '\u{3000}'..='\u{303f}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}');
        let is_joined = char >= FIRST_UNSPACED
            && before.is_some_and(|before| {
                before.is_ascii_alphanumeric() || matches!(before, ')' | ']' | '"' | '\'')
            });
        (is_mark || is_joined).then_some(at)
    };
    word.char_indices().find_map(is_end).unwrap_or(word.len())
}

/// Cuts trailing punctuation of a URL, and unbalanced brackets: brackets are counted once. A secret can end with `_`, so marks of
/// emphasis are cut only where the same mark is before the URL.
fn trimmed(url: &str, mark: Option<u8>) -> &str {
    let mut surplus = [('(', ')'), ('[', ']')].map(|(open, close)| {
        let count =
            |mark: char| memchr::memchr_iter(u8::try_from(mark).unwrap_or_default(), url.as_bytes()).count();
        count(close).saturating_sub(count(open))
    });
    let is_cut = |char: char| match char {
        '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '\u{2026}' => true,
        '*' | '_' => mark.is_some_and(|mark| char::from(mark) == char),
        ')' | ']' => {
            let left = &mut surplus[usize::from(char == ']')];
            let is_surplus = *left > 0;
            *left = left.saturating_sub(1);
            is_surplus
        }
        _ => false,
    };
    url.trim_end_matches(is_cut)
}

/// A URL that was read.
#[derive(Debug, Default)]
pub(super) struct UrlWords<'u> {
    pub(super) said: Said,
    path: &'u str,
    has_secret: bool,
    /// Whether its query can carry a secret.
    has_query_secret: bool,
    query: &'u str,
}

impl UrlWords<'_> {
    /// Reports whether it is a public page: nothing in it can be a secret, or it is a page of a code forge.
    pub(super) fn is_page(&self) -> bool {
        let parts = || self.path.split(['/', '#']).filter(|part| !part.is_empty());
        // A segment that the segment before names, like the 7 of `/verify/7`, is not a page, however short.
        let names = |part: &str| {
            let words = split_words(part);
            url_kind(&words, &keywords::find(&words)).is_some()
        };
        let is_named = || {
            parts()
                .zip(parts().skip(1))
                .any(|(name, named)| names(name) && !names(named) && keywords::find(named).is_empty())
        };
        self.is_help() || self.is_title() || !self.has_secret && !is_named()
    }

    /// Reports whether it leads to something to read, whose title its words are: `/t/reset-password-loop/82044`, `/jobs/7719204`.
    pub(super) fn is_title(&self) -> bool {
        titles::is_view(self.path, self.query)
            || !self.has_query_secret && titles::is_title(self.path)
            || titles::is_of_archive(self.path)
            || is_forge(self.path)
    }

    /// Reports whether it is a page that explains something to everybody: `/help/account-security`.
    pub(super) fn is_help(&self) -> bool {
        let is_page = |part: &str| PAGE_PARTS.iter().any(|page| part.eq_ignore_ascii_case(page));
        self.said.kind.is_none() && self.path.split('/').any(is_page)
    }
}

/// The words of the URLs of a mail, which are often the same, and what they say.
#[derive(Debug, Default)]
pub(super) struct UrlReader {
    read: HashMap<String, Said>,
}

/// What the words of a URL say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said {
    pub(super) kind: Option<LinkKind>,
    pub(super) is_purchase: bool,
    /// Whether it unsubscribes only in so far as it is about a subscription: `/account/subscriptions`.
    pub(super) is_subscription: bool,
    /// Whether it verifies only in so far as it invites: `/invite/7` is an account, or the page of an event.
    pub(super) is_invitation: bool,
    /// Whether a word of it names a page: `/help/devices`.
    pub(super) names_page: bool,
    /// Whether a word of it names a record that a number identifies: `/requests/48213`.
    pub(super) names_record: bool,
    /// Whether it refuses what the mail asks: `?action=deny`.
    pub(super) refuses: bool,
    /// Whether it says its kind only by a part of a name: `/verify-deals`.
    pub(super) is_part: bool,
    /// Whether it is a page of administrators or moderators.
    pub(super) is_admin: bool,
}

impl UrlReader {
    fn said(&mut self, words: String) -> Said {
        if let Some(known) = self.read.get(&words) {
            return *known;
        }
        let hits = keywords::find(&words);
        let meanings = meanings(&words);
        let by_words = kind_by_words(meanings, &hits);
        // A meeting is joined without an account: `/l/meetup-join/19`.
        let is_meeting = || words.split([' ', '/']).any(|word| MEETING_WORDS.contains(&word));
        let is_invitation = by_words.is_none() && meanings & Word::UrlInvite.bit() != 0 && !is_meeting();
        let said = Said {
            kind: by_words.or(is_invitation.then_some(LinkKind::Verify)),
            is_subscription: by_words == Some(LinkKind::Unsubscribe)
                && meanings & Word::UrlUnsubscribe.bit() == 0
                && kind_of(&hits) != by_words,
            is_purchase: hits.iter().any(|hit| hit.keyword == Keyword::Purchase),
            is_invitation,
            names_page: hits.iter().any(|hit| hit.keyword == Keyword::OtherLink),
            names_record: meanings & Word::UrlRecord.bit() != 0,
            refuses: meanings & Word::UrlRefuse.bit() != 0,
            is_part: by_words.is_some_and(|kind| !names_whole(&words, kind)),
            is_admin: meanings & Word::UrlAdmin.bit() != 0,
        };
        self.read.insert(words, said);
        said
    }
}

/// Reads the words of a URL: of the path before any secret, and of the query without campaigns. Never of the host.
pub(super) fn read<'u>(url: &'u str, reader: &mut UrlReader) -> UrlWords<'u> {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let Some(path_at) = after_scheme
        .bytes()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
    else {
        return UrlWords::default();
    };
    let path = &after_scheme[path_at..];
    let path = &path[..path.floor_char_boundary(MAX_EXAMINED_BYTES)];
    let (path, query) = path.split_at(memchr::memchr(b'?', path.as_bytes()).unwrap_or(path.len()));
    let mut words = String::with_capacity(2 * path.len());
    let mut actions = String::new();
    let (mut has_secret, mut has_query_secret, mut has_long_secret) = (false, false, false);
    for part in path.split(['/', '#']).filter(|part| !part.is_empty()) {
        let is_secret = is_secret_like(part);
        // After a secret only words that name something count: `/unsubscribe`.
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_secret && !is_number && (!has_secret || part.len() < 3 * MIN_MIXED_BYTES || is_phrase(part)) {
            add_words(&mut words, part);
        }
        has_secret |= is_secret;
    }
    for parameter in query.split(['?', '&', ';', '#']).filter(|part| !part.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if is_neutral(name) || is_address(value) {
            has_secret |= name == "ref" && is_secret_like(value);
            continue;
        }
        // Here it is a secret, and in a path a record.
        if !name.eq_ignore_ascii_case("ticket") {
            add_words(&mut words, name);
        }
        let is_action = is_named_action(name);
        let is_word = value.bytes().all(|byte| {
            byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_' | b'.') || is_action && byte == b'/'
        });
        let max_bytes = if is_action { 4 } else { 2 } * MIN_SECRET_LETTERS;
        if is_word && value.len() <= max_bytes {
            add_words(&mut words, value);
            if is_action {
                add_words(&mut actions, value);
            }
        }
        // `https://example.com/?noRedirect=1` has a switch.
        let is_switch = value.len() == 1 && path.trim_matches('/').is_empty();
        has_long_secret |= !value.is_empty() && is_secret_name(name)
            || is_secret_like(value) && !value.bytes().all(|byte| byte.is_ascii_digit());
        has_query_secret |= !is_word && !is_switch
            // `launchApp=SYNO.SDS.StorageManager` is a name.
            || value.len() >= MIN_SECRET_LETTERS && !is_action && !value.contains('.')
            || !value.is_empty() && is_secret_name(name);
    }
    // `?page=subscriptions&action=confirm`
    let by_action = if actions.is_empty() {
        None
    } else {
        reader.said(actions).kind
    };
    let said = reader.said(words);
    UrlWords {
        said: Said {
            kind: by_action.or(said.kind),
            // `/admin/tool/mfa/email.php?secret=\u{2026}` is for its reader only.
            is_admin: said.is_admin && !has_long_secret,
            ..said
        },
        path,
        has_secret: has_secret || has_query_secret,
        has_query_secret,
        query,
    }
}

/// Reports whether a path segment is words: `confirm_verification`.
fn is_phrase(part: &str) -> bool {
    let mut words = part.split(['_', '-']);
    part.len() <= 2 * MIN_SECRET_BYTES
        && part.contains(['_', '-'])
        && words.all(|word| {
            (1..MIN_SECRET_BYTES - 4).contains(&word.len())
                && word.bytes().all(|byte| byte.is_ascii_lowercase())
        })
}

/// Reports whether a parameter is the address of a page to go to then.
fn is_address(value: &str) -> bool {
    ["http://", "https://", "http%3A%2F%2F", "https%3A%2F%2F"]
        .iter()
        .any(|start| {
            value
                .get(..start.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(start))
        })
}

/// Adds the words of `reset_password` or `ConfirmEmail` in lower case.
fn add_words(words: &mut String, part: &str) {
    let mut was_lower = false;
    for char in part.chars() {
        if !char.is_alphanumeric() {
            words.push(' ');
        } else {
            if was_lower && char.is_uppercase() {
                words.push(' ');
            }
            words.push(char.to_ascii_lowercase());
        }
        was_lower = char.is_lowercase();
    }
    words.push_str(" / ");
}

fn split_words(part: &str) -> String {
    let mut words = String::with_capacity(2 * part.len());
    add_words(&mut words, part);
    words
}

/// Returns the kind that words and keywords name.
fn url_kind(words: &str, hits: &[Hit]) -> Option<LinkKind> {
    let meanings = meanings(words);
    let invites = meanings & Word::UrlInvite.bit() != 0;
    kind_by_words(meanings, hits).or(invites.then_some(LinkKind::Verify))
}

/// Reports whether a part of a URL says a kind as a whole: `verify`, `confirm-email`, but not `verify-deals`.
fn names_whole(words: &str, kind: LinkKind) -> bool {
    words.split('/').any(|part| {
        let mut words = part.split(' ').filter(|word| !word.is_empty());
        let is_known = |word: &str| {
            COMPANIONS.contains(&word)
                || keywords::url_meanings(word) != 0
                || kind_of(&keywords::find(word)).is_some()
                || word.bytes().all(|byte| byte.is_ascii_digit())
        };
        kind_by_words(meanings(part.trim()), &keywords::find(part)) == Some(kind) && words.all(is_known)
    })
}

/// Returns the meanings of the words of a URL.
fn meanings(words: &str) -> u32 {
    let mut meanings = 0;
    let mut start = 0;
    for end in memchr::memchr_iter(b' ', words.as_bytes()).chain([words.len()]) {
        let word = &words[start.min(end)..end];
        if (2..=MAX_WORD_BYTES).contains(&word.len()) {
            meanings |= keywords::url_meanings(word);
        }
        start = end + 1;
    }
    meanings
}

fn kind_by_words(meanings: u32, hits: &[Hit]) -> Option<LinkKind> {
    let named = kind_of(hits);
    let kinds = [
        (Word::UrlUnsubscribe, LinkKind::Unsubscribe),
        (Word::UrlReset, LinkKind::Reset),
        (Word::UrlVerify, LinkKind::Verify),
        (Word::UrlSubscription, LinkKind::Unsubscribe),
    ];
    kinds
        .into_iter()
        .find(|(meaning, kind)| named == Some(*kind) || meanings & meaning.bit() != 0)
        .map(|(_, kind)| kind)
}
