//! Limits of the HTML that is cleaned. The cost of cleaning is quadratic in the depth, in the attributes of one tag, and in
//! elements that the parser reopens. So the same parser first reads the HTML in pieces without building a tree, and stops
//! at the first exceeded limit: the cost of this pass is linear.

use std::{borrow::Cow, cell::Cell, rc::Rc};

use html5ever::{
    Attribute, ExpandedName, LocalName, ParseOpts, QualName, expanded_name, local_name, ns, parse_fragment,
    tendril::{StrTendril, TendrilSink},
    tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
};

/// Largest HTML of a mail.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// Largest nesting of elements.
const MAX_DEPTH: usize = 256;
/// Sum of the levels by which the parser may move elements deeper.
const MAX_MOVES: usize = 1_000;
/// Elements and comments that the parser may create, including implied ones.
const MAX_NODES: usize = 60_000;
/// Bytes that separate attributes, between two parser events: bounds the attributes of one tag.
const MAX_SEPARATORS: usize = 10_000;
/// The limits are checked after each piece of this length.
const PIECE_BYTES: usize = 4096;

/// Reports whether HTML is within the limits and not longer than `max_bytes`.
pub(super) fn holds(html: &str, max_bytes: usize) -> bool {
    if html.len() > max_bytes {
        return false;
    }
    let work = Rc::new(Work::default());
    let context = QualName::new(None, ns!(html), local_name!("div"));
    let measure = Measure(Rc::clone(&work));
    let mut parser = parse_fragment(measure, ParseOpts::default(), context, Vec::new(), false);
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
        if separators > MAX_SEPARATORS || !work.is_within() {
            return false;
        }
        rest = after;
    }
    let _: () = parser.finish();
    work.is_within()
}

/// Counters of the parser's work.
#[derive(Debug, Default)]
struct Work {
    depth: Cell<usize>,
    moves: Cell<usize>,
    nodes: Cell<usize>,
    /// Events that end a tag or a text.
    events: Cell<usize>,
}

impl Work {
    fn is_within(&self) -> bool {
        self.depth.get() <= MAX_DEPTH && self.moves.get() <= MAX_MOVES && self.nodes.get() <= MAX_NODES
    }
}

fn add(cell: &Cell<usize>, more: usize) {
    cell.set(cell.get() + more);
}

/// A node without children; it records only its depth.
#[derive(Debug)]
struct Node {
    name: QualName,
    depth: Cell<usize>,
    is_placed: Cell<bool>,
    contents: Option<Rc<Node>>,
    is_integration_point: bool,
}

impl Node {
    fn new(name: QualName, contents: Option<Rc<Self>>, is_integration_point: bool) -> Rc<Self> {
        Rc::new(Self {
            name,
            depth: Cell::new(0),
            is_placed: Cell::new(false),
            contents,
            is_integration_point,
        })
    }

    fn unnamed() -> Rc<Self> {
        Self::new(QualName::new(None, ns!(), LocalName::default()), None, false)
    }
}

/// A tree sink that counts and builds nothing.
struct Measure(Rc<Work>);

impl Measure {
    fn make(&self, node: Rc<Node>) -> Rc<Node> {
        add(&self.0.nodes, 1);
        add(&self.0.events, 1);
        node
    }

    fn put(&self, child: NodeOrText<Rc<Node>>, depth: usize) {
        add(&self.0.events, 1);
        let NodeOrText::AppendNode(child) = child else {
            return;
        };
        if child.is_placed.replace(true) {
            // Its children move with it.
            add(&self.0.moves, depth.saturating_sub(child.depth.get()));
        }
        child.depth.set(depth);
        if let Some(contents) = &child.contents {
            contents.depth.set(depth);
        }
        self.0.depth.set(self.0.depth.get().max(depth));
    }
}

impl TreeSink for Measure {
    type Handle = Rc<Node>;
    type Output = ();
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) {}

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Rc<Node> {
        Node::unnamed()
    }

    fn elem_name<'a>(&'a self, target: &'a Rc<Node>) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn create_element(&self, name: QualName, _: Vec<Attribute>, flags: ElementFlags) -> Rc<Node> {
        let is_template = name.expanded() == expanded_name!(html "template");
        let contents = is_template.then(Node::unnamed);
        self.make(Node::new(
            name,
            contents,
            flags.mathml_annotation_xml_integration_point,
        ))
    }

    fn create_comment(&self, _: StrTendril) -> Rc<Node> {
        self.make(Node::unnamed())
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Rc<Node> {
        self.make(Node::unnamed())
    }

    fn append(&self, parent: &Rc<Node>, child: NodeOrText<Rc<Node>>) {
        self.put(child, parent.depth.get() + 1);
    }

    fn append_based_on_parent_node(
        &self,
        element: &Rc<Node>,
        prev_element: &Rc<Node>,
        child: NodeOrText<Rc<Node>>,
    ) {
        self.put(child, element.depth.get().max(prev_element.depth.get() + 1));
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn pop(&self, _: &Rc<Node>) {
        add(&self.0.events, 1);
    }

    fn get_template_contents(&self, target: &Rc<Node>) -> Rc<Node> {
        target.contents.clone().unwrap_or_else(|| Rc::clone(target))
    }

    fn same_node(&self, x: &Rc<Node>, y: &Rc<Node>) -> bool {
        Rc::ptr_eq(x, y)
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Rc<Node>, new_node: NodeOrText<Rc<Node>>) {
        self.put(new_node, sibling.depth.get());
    }

    fn add_attrs_if_missing(&self, _: &Rc<Node>, _: Vec<Attribute>) {}

    fn remove_from_parent(&self, _: &Rc<Node>) {}

    fn reparent_children(&self, _: &Rc<Node>, _: &Rc<Node>) {
        add(&self.0.moves, 1);
    }

    fn is_mathml_annotation_xml_integration_point(&self, handle: &Rc<Node>) -> bool {
        handle.is_integration_point
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::cpu_time, *};

    fn holds(html: &str) -> bool {
        super::holds(html, MAX_BYTES)
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
