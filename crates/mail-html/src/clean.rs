//! The second layer: HTML with allowed elements, attributes and values only.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ammonia::{Builder, UrlRelative};

use super::{
    InlineImages, RemoteImages,
    images::{self, Pass},
    limits, style,
};

const ELEMENTS: [&str; 73] = [
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "nav",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
    "rp",
    "rt",
    "ruby",
];
/// Elements that are removed with their content.
const WHOLLY_REMOVED: [&str; 19] = [
    "applet", "audio", "base", "embed", "frameset", "iframe", "math", "noembed", "noframes", "noscript",
    "object", "script", "select", "style", "svg", "template", "textarea", "title", "video",
];
const EVERYWHERE: [&str; 10] = [
    "align", "bgcolor", "color", "dir", "height", "lang", "style", "title", "valign", "width",
];
const ATTRIBUTES: [(&str, &[&str]); 12] = [
    ("a", &["href"]),
    ("img", &["src", "alt", "border", "hspace", "vspace"]),
    ("table", &["border", "cellpadding", "cellspacing"]),
    ("td", &["colspan", "rowspan", "nowrap"]),
    ("th", &["colspan", "rowspan", "nowrap", "scope"]),
    ("col", &["span"]),
    ("colgroup", &["span"]),
    ("font", &["face", "size"]),
    ("hr", &["size", "noshade"]),
    ("li", &["value"]),
    ("ol", &["start", "type", "reversed"]),
    ("ul", &["type"]),
];
/// The attribute filter allows `cid` and `data` for images only.
const SCHEMES: [&str; 5] = ["cid", "data", "http", "https", "mailto"];
/// Cleaning adds omitted end tags, and attributes to every link.
const MAX_CLEANED_BYTES: usize = 4 * limits::MAX_BYTES;
/// Largest number of passes until the HTML no longer changes.
const MAX_PASSES: usize = 5;

/// Sanitises HTML until another pass changes nothing, so a browser cannot parse the result into something else (mutation
/// XSS). Returns `None` for HTML that exceeds a limit or never reaches a fixed point.
#[must_use]
pub fn clean(html: &str, inline: InlineImages, images: RemoteImages) -> Option<String> {
    let settling = Pass::Settling(images);
    let mut current = pass(html, limits::MAX_BYTES, &settling)?;
    for _ in 1..MAX_PASSES {
        let next = pass(&current, MAX_CLEANED_BYTES, &settling)?;
        if next == current {
            // Inlined images can be large and do not count towards the limit of the HTML.
            return Some(clean_once(&current, &Pass::Final(images, Arc::new(inline))));
        }
        current = next;
    }
    None
}

fn pass(html: &str, max_bytes: usize, pass: &Pass) -> Option<String> {
    limits::holds(html, max_bytes).then(|| clean_once(html, pass))
}

fn clean_once(html: &str, pass: &Pass) -> String {
    let attributes = ATTRIBUTES
        .iter()
        .map(|(element, names)| (*element, names.iter().copied().collect()));
    let pass = pass.clone();
    let on_links = HashMap::from([("target", "_blank")]);
    Builder::empty()
        .tags(HashSet::from(ELEMENTS))
        .clean_content_tags(HashSet::from(WHOLLY_REMOVED))
        .generic_attributes(HashSet::from(EVERYWHERE))
        .tag_attributes(attributes.collect())
        .set_tag_attribute_values(HashMap::from([("a", on_links)]))
        .link_rel(Some("noopener noreferrer"))
        .url_schemes(HashSet::from(SCHEMES))
        .url_relative(UrlRelative::Deny)
        .strip_comments(true)
        .attribute_filter(move |_, attribute, value| match attribute {
            "href" => link(value),
            "src" => images::source(value, &pass),
            "style" => style::clean(value).map(Cow::Owned),
            _ => Some(value.into()),
        })
        .clean(html)
        .to_string()
}

/// Allows absolute `http`, `https` and `mailto` links.
fn link(value: &str) -> Option<Cow<'_, str>> {
    let value = value.trim_matches(|c: char| c <= ' ');
    let (scheme, rest) = value.split_once(':')?;
    let is_known = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => rest.starts_with("//"),
        "mailto" => true,
        _ => false,
    };
    (is_known && !value.contains(char::is_control)).then_some(value.into())
}
