//! The second layer: HTML with allowed elements, attributes and values only.

use std::{borrow::Cow, fmt, sync::Arc};

use html5ever::{Attribute, LocalName, expanded_name, local_name, ns, tree_builder::QuirksMode};

use super::{
    InlineImages, RemoteImages,
    budget::Budget,
    css,
    images::{self, Pass},
    tree::{Data, Descend, MAX_BYTES, Step, Tree},
};

/// Sorted.
pub(crate) const ELEMENTS: [&str; 73] = [
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
    "rp",
    "rt",
    "ruby",
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
];
/// Elements that are removed with their content. Sorted.
const WHOLLY_REMOVED: [&str; 19] = [
    "applet", "audio", "base", "embed", "frameset", "iframe", "math", "noembed", "noframes", "noscript",
    "object", "script", "select", "style", "svg", "template", "textarea", "title", "video",
];
const EVERYWHERE: [&str; 11] = [
    "align", "bgcolor", "class", "color", "dir", "height", "lang", "style", "title", "valign", "width",
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
const OF_BODY: [&str; 10] = [
    "bgcolor",
    "class",
    "dir",
    "lang",
    "leftmargin",
    "marginheight",
    "marginwidth",
    "style",
    "text",
    "topmargin",
];
/// Elements without content and end tag.
const VOID: [&str; 5] = ["br", "col", "hr", "img", "wbr"];
/// Cleaning adds omitted end tags, and attributes to every link.
const MAX_CLEANED_BYTES: usize = 4 * MAX_BYTES;
/// Largest number of passes until the HTML no longer changes.
const MAX_PASSES: usize = 5;
/// Style sheets beyond this length are ignored.
const MAX_SHEETS_BYTES: usize = 256 * 1024;
/// The budget is checked after so many nodes.
const NODES_PER_CHECK: usize = 256;

/// The parts of a sanitised document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cleaned {
    mode: QuirksMode,
    /// The rules of all style sheets.
    pub(super) css: String,
    /// The attributes of the body, each after a space.
    pub(super) body_attributes: String,
    pub(super) body: String,
}

impl Cleaned {
    /// Whether the mail brings a layout of its own.
    pub(super) fn is_designed(&self) -> bool {
        let has_look = |name| self.body_attributes.contains(name);
        !self.css.is_empty() || has_look(" style=") || has_look(" bgcolor=") || self.body.contains("<table")
    }

    /// The document type that makes browsers lay out the document as its author saw it.
    pub(super) fn doctype(&self) -> &'static str {
        match self.mode {
            QuirksMode::NoQuirks => "<!DOCTYPE html>\n",
            QuirksMode::LimitedQuirks => {
                "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \
                 \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n"
            }
            QuirksMode::Quirks => "",
        }
    }
}

/// The document that the next pass reads.
impl fmt::Display for Cleaned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.doctype())?;
        f.write_str("<html><head>")?;
        if !self.css.is_empty() {
            write!(f, "<style>{}</style>", self.css)?;
        }
        write!(
            f,
            "</head><body{}>{}</body></html>",
            self.body_attributes, self.body
        )
    }
}

/// Sanitises HTML until another pass changes nothing, so a browser cannot parse the result into something else (mutation
/// XSS). Returns `None` for HTML that exceeds a limit or the budget, or never reaches a fixed point.
pub(super) fn clean(
    html: &str,
    inline: InlineImages,
    images: RemoteImages,
    budget: &Budget<'_>,
) -> Option<Cleaned> {
    let settling = Pass::Settling(images);
    let mut current = render(&Tree::parse(html, MAX_BYTES, budget)?, &settling, budget)?;
    for _ in 1..MAX_PASSES {
        let tree = Tree::parse(&current.to_string(), MAX_CLEANED_BYTES, budget)?;
        let next = render(&tree, &settling, budget)?;
        if next == current {
            // Inlined images can be large and do not count towards the limit of the HTML.
            return render(&tree, &Pass::Final(images, Arc::new(inline)), budget);
        }
        current = next;
    }
    None
}

/// Writes the allowed parts of a document.
fn render(tree: &Tree, pass: &Pass, budget: &Budget<'_>) -> Option<Cleaned> {
    let body = tree.section(&local_name!("body"))?;
    let mut renderer = Renderer {
        tree,
        pass,
        html: String::new(),
        css: String::new(),
        sheets_bytes: 0,
    };
    if let Some(head) = tree.section(&local_name!("head")) {
        renderer.section(head, budget, Renderer::collect_sheet)?;
    }
    renderer.section(body, budget, Renderer::write_node)?;
    let mut body_attributes = String::new();
    if let Some((_, attributes)) = tree.element(body) {
        write_attributes(
            attributes,
            |name| OF_BODY.contains(&name),
            pass,
            &mut body_attributes,
        );
    }
    Some(Cleaned {
        mode: tree.mode,
        css: renderer.css,
        body_attributes,
        body: renderer.html,
    })
}

struct Renderer<'t> {
    tree: &'t Tree,
    pass: &'t Pass,
    html: String,
    css: String,
    sheets_bytes: usize,
}

impl Renderer<'_> {
    fn section(
        &mut self,
        section: usize,
        budget: &Budget<'_>,
        visit: fn(&mut Self, usize, Step) -> Descend,
    ) -> Option<()> {
        let mut visited = 0;
        self.tree.walk(section, |index, step| {
            visited += 1;
            if visited % NODES_PER_CHECK == 0 {
                budget.check()?;
            }
            Some(visit(self, index, step))
        })
    }

    /// Adds the rules of a style sheet.
    fn collect_sheet(&mut self, index: usize, step: Step) -> Descend {
        let Some((element, attributes)) = self.tree.element(index) else {
            return Descend::No;
        };
        if step == Step::Close || element.name.expanded() != expanded_name!(html "style") {
            return Descend::No;
        }
        let of = |name: LocalName| {
            let mut found = attributes.iter().filter(|attribute| attribute.name.local == name);
            found.next().map(|attribute| &*attribute.value)
        };
        let kind = of(local_name!("type")).unwrap_or_default().trim_ascii();
        if !kind.is_empty() && !kind.eq_ignore_ascii_case("text/css") {
            return Descend::No;
        }
        for child in self.tree.children(index) {
            if let Data::Text(sheet) = self.tree.data(child) {
                self.sheets_bytes += sheet.len();
                if self.sheets_bytes <= MAX_SHEETS_BYTES {
                    css::append_sheet(sheet, of(local_name!("media")), self.pass, &mut self.css);
                }
            }
        }
        Descend::No
    }

    fn write_node(&mut self, index: usize, step: Step) -> Descend {
        let (element, attributes) = match self.tree.data(index) {
            Data::Element(element, attributes) => (element, attributes),
            Data::Text(text) => {
                if step == Step::Open {
                    escape(text, &mut self.html);
                }
                return Descend::No;
            }
            Data::Other => return Descend::No,
        };
        let name: &str = &element.name.local;
        if element.name.ns != ns!(html) || WHOLLY_REMOVED.binary_search(&name).is_ok() {
            return self.collect_sheet(index, step);
        }
        if ELEMENTS.binary_search(&name).is_err() {
            return Descend::Yes;
        }
        let is_void = VOID.contains(&name);
        if step == Step::Close {
            if !is_void {
                self.html.extend(["</", name, ">"]);
            }
            return Descend::No;
        }
        self.html.extend(["<", name]);
        let is_allowed = |attribute: &str| is_allowed(name, attribute);
        write_attributes(attributes, is_allowed, self.pass, &mut self.html);
        if name == "a" {
            self.html
                .push_str(" target=\"_blank\" rel=\"noopener noreferrer\"");
        }
        self.html.push('>');
        if name == "pre" && starts_with_newline(self.tree, index) {
            // Parsers drop the first newline.
            self.html.push('\n');
        }
        if is_void { Descend::No } else { Descend::Yes }
    }
}

fn is_allowed(element: &str, attribute: &str) -> bool {
    EVERYWHERE.contains(&attribute)
        || ATTRIBUTES
            .iter()
            .any(|(name, attributes)| *name == element && attributes.contains(&attribute))
}

fn starts_with_newline(tree: &Tree, index: usize) -> bool {
    let first = tree.children(index).next();
    first.is_some_and(|first| matches!(tree.data(first), Data::Text(text) if text.starts_with('\n')))
}

fn write_attributes(
    attributes: &[Attribute],
    is_allowed: impl Fn(&str) -> bool,
    pass: &Pass,
    html: &mut String,
) {
    for Attribute { name, value } in attributes {
        if name.ns != ns!() || !is_allowed(&name.local) {
            continue;
        }
        if let Some(value) = filter(&name.local, value, pass) {
            html.extend([" ", &*name.local, "=\""]);
            escape(&value, html);
            html.push('"');
        }
    }
}

fn filter<'v>(name: &LocalName, value: &'v str, pass: &Pass) -> Option<Cow<'v, str>> {
    match *name {
        local_name!("href") => link(value),
        local_name!("src") => images::source(value, pass),
        local_name!("style") => css::attribute(value, pass).map(Cow::Owned),
        _ => Some(value.into()),
    }
}

/// Writes text that neither ends a quoted attribute nor starts a tag.
fn escape(text: &str, html: &mut String) {
    let mut written = 0;
    for (at, byte) in text.bytes().enumerate() {
        let (reference, len) = match byte {
            b'&' => ("&amp;", 1),
            b'<' => ("&lt;", 1),
            b'>' => ("&gt;", 1),
            b'"' => ("&quot;", 1),
            0xc2 if text.as_bytes().get(at + 1) == Some(&0xa0) => ("&nbsp;", 2),
            _ => continue,
        };
        html.push_str(&text[written..at]);
        html.push_str(reference);
        written = at + len;
    }
    html.push_str(&text[written..]);
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
