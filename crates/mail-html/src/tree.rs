//! The tree of a document, built by the parser of browsers within limits.
//!
//! Siblings are linked, so every operation of the parser costs constant time. The parser's own cost is quadratic in the
//! depth, in the attributes of one tag, and in elements that it reopens: the HTML is read in pieces, and parsing stops
//! at the first exceeded limit.

mod sink;

use std::{cell::Cell, rc::Rc};

use html5ever::{
    Attribute, LocalName, ParseOpts, QualName, ns, parse_document,
    tendril::{StrTendril, TendrilSink},
    tree_builder::QuirksMode,
};

use super::budget::Budget;
use sink::TreeBuilder;

/// Largest HTML of a mail.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// Largest nesting of elements within the body.
const MAX_DEPTH: usize = 256;
/// The body is the child of the root element, which is the child of the document.
const BODY_DEPTH: usize = 2;
/// Sum of the levels by which the parser may move elements deeper.
const MAX_MOVES: usize = 1_000;
/// Elements and comments that the parser may create, including implied ones.
const MAX_NODES: usize = 60_000;
/// Bytes that separate attributes, between two parser events: bounds the attributes of one tag.
const MAX_SEPARATORS: usize = 10_000;
/// Sum of the squares of the attributes of each tag: the parser compares each attribute of a tag with every other.
const MAX_ATTRIBUTE_PAIRS: usize = 10_000_000;
/// The limits are checked after each piece of this length.
const PIECE_BYTES: usize = 4096;

/// An element, or another node that the parser names by its handle.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: QualName,
    index: usize,
    contents: Option<Rc<Element>>,
    is_integration_point: bool,
}

#[derive(Debug)]
pub(super) enum Data {
    Text(String),
    Element(Rc<Element>, Vec<Attribute>),
    /// The document, a comment, or the contents of a template.
    Other,
}

#[derive(Debug)]
struct Node {
    data: Data,
    depth: usize,
    parent: Option<usize>,
    previous: Option<usize>,
    next: Option<usize>,
    first: Option<usize>,
    last: Option<usize>,
}

/// A parsed document.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    pub(super) mode: QuirksMode,
}

/// A step of [`Tree::walk`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Open,
    Close,
}

/// What [`Tree::walk`] does with the children of an opened node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Descend {
    Yes,
    No,
}

impl Tree {
    /// Parses HTML of at most `max_bytes`; `None` when it exceeds a limit.
    pub(super) fn parse(html: &str, max_bytes: usize, budget: &Budget<'_>) -> Option<Self> {
        if html.len() > max_bytes {
            return None;
        }
        let work = Rc::new(Work::default());
        let mut parser = parse_document(TreeBuilder::new(Rc::clone(&work)), ParseOpts::default());
        let (mut rest, mut separators) = (html, 0);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES));
            let events = work.events.get();
            parser.process(StrTendril::from_slice(piece));
            if work.events.get() != events {
                separators = 0;
            }
            separators += piece
                .bytes()
                .filter(|byte| byte.is_ascii_whitespace() || b"/\"'".contains(byte))
                .count();
            if separators > MAX_SEPARATORS {
                return None;
            }
            work.check()?;
            budget.check()?;
            rest = after;
        }
        let tree = parser.finish();
        work.check()?;
        Some(tree)
    }

    /// Returns the index of the first child of the root element with this name.
    pub(super) fn section(&self, name: &LocalName) -> Option<usize> {
        let root = self.children(0).find(|child| self.element(*child).is_some())?;
        self.children(root).find(|child| {
            self.element(*child)
                .is_some_and(|(element, _)| element.name.ns == ns!(html) && element.name.local == *name)
        })
    }

    pub(super) fn element(&self, index: usize) -> Option<(&Element, &[Attribute])> {
        match &self.nodes[index].data {
            Data::Element(element, attributes) => Some((element, attributes)),
            Data::Text(_) | Data::Other => None,
        }
    }

    pub(super) fn children(&self, parent: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.nodes[parent].first, |child| self.nodes[*child].next)
    }

    pub(super) fn data(&self, index: usize) -> &Data {
        &self.nodes[index].data
    }

    /// Visits the descendants of a node in document order, each on opening and on closing; `None` when `visit` returns
    /// `None`, or when the nesting exceeds its limit because elements moved.
    pub(super) fn walk(
        &self,
        root: usize,
        mut visit: impl FnMut(usize, Step) -> Option<Descend>,
    ) -> Option<()> {
        let (mut depth, mut current) = (0, self.nodes[root].first);
        while let Some(index) = current {
            if visit(index, Step::Open)? == Descend::Yes && self.nodes[index].first.is_some() {
                depth += 1;
                if depth > MAX_DEPTH {
                    return None;
                }
                current = self.nodes[index].first;
                continue;
            }
            visit(index, Step::Close)?;
            let mut closed = index;
            current = loop {
                if let Some(next) = self.nodes[closed].next {
                    break Some(next);
                }
                match self.nodes[closed].parent {
                    Some(parent) if parent != root => {
                        visit(parent, Step::Close)?;
                        depth -= 1;
                        closed = parent;
                    }
                    _ => break None,
                }
            };
        }
        Some(())
    }
}

/// Counters of the parser's work.
#[derive(Debug, Default)]
struct Work {
    depth: Cell<usize>,
    moves: Cell<usize>,
    nodes: Cell<usize>,
    attribute_pairs: Cell<usize>,
    /// Events that end a tag or a text.
    events: Cell<usize>,
}

impl Work {
    fn check(&self) -> Option<()> {
        let is_within = self.depth.get() <= BODY_DEPTH + MAX_DEPTH
            && self.moves.get() <= MAX_MOVES
            && self.nodes.get() <= MAX_NODES
            && self.attribute_pairs.get() <= MAX_ATTRIBUTE_PAIRS;
        is_within.then_some(())
    }
}

fn add(cell: &Cell<usize>, more: usize) {
    cell.set(cell.get().saturating_add(more));
}

#[cfg(test)]
mod tests {
    use mayfly_complexity::cpu_time;

    use super::*;

    fn holds(html: &str) -> bool {
        Tree::parse(html, MAX_BYTES, &Budget::new(MAX_BYTES, &|| false)).is_some()
    }

    fn repeated(unit: &str, bytes: usize) -> String {
        unit.repeat(bytes / unit.len())
    }

    #[test]
    fn limits_hold_exactly_at_their_values() {
        let nested = |depth: usize| format!("{}x{}", "<div>".repeat(depth), "</div>".repeat(depth));
        assert!(holds(&nested(MAX_DEPTH - 1)));
        assert!(!holds(&nested(MAX_DEPTH + 1)));
        assert!(holds(&repeated("x", MAX_BYTES)));
        assert!(!holds(&repeated("x", MAX_BYTES + 1)));
        assert!(
            holds(&"<p>one <b>two</b><br>".repeat(10_000)),
            "an ordinary long mail"
        );
        assert!(
            holds(&"<font><p>crossed</font></p>".repeat(400)),
            "slips of old programs"
        );
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let image = format!(
            "<img src='data:image/png;base64,{}'>",
            repeated(alphabet, 500_000)
        );
        assert!(holds(&image), "an image within");
    }

    #[test]
    fn limits_hostile_html_is_rejected_within_250_ms() {
        let open_again: String = (0..200).map(|n| format!("<b a{n}>")).collect();
        let attributes: String = (0..100_000).map(|n| format!(" a{n}")).collect();
        let slashes: String = (0..100_000).map(|n| format!("/a{n}")).collect();
        let quotes: String = (0..100_000).map(|n| format!("a{n}=''")).collect();
        for (what, html) in [
            ("div", repeated("<div>", MAX_BYTES)),
            ("ul li", repeated("<ul><li>", MAX_BYTES)),
            ("b", repeated("<b>", MAX_BYTES)),
            ("table", repeated("<table><tr><td>", MAX_BYTES)),
            ("svg", repeated("<svg><g>", MAX_BYTES)),
            ("template", repeated("<template>", MAX_BYTES)),
            ("a b", repeated("<a><b>", MAX_BYTES)),
            ("crossed", repeated("<b><p></b>", MAX_BYTES)),
            ("foster", repeated("<table><b>", MAX_BYTES)),
            (
                "p after b",
                format!("{open_again}{}", repeated("<p>x", MAX_BYTES / 2)),
            ),
            ("attributes", format!("<a{attributes}>")),
            ("slashes", format!("<a{slashes}>")),
            ("quotes", format!("<a {quotes}>")),
            ("an end tag's", format!("</a{attributes}>")),
            ("too large", repeated("x", 8 << 20)),
        ] {
            let started = cpu_time();
            assert!(!holds(&html), "{what}");
            let took = cpu_time() - started;
            println!("{what}: {took:?}");
            assert!(took.as_millis() < 250, "{what}: {took:?}");
        }
    }
}
