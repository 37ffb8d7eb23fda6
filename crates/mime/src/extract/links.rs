//! The links of a mail and their kinds, by the anchor text, then the URL, then the sentence. A link that verifies or resets
//! something carries a secret: a URL that cannot contain one is an ordinary page.

use std::ops::Range;

use super::{
    Link, LinkKind, MAX_LINKS,
    codes::Marked,
    keywords::{self, Hit},
    vocabulary::Keyword,
};
use crate::decode;

/// Longer URLs are ignored.
const MAX_URL_BYTES: usize = 2048;
/// Stored length of an anchor text.
const MAX_TEXT_CHARS: usize = 200;
/// Examined length of the sentence on each side of a link.
const SENTENCE_BYTES: usize = 200;

/// Path segments of code forges, where projects and branches can have any name.
const FORGE_PARTS: [&str; 6] = ["pull", "pulls", "issues", "commit", "merge_requests", "blob"];
/// A path segment of this length can be a secret.
const MIN_SECRET_LETTERS: usize = 20;
/// A path segment with this many digits can be a secret; fewer are a year or a page number.
const MIN_SECRET_DIGITS: usize = 5;

/// Returns the links of a mail, each URL once: from the HTML, then the text, then List-Unsubscribe.
pub(super) fn find(html: &Marked, text: &Marked, unsubscribe: Option<&[u8]>) -> Vec<Link> {
    let mut links = Vec::new();
    for anchor in &html.visible.anchors {
        if let Some(url) = web_url(&anchor.href) {
            let shown = html
                .visible
                .text
                .get(anchor.text.clone())
                .unwrap_or_default()
                .trim();
            let shown = if shown.is_empty() {
                anchor.alt.as_deref().unwrap_or_default()
            } else {
                shown
            };
            let shown = decode::header_text(shown, MAX_TEXT_CHARS);
            let kind = kind(&url, &shown, html, &anchor.text);
            add(
                &mut links,
                Link {
                    url,
                    text: (!shown.is_empty()).then_some(shown),
                    kind,
                },
            );
        }
    }
    for marked in [html, text] {
        for at in bare(&marked.visible.text) {
            if let Some(url) = marked.visible.text.get(at.clone()).and_then(web_url) {
                let kind = kind(&url, "", marked, &at);
                add(
                    &mut links,
                    Link {
                        url,
                        text: None,
                        kind,
                    },
                );
            }
        }
    }
    let listed = String::from_utf8_lossy(unsubscribe.unwrap_or_default());
    for listed in listed.split('<').skip(1) {
        if let Some(url) = listed.split_once('>').and_then(|(url, _)| web_url(url)) {
            add(
                &mut links,
                Link {
                    url,
                    text: None,
                    kind: LinkKind::Unsubscribe,
                },
            );
        }
    }
    links
}

/// Adds a link, or completes the kind and text of one with the same URL.
fn add(links: &mut Vec<Link>, link: Link) {
    if let Some(known) = links.iter_mut().find(|known| known.url == link.url) {
        if known.kind == LinkKind::Other {
            known.kind = link.kind;
        }
        known.text = known.text.take().or(link.text);
    } else if links.len() < MAX_LINKS {
        links.push(link);
    }
}

/// Returns an `http` or `https` URL without folding white space.
fn web_url(sent: &str) -> Option<String> {
    let url: String = sent
        .chars()
        .filter(|char| !char.is_whitespace() && !char.is_control())
        .take(MAX_URL_BYTES + 1)
        .collect();
    let is_web = ["https://", "http://"].iter().any(|scheme| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && url.len() > scheme.len()
    });
    (is_web && url.len() <= MAX_URL_BYTES).then_some(url)
}

/// Returns the ranges of URLs in a text.
fn bare(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let at = from + text[from..].find("://")?;
            let before = &text[from..at];
            from = at + 3;
            let scheme = ["https", "http"].iter().find(|scheme| {
                before
                    .len()
                    .checked_sub(scheme.len())
                    .and_then(|cut| before.get(cut..))
                    .is_some_and(|end| end.eq_ignore_ascii_case(scheme))
            });
            if let Some(scheme) = scheme {
                let rest = &text[from..];
                let len = rest.find(|char: char| {
                    char.is_whitespace() || "<>\"`{}|^\u{3001}\u{3002}\u{ff0c}\u{300d}\u{ff09}".contains(char)
                });
                let len = trimmed(&rest[..len.unwrap_or(rest.len())]).len();
                let found = at - scheme.len()..from + len;
                from += len;
                return Some(found);
            }
        }
    })
}

/// Cuts trailing punctuation of a URL, and an unbalanced bracket.
fn trimmed(mut url: &str) -> &str {
    loop {
        let cut = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_']);
        let opens = |mark: char| {
            cut.chars()
                .take(MAX_URL_BYTES)
                .filter(|char| *char == mark)
                .count()
        };
        let is_unbalanced = cut.len() <= MAX_URL_BYTES
            && (cut.ends_with(')') && opens(')') > opens('(')
                || cut.ends_with(']') && opens(']') > opens('['));
        if !is_unbalanced {
            return cut;
        }
        url = &cut[..cut.len() - 1];
    }
}

fn kind(url: &str, shown: &str, marked: &Marked, at: &Range<usize>) -> LinkKind {
    let said = keywords::find(shown);
    let named = keywords::find(url);
    let is_purchase = said
        .iter()
        .chain(&named)
        .any(|hit| hit.keyword == Keyword::Purchase);
    let by_text = kind_of(&said);
    let by_url = kind_of(&named);
    let says_nothing = shown.is_empty()
        || said.iter().any(|hit| hit.keyword == Keyword::VagueAnchor)
        || web_url(shown).is_some();
    let by_sentence = if says_nothing {
        by_sentence(marked, at)
    } else {
        None
    };
    match by_text.or(by_url).or(by_sentence) {
        Some(LinkKind::Verify) if is_purchase => LinkKind::Other,
        Some(LinkKind::Verify | LinkKind::Reset) if is_page(url) => LinkKind::Other,
        found => found.unwrap_or(LinkKind::Other),
    }
}

/// Reports whether a URL is a public page: nothing in it can be a secret, or it is a page of a code forge.
fn is_page(url: &str) -> bool {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let Some((_, path)) = path.split_once(['/', '?']) else {
        return true;
    };
    let is_forge = path
        .split('/')
        .any(|part| FORGE_PARTS.iter().any(|name| part.eq_ignore_ascii_case(name)));
    let parts: Vec<&str> = path.split('/').collect();
    // A segment that the segment before it names, like the 7 of `/verify/7`, is not a page, however short.
    let is_named = |pair: &[&str]| matches!(pair, [name, named] if !named.is_empty() && kind_of(&keywords::find(name)).is_some() && keywords::find(named).is_empty());
    is_forge
        || !url.contains('?')
            && !parts.iter().any(|part| is_secret_like(part))
            && !parts.windows(2).any(is_named)
}

fn is_secret_like(part: &str) -> bool {
    let digits = part.chars().filter(char::is_ascii_digit).count();
    part.len() >= MIN_SECRET_LETTERS && !part.contains('-')
        || digits >= MIN_SECRET_DIGITS
        || (1..part.len()).contains(&digits)
}

fn by_sentence(marked: &Marked, at: &Range<usize>) -> Option<LinkKind> {
    let text = &marked.visible.text;
    let start = text.floor_char_boundary(at.start.saturating_sub(SENTENCE_BYTES));
    let before = text.get(start..at.start)?;
    let before = before.trim_end();
    let cut = [". ", "! ", "? ", "\u{3002}"]
        .iter()
        .filter_map(|end| before.rfind(end))
        .max();
    let line = before.rfind('\n');
    // Text before another URL belongs to that URL.
    let url = before
        .rfind("://")
        .map(|at| at + before[at..].find(' ').unwrap_or(before.len() - at));
    let from = start + cut.max(line).max(url).unwrap_or(0);
    let to = text.ceil_char_boundary((at.end + SENTENCE_BYTES).min(text.len()));
    let after = text.get(at.end..to)?;
    let end = after.find(['\n', '.', '\u{3002}']).unwrap_or(after.len());
    let to = at.end + end.min(start_of_next(after));
    let first = marked.hits.partition_point(|hit| hit.at.start < from);
    let end = marked.hits.partition_point(|hit| hit.at.start < to);
    kind_of(marked.hits.get(first..end)?)
}

/// Returns the offset of the label of the next URL, as in `or unsubscribe: https://…`.
fn start_of_next(after: &str) -> usize {
    let none = after.len();
    let Some(scheme) = after.find("://") else {
        return none;
    };
    let label = after[..scheme].trim_end_matches(|char: char| char.is_ascii_alphabetic());
    match label.trim_end().strip_suffix(':') {
        Some(label) => label.rfind([',', ';']).unwrap_or(0),
        None => none,
    }
}

fn kind_of(hits: &[Hit]) -> Option<LinkKind> {
    let has = |keyword: Keyword| hits.iter().any(|hit| hit.keyword == keyword);
    [
        (Keyword::Unsubscribe, LinkKind::Unsubscribe),
        (Keyword::Reset, LinkKind::Reset),
        (Keyword::Verify, LinkKind::Verify),
    ]
    .into_iter()
    .find_map(|(keyword, kind)| has(keyword).then_some(kind))
}
