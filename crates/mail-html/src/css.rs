//! The CSS of a mail: style sheets and `style` attributes, rebuilt from allowed rules, selectors, properties and values.
//!
//! What is kept loads nothing, does not move an element out of its place, and matches no element outside the body. A
//! property, function or at-rule that is not listed is removed.

mod media;
mod selectors;
#[cfg(test)]
mod tests;
mod value;

use cssparser::{
    AtRuleParser, BasicParseErrorKind, CowRcStr, DeclarationParser, ParseError, Parser, ParserState,
    QualifiedRuleParser, RuleBodyItemParser, RuleBodyParser, StyleSheetParser,
};

use super::images::Pass;

/// Sorted.
const PROPERTIES: [&str; 139] = [
    "-ms-text-size-adjust",
    "-webkit-font-smoothing",
    "-webkit-text-size-adjust",
    "align-content",
    "align-items",
    "align-self",
    "aspect-ratio",
    "background",
    "background-attachment",
    "background-clip",
    "background-color",
    "background-image",
    "background-origin",
    "background-position",
    "background-position-x",
    "background-position-y",
    "background-repeat",
    "background-size",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-left-radius",
    "border-bottom-right-radius",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-left-radius",
    "border-top-right-radius",
    "border-top-style",
    "border-top-width",
    "border-width",
    "box-shadow",
    "box-sizing",
    "caption-side",
    "clear",
    "color",
    "column-count",
    "column-gap",
    "column-width",
    "columns",
    "content",
    "cursor",
    "direction",
    "display",
    "empty-cells",
    "flex",
    "flex-basis",
    "flex-direction",
    "flex-flow",
    "flex-grow",
    "flex-shrink",
    "flex-wrap",
    "float",
    "font",
    "font-family",
    "font-size",
    "font-stretch",
    "font-style",
    "font-variant",
    "font-weight",
    "gap",
    "grid-column",
    "grid-row",
    "grid-template-columns",
    "grid-template-rows",
    "height",
    "hyphens",
    "justify-content",
    "justify-items",
    "justify-self",
    "letter-spacing",
    "line-height",
    "list-style",
    "list-style-position",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "object-fit",
    "object-position",
    "opacity",
    "order",
    "outline",
    "overflow",
    "overflow-wrap",
    "overflow-x",
    "overflow-y",
    "padding",
    "padding-block",
    "padding-bottom",
    "padding-inline",
    "padding-left",
    "padding-right",
    "padding-top",
    "place-content",
    "place-items",
    "position",
    "row-gap",
    "tab-size",
    "table-layout",
    "text-align",
    "text-align-last",
    "text-decoration",
    "text-decoration-color",
    "text-decoration-line",
    "text-decoration-style",
    "text-indent",
    "text-overflow",
    "text-shadow",
    "text-size-adjust",
    "text-transform",
    "unicode-bidi",
    "vertical-align",
    "visibility",
    "white-space",
    "width",
    "word-break",
    "word-spacing",
    "word-wrap",
];
/// A longer attribute is removed.
const MAX_ATTRIBUTE_BYTES: usize = 16 * 1024;
/// Largest nesting of `@media`.
const MAX_DEPTH: usize = 4;

type Rejected = ParseError<()>;

fn rejected<T>() -> Result<T, Rejected> {
    Err(ParseError::from_basic_kind(
        BasicParseErrorKind::QualifiedRuleInvalid,
    ))
}

/// Returns the allowed declarations of a `style` attribute in normal form.
pub(super) fn attribute(written: &str, pass: &Pass) -> Option<String> {
    if written.len() > MAX_ATTRIBUTE_BYTES {
        return None;
    }
    let mut filter = Filter::new(pass, String::new());
    filter.is_in_rule = true;
    filter.declarations(&mut Parser::new(written));
    (!filter.css.is_empty()).then_some(filter.css)
}

/// Appends the allowed rules of a style sheet in normal form. The result contains no `<`, so it cannot end its element.
pub(super) fn append_sheet(written: &str, media: Option<&str>, pass: &Pass, css: &mut String) {
    let media = match media.map(|media| media::query(&mut Parser::new(media))) {
        None => None,
        Some(Ok(query)) => Some(query).filter(|query| query != "all"),
        Some(Err(_)) => return,
    };
    let mut filter = Filter::new(pass, std::mem::take(css));
    let start = filter.css.len();
    if let Some(query) = &media {
        filter.css.extend(["@media ", query, "{"]);
    }
    let rules = filter.css.len();
    let mut parser = Parser::new(written);
    StyleSheetParser::new(&mut parser, &mut filter).for_each(drop);
    if filter.css.len() == rules {
        filter.css.truncate(start);
    } else if media.is_some() {
        filter.css.push('}');
    }
    *css = filter.css;
}

/// Writes what is allowed while the parser reads.
struct Filter<'p> {
    pass: &'p Pass,
    css: String,
    depth: usize,
    is_in_rule: bool,
}

impl<'p> Filter<'p> {
    fn new(pass: &'p Pass, css: String) -> Self {
        Self {
            pass,
            css,
            depth: 0,
            is_in_rule: false,
        }
    }

    fn declarations(&mut self, input: &mut Parser<'_>) {
        RuleBodyParser::new(input, self).for_each(drop);
    }

    fn declaration(&mut self, name: &str, input: &mut Parser<'_>) -> Result<(), Rejected> {
        let name = name.to_ascii_lowercase();
        if PROPERTIES.binary_search(&name.as_str()).is_err() {
            return rejected();
        }
        if !self.css.is_empty() && !self.css.ends_with('{') {
            self.css.push(';');
        }
        self.css.extend([name.as_str(), ":"]);
        value::write(&name, input, self.pass, &mut self.css)
    }

    /// Writes a block after its prelude; removes both when nothing in the block is allowed.
    fn block(&mut self, prelude: &[&str], write: impl FnOnce(&mut Self)) {
        let start = self.css.len();
        self.css.extend(prelude.iter().copied());
        self.css.push('{');
        let content = self.css.len();
        write(self);
        if self.css.len() == content {
            self.css.truncate(start);
        } else {
            self.css.push('}');
        }
    }
}

impl<'i> DeclarationParser<'i> for Filter<'_> {
    type Declaration = ();
    type Error = ();

    fn parse_value(
        &mut self,
        name: CowRcStr<'i>,
        input: &mut Parser<'i>,
        _: &ParserState,
    ) -> Result<(), Rejected> {
        let start = self.css.len();
        let result = self.declaration(&name, input);
        if result.is_err() {
            self.css.truncate(start);
        }
        result
    }
}

impl<'i> AtRuleParser<'i> for Filter<'_> {
    type Prelude = String;
    type AtRule = ();
    type Error = ();

    fn parse_prelude(&mut self, name: CowRcStr<'i>, input: &mut Parser<'i>) -> Result<String, Rejected> {
        if self.is_in_rule || self.depth >= MAX_DEPTH || !name.eq_ignore_ascii_case("media") {
            return rejected();
        }
        media::query(input)
    }

    fn parse_block(
        &mut self,
        query: String,
        _: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<(), Rejected> {
        self.depth += 1;
        self.block(&["@media ", &query], |filter| {
            RuleBodyParser::new(input, filter).for_each(drop);
        });
        self.depth -= 1;
        Ok(())
    }
}

impl<'i> QualifiedRuleParser<'i> for Filter<'_> {
    type Prelude = String;
    type QualifiedRule = ();
    type Error = ();

    fn parse_prelude(&mut self, input: &mut Parser<'i>) -> Result<String, Rejected> {
        selectors::list(input)
    }

    fn parse_block(
        &mut self,
        selectors: String,
        _: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<(), Rejected> {
        self.is_in_rule = true;
        self.block(&[&selectors], |filter| filter.declarations(input));
        self.is_in_rule = false;
        Ok(())
    }
}

impl RuleBodyItemParser<'_, (), ()> for Filter<'_> {
    fn parse_declarations(&self) -> bool {
        self.is_in_rule
    }

    fn parse_qualified(&self) -> bool {
        !self.is_in_rule
    }
}
