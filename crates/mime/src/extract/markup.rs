//! Reads the visible text of an HTML document in one pass from left to right.
//!
//! Hidden elements, styles and scripts are left out. Links, `base`, values of fields and schema.org actions are kept.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2, memmem};

use super::{
    actions::{self, Microdata},
    attributes::{self, Attributes},
    styles::Style,
    visible_text::{Anchor, Gap, VisibleText},
};
use crate::html;

/// Examined length of a document.
const MAX_HTML_BYTES: usize = 512 * 1024;
/// Examined anchors with an `href`.
const MAX_ANCHORS: usize = 1000;
/// Open elements that are tracked; deeper ones neither hide nor emphasise.
const MAX_OPEN: usize = 256;
/// Open elements that an end tag is compared with.
const MAX_LOOK_UP: usize = 16;
/// Styles that are kept.
const STYLES: usize = 16;
/// Compared bytes of a name.
const MAX_NAME_BYTES: usize = 8;
/// The longest entity with its `&` and `;`.
const MAX_ENTITY_BYTES: usize = 34;

/// An open element.
#[derive(Debug, Clone, Copy)]
struct Open {
    name: Name,
    is_hidden: bool,
    is_tiny: bool,
    is_emphatic: bool,
}

/// The name of an element in lower case: its first eight bytes.
type Name = u64;

const fn name(of: &str) -> Name {
    let (bytes, mut name, mut at) = (of.as_bytes(), 0, 0);
    while at < bytes.len() && at < MAX_NAME_BYTES {
        name = name << 8 | bytes[at].to_ascii_lowercase() as u64;
        at += 1;
    }
    name
}

const A: Name = name("a");
const AREA: Name = name("area");
const BASE: Name = name("base");
const FONT: Name = name("font");
const IMG: Name = name("img");
const INPUT: Name = name("input");
const LI: Name = name("li");
const LINK: Name = name("link");
const META: Name = name("meta");
const P: Name = name("p");
const SCRIPT: Name = name("script");
const TABLE: Name = name("table");
const TD: Name = name("td");
const TH: Name = name("th");
const TR: Name = name("tr");
/// Elements whose content is not text for a reader.
const SKIPPED: [(Name, &str); 7] = [
    (name("style"), "style"),
    (SCRIPT, "script"),
    (name("title"), "title"),
    (name("template"), "template"),
    (name("noscript"), "noscript"),
    (name("svg"), "svg"),
    (name("select"), "select"),
];
/// Elements without an end tag.
const VOID: [Name; 9] = [
    name("br"),
    IMG,
    name("hr"),
    INPUT,
    META,
    LINK,
    name("wbr"),
    name("col"),
    AREA,
];
/// Elements that do not separate words.
const INLINE: [Name; 23] = [
    A,
    name("abbr"),
    name("b"),
    name("bdi"),
    name("big"),
    name("code"),
    name("em"),
    FONT,
    name("i"),
    name("ins"),
    name("kbd"),
    name("mark"),
    name("s"),
    name("samp"),
    name("small"),
    name("span"),
    name("strong"),
    name("sub"),
    name("sup"),
    name("tt"),
    name("u"),
    name("wbr"),
    IMG,
];
const EMPHATIC: [Name; 11] = [
    name("b"),
    name("strong"),
    name("h1"),
    name("h2"),
    name("h3"),
    name("code"),
    name("pre"),
    name("mark"),
    name("kbd"),
    name("samp"),
    name("tt"),
];

/// Reads a document.
pub(super) fn read(html: &str) -> VisibleText {
    let html = &html[..html.floor_char_boundary(MAX_HTML_BYTES)];
    let mut reader = Reader::default();
    let mut rest = html;
    while !rest.is_empty() {
        let open = memchr(b'<', rest.as_bytes()).unwrap_or(rest.len());
        let (text, markup) = rest.split_at(open);
        if !reader.text(text) {
            break;
        }
        rest = match markup.as_bytes().get(1) {
            None if markup.is_empty() => break,
            Some(b'!') if markup.starts_with("<!--") => after(markup, b"-->"),
            Some(b'!' | b'?') => after(markup, b">"),
            Some(byte) if byte.is_ascii_alphabetic() || *byte == b'/' => reader.tag(markup),
            _ => {
                if !reader.text("<") {
                    break;
                }
                &markup[1..]
            }
        };
    }
    reader.finish()
}

fn after<'t>(markup: &'t str, end: &[u8]) -> &'t str {
    memmem::find(markup.as_bytes(), end).map_or("", |at| &markup[at + end.len()..])
}

#[derive(Debug, Default)]
struct Reader<'h> {
    visible: VisibleText,
    open: Vec<Open>,
    emphasis_from: usize,
    anchor: Option<Anchor>,
    base: Option<&'h str>,
    microdata: Microdata,
    /// Styles that were read, by length: rows of a table repeat them.
    styles: [Option<(&'h str, Style)>; STYLES],
}

impl<'h> Reader<'h> {
    fn style(&mut self, sent: &'h str) -> Style {
        let slot = &mut self.styles[sent.len() % STYLES];
        match slot {
            Some((known, style)) if *known == sent => *style,
            _ => {
                let style = Style::of(sent);
                *slot = Some((sent, style));
                style
            }
        }
    }

    fn state(&self) -> Open {
        self.open.last().copied().unwrap_or(Open {
            name: 0,
            is_hidden: false,
            is_tiny: false,
            is_emphatic: false,
        })
    }

    /// Adds text, entities decoded. Returns false when no more is wanted.
    fn text(&mut self, mut text: &str) -> bool {
        let state = self.state();
        if state.is_hidden || state.is_tiny {
            return true;
        }
        while let Some(amp) = memchr(b'&', text.as_bytes()) {
            if !self.visible.push(&text[..amp]) {
                return false;
            }
            text = &text[amp..];
            let window = &text.as_bytes()[1..text.len().min(MAX_ENTITY_BYTES)];
            let end = memchr2(b';', b'&', window).filter(|end| window[*end] == b';');
            let len = end.map_or(1, |end| end + 2);
            let is_wanted = match &text[..len] {
                "&nbsp;" => self.visible.push(" "),
                "&zwnj;" | "&shy;" | "&#8203;" => true,
                "&" | "&amp;" => self.visible.push("&"),
                entity => self.visible.push(&html::decoded(entity)),
            };
            if !is_wanted {
                return false;
            }
            text = &text[len..];
        }
        self.visible.push(text)
    }

    /// Reads a tag, and skips the content of some elements. Returns the rest of the document.
    fn tag(&mut self, markup: &'h str) -> &'h str {
        let is_closing = markup.as_bytes()[1] == b'/';
        let named = &markup[if is_closing { 2 } else { 1 }..];
        let bytes = named.as_bytes();
        let len = bytes
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric())
            .unwrap_or(bytes.len());
        let tag = name(&named[..len]);
        let (attributes, rest) = attributes::read(&named[len..]);
        if is_closing {
            self.separate(tag);
            self.close(tag);
            return rest;
        }
        let skipped = SKIPPED.iter().find(|(name, _)| *name == tag);
        if let Some((_, name)) = skipped {
            let end = end_of_element(rest, name);
            if tag == SCRIPT
                && attributes
                    .kind
                    .is_some_and(|kind| kind.eq_ignore_ascii_case("application/ld+json"))
            {
                actions::read_json(&rest[..end], &mut self.visible.actions);
            }
            return &rest[end..];
        }
        self.separate(tag);
        self.opening(tag, &attributes);
        rest
    }

    fn separate(&mut self, tag: Name) {
        if tag == TD || tag == TH {
            self.visible.break_with(Gap::Cell);
        } else if !INLINE.contains(&tag) {
            self.visible.break_with(Gap::Line);
        }
    }

    fn opening(&mut self, tag: Name, attributes: &Attributes<'h>) {
        match tag {
            A => {
                self.close_anchor();
                self.open_anchor(attributes);
            }
            AREA => {
                self.open_anchor(attributes);
                self.close_anchor();
            }
            BASE => self.base = self.base.or(attributes.href),
            IMG => {
                if let Some(anchor) = &mut self.anchor
                    && anchor.label.is_none()
                {
                    anchor.label = attributes.label.map(|label| decoded(label).into_owned());
                }
            }
            INPUT
                if attributes
                    .kind
                    .is_none_or(|kind| kind.eq_ignore_ascii_case("text")) =>
            {
                if let Some(value) = attributes.value {
                    self.text(value);
                }
            }
            _ => {}
        }
        self.microdata.read(attributes, &mut self.visible.actions);
        // An end tag that HTML lets a sender leave out.
        if let Some(last) = self.open.last()
            && last.name == tag
            && [P, LI, TD, TH, TR].contains(&tag)
        {
            self.close(tag);
        }
        if !VOID.contains(&tag) && self.open.len() < MAX_OPEN {
            self.push_open(tag, attributes);
        }
    }

    fn push_open(&mut self, tag: Name, attributes: &Attributes<'h>) {
        let parent = self.state();
        let style = attributes
            .style
            .map(|style| self.style(style))
            .unwrap_or_default();
        let is_large_font = tag == FONT
            && matches!(
                attributes.size.map(str::as_bytes),
                Some([b'5'..=b'7'] | [b'+', ..])
            );
        let is_emphatic = parent.is_emphatic || style.is_emphatic || is_large_font || EMPHATIC.contains(&tag);
        if is_emphatic && !parent.is_emphatic {
            self.emphasis_from = self.visible.text.len();
        }
        self.open.push(Open {
            name: tag,
            is_hidden: parent.is_hidden || style.is_hidden || attributes.is_hidden,
            // A table does not inherit the size in quirks mode. Templates set it to zero around columns, against gaps.
            is_tiny: style.is_tiny.unwrap_or(parent.is_tiny && tag != TABLE),
            is_emphatic,
        });
    }

    fn close(&mut self, tag: Name) {
        if tag == A {
            self.close_anchor();
        }
        let lowest = self.open.len().saturating_sub(MAX_LOOK_UP);
        let Some(found) = self.open[lowest..].iter().rposition(|open| open.name == tag) else {
            return;
        };
        let was_emphatic = self.state().is_emphatic;
        self.open.truncate(lowest + found);
        let len = self.visible.text.len();
        if was_emphatic && !self.state().is_emphatic && self.emphasis_from < len {
            self.visible.emphasis.push(self.emphasis_from..len);
        }
    }

    fn open_anchor(&mut self, attributes: &Attributes<'h>) {
        if let Some(href) = attributes.href
            && self.visible.anchors.len() < MAX_ANCHORS
        {
            self.anchor = Some(Anchor {
                href: self.resolved(&decoded(href)),
                text: self.visible.text.len()..0,
                label: attributes.label.map(|label| decoded(label).into_owned()),
            });
        }
    }

    /// Resolves a relative URL against `base`.
    fn resolved(&self, href: &str) -> String {
        let href = href.trim();
        let Some(base) = self.base else {
            return href.to_owned();
        };
        let scheme = href.find([':', '/', '?', '#']);
        if scheme.is_some_and(|at| href[at..].starts_with(':')) || href.starts_with('#') {
            return href.to_owned();
        }
        let base = html::decoded(base.trim());
        let Some(host_at) = base.find("://").map(|at| at + 3) else {
            return href.to_owned();
        };
        let path_at = base[host_at..].find('/').map_or(base.len(), |at| host_at + at);
        if href.starts_with("//") {
            format!("{}{href}", &base[..host_at - 2])
        } else if href.starts_with('/') {
            format!("{}{href}", &base[..path_at])
        } else {
            let directory = base[path_at..]
                .rfind('/')
                .map_or("", |at| &base[path_at..path_at + at]);
            format!("{}{directory}/{href}", &base[..path_at])
        }
    }

    fn close_anchor(&mut self) {
        if let Some(mut anchor) = self.anchor.take() {
            anchor.text.end = self.visible.text.len();
            self.visible.anchors.push(anchor);
        }
    }

    fn finish(mut self) -> VisibleText {
        self.close_anchor();
        let len = self.visible.text.len();
        if self.state().is_emphatic && self.emphasis_from < len {
            self.visible.emphasis.push(self.emphasis_from..len);
        }
        self.visible
    }
}

/// Decodes entities, if there are any. Most are the `&amp;` of a query.
fn decoded(value: &str) -> Cow<'_, str> {
    let mut ampersands = memchr_iter(b'&', value.as_bytes()).peekable();
    if ampersands.peek().is_none() {
        Cow::Borrowed(value)
    } else if ampersands.all(|at| value[at..].starts_with("&amp;")) {
        Cow::Owned(value.replace("&amp;", "&"))
    } else {
        Cow::Owned(html::decoded(value))
    }
}

/// Returns the offset of the end tag of an element.
fn end_of_element(rest: &str, name: &str) -> usize {
    let bytes = rest.as_bytes();
    let is_end = |at: &usize| {
        bytes
            .get(at + 2..at + 2 + name.len())
            .is_some_and(|close| close.eq_ignore_ascii_case(name.as_bytes()))
    };
    memmem::find_iter(bytes, b"</").find(is_end).unwrap_or(rest.len())
}
