//! Builds a [`Tree`] from the events of the parser.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    rc::Rc,
};

use html5ever::{
    Attribute, ExpandedName, LocalName, QualName, expanded_name, local_name, ns,
    tendril::StrTendril,
    tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
};

use super::{Data, Element, Node, Tree, Work, add};

pub(super) struct TreeBuilder {
    work: Rc<Work>,
    nodes: RefCell<Vec<Node>>,
    document: Rc<Element>,
    mode: Cell<QuirksMode>,
}

impl TreeBuilder {
    pub(super) fn new(work: Rc<Work>) -> Self {
        let nodes = RefCell::default();
        let document = unnamed(&nodes);
        Self {
            work,
            nodes,
            document,
            mode: Cell::new(QuirksMode::NoQuirks),
        }
    }

    fn put(&self, child: usize, depth: usize) {
        add(&self.work.events, 1);
        let mut nodes = self.nodes.borrow_mut();
        let node = &mut nodes[child];
        if node.depth != 0 {
            // Its children move with it.
            add(&self.work.moves, depth.saturating_sub(node.depth));
        }
        node.depth = depth;
        let contents = match &node.data {
            Data::Element(element, _) => element.contents.as_ref().map(|contents| contents.index),
            Data::Text(_) | Data::Other => None,
        };
        if let Some(contents) = contents {
            nodes[contents].depth = depth;
        }
        drop(nodes);
        self.work.depth.set(self.work.depth.get().max(depth));
    }

    /// Returns the node to insert, unless its text extends the text `before` it.
    fn child(&self, child: NodeOrText<Rc<Element>>, before: Option<usize>) -> Option<usize> {
        let mut nodes = self.nodes.borrow_mut();
        match child {
            NodeOrText::AppendNode(node) => Some(node.index),
            NodeOrText::AppendText(text) => {
                if let Some(Data::Text(existing)) = before.map(|index| &mut nodes[index].data) {
                    existing.push_str(&text);
                    add(&self.work.events, 1);
                    return None;
                }
                nodes.push(Node::new(Data::Text(text.to_string())));
                Some(nodes.len() - 1)
            }
        }
    }
}

impl Node {
    fn new(data: Data) -> Self {
        Self {
            data,
            depth: 0,
            parent: None,
            previous: None,
            next: None,
            first: None,
            last: None,
        }
    }
}

/// Makes a node without a name: the document, a comment, or the contents of a template.
fn unnamed(nodes: &RefCell<Vec<Node>>) -> Rc<Element> {
    let mut nodes = nodes.borrow_mut();
    nodes.push(Node::new(Data::Other));
    Rc::new(Element {
        name: QualName::new(None, ns!(), LocalName::default()),
        index: nodes.len() - 1,
        contents: None,
        is_integration_point: false,
    })
}

/// Inserts a node without a parent before `next`, or as the last child of `parent`.
fn link(nodes: &mut [Node], child: usize, parent: usize, next: Option<usize>) {
    let previous = next.map_or(nodes[parent].last, |next| nodes[next].previous);
    nodes[child].parent = Some(parent);
    nodes[child].previous = previous;
    nodes[child].next = next;
    match previous {
        Some(previous) => nodes[previous].next = Some(child),
        None => nodes[parent].first = Some(child),
    }
    match next {
        Some(next) => nodes[next].previous = Some(child),
        None => nodes[parent].last = Some(child),
    }
}

fn unlink(nodes: &mut [Node], child: usize) {
    let Some(parent) = nodes[child].parent.take() else {
        return;
    };
    let (previous, next) = (nodes[child].previous.take(), nodes[child].next.take());
    match previous {
        Some(previous) => nodes[previous].next = next,
        None => nodes[parent].first = next,
    }
    match next {
        Some(next) => nodes[next].previous = previous,
        None => nodes[parent].last = previous,
    }
}

impl TreeSink for TreeBuilder {
    type Handle = Rc<Element>;
    type Output = Tree;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Tree {
        Tree {
            nodes: self.nodes.into_inner(),
            mode: self.mode.get(),
        }
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Rc<Element> {
        Rc::clone(&self.document)
    }

    fn elem_name<'a>(&'a self, target: &'a Rc<Element>) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, flags: ElementFlags) -> Rc<Element> {
        add(&self.work.nodes, 1);
        add(&self.work.events, 1);
        add(
            &self.work.attribute_pairs,
            attributes.len().saturating_mul(attributes.len()),
        );
        let is_template = name.expanded() == expanded_name!(html "template");
        let contents = is_template.then(|| unnamed(&self.nodes));
        let mut nodes = self.nodes.borrow_mut();
        let element = Rc::new(Element {
            name,
            index: nodes.len(),
            contents,
            is_integration_point: flags.mathml_annotation_xml_integration_point,
        });
        nodes.push(Node::new(Data::Element(Rc::clone(&element), attributes)));
        element
    }

    fn create_comment(&self, _: StrTendril) -> Rc<Element> {
        add(&self.work.nodes, 1);
        add(&self.work.events, 1);
        unnamed(&self.nodes)
    }

    fn create_pi(&self, _: StrTendril, text: StrTendril) -> Rc<Element> {
        self.create_comment(text)
    }

    fn append(&self, parent: &Rc<Element>, child: NodeOrText<Rc<Element>>) {
        let (last, depth) = {
            let parent = &self.nodes.borrow()[parent.index];
            (parent.last, parent.depth + 1)
        };
        if let Some(child) = self.child(child, last) {
            self.put(child, depth);
            let mut nodes = self.nodes.borrow_mut();
            unlink(&mut nodes, child);
            link(&mut nodes, child, parent.index, None);
        }
    }

    fn append_based_on_parent_node(
        &self,
        element: &Rc<Element>,
        prev_element: &Rc<Element>,
        child: NodeOrText<Rc<Element>>,
    ) {
        let has_parent = self.nodes.borrow()[element.index].parent.is_some();
        if has_parent {
            self.append_before_sibling(element, child);
        } else {
            self.append(prev_element, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn pop(&self, _: &Rc<Element>) {
        add(&self.work.events, 1);
    }

    fn get_template_contents(&self, target: &Rc<Element>) -> Rc<Element> {
        target.contents.clone().unwrap_or_else(|| Rc::clone(target))
    }

    fn same_node(&self, x: &Rc<Element>, y: &Rc<Element>) -> bool {
        Rc::ptr_eq(x, y)
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.mode.set(mode);
    }

    fn append_before_sibling(&self, sibling: &Rc<Element>, child: NodeOrText<Rc<Element>>) {
        let (parent, previous, depth) = {
            let sibling = &self.nodes.borrow()[sibling.index];
            (sibling.parent, sibling.previous, sibling.depth)
        };
        let Some(parent) = parent else { return };
        if let Some(child) = self.child(child, previous) {
            self.put(child, depth);
            let mut nodes = self.nodes.borrow_mut();
            unlink(&mut nodes, child);
            link(&mut nodes, child, parent, Some(sibling.index));
        }
    }

    fn add_attrs_if_missing(&self, target: &Rc<Element>, more: Vec<Attribute>) {
        let mut nodes = self.nodes.borrow_mut();
        let Data::Element(_, attributes) = &mut nodes[target.index].data else {
            return;
        };
        add(
            &self.work.attribute_pairs,
            more.len().saturating_mul(attributes.len() + more.len()),
        );
        for attribute in more {
            if !attributes.iter().any(|existing| existing.name == attribute.name) {
                attributes.push(attribute);
            }
        }
    }

    fn remove_from_parent(&self, target: &Rc<Element>) {
        unlink(&mut self.nodes.borrow_mut(), target.index);
    }

    fn reparent_children(&self, node: &Rc<Element>, new_parent: &Rc<Element>) {
        let mut nodes = self.nodes.borrow_mut();
        while let Some(child) = nodes[node.index].first {
            add(&self.work.moves, 1);
            unlink(&mut nodes, child);
            link(&mut nodes, child, new_parent.index, None);
        }
    }

    fn is_mathml_annotation_xml_integration_point(&self, handle: &Rc<Element>) -> bool {
        handle.is_integration_point
    }
}
