//! Values of declarations.

use cssparser::{CowRcStr, Parser, Token};

use super::{Rejected, rejected};
use crate::images::{self, Pass};

/// Negative lengths become 0, so an element cannot overlay another.
const MARGINS: [&str; 5] = [
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
];
/// Lower case and sorted.
const UNITS: [&str; 19] = [
    "ch", "cm", "deg", "dpcm", "dpi", "dppx", "em", "ex", "fr", "in", "mm", "pc", "pt", "px", "rem", "vh",
    "vmax", "vmin", "vw",
];
/// Lower case and sorted. None of them loads or reads anything.
const FUNCTIONS: [&str; 12] = [
    "calc",
    "clamp",
    "hsl",
    "hsla",
    "linear-gradient",
    "max",
    "min",
    "minmax",
    "radial-gradient",
    "repeat",
    "rgb",
    "rgba",
];
/// Largest nesting of functions and parentheses.
const MAX_DEPTH: usize = 4;
/// Numbers are smaller.
const MAX_NUMBER: f32 = 100_000.0;
/// `33.333333333333336%` is what generators write for a third.
const MAX_NUMBER_BYTES: usize = 32;

/// Appends a value in normal form.
pub(super) fn write(
    property: &str,
    input: &mut Parser<'_>,
    pass: &Pass,
    css: &mut String,
) -> Result<(), Rejected> {
    let start = css.len();
    let mut value = Value {
        property,
        pass,
        start,
        css,
    };
    value.tokens(input, 0)?;
    if css.len() == start { rejected() } else { Ok(()) }
}

struct Value<'a> {
    property: &'a str,
    pass: &'a Pass,
    start: usize,
    css: &'a mut String,
}

impl Value<'_> {
    fn tokens(&mut self, input: &mut Parser<'_>, depth: usize) -> Result<(), Rejected> {
        loop {
            input.skip_whitespace();
            let start = input.position();
            let Ok(token) = input.next().cloned() else {
                return Ok(());
            };
            match &token {
                Token::Ident(name) if self.is_keyword(name) => self.push(name),
                Token::Number { value, .. }
                | Token::Percentage {
                    unit_value: value, ..
                }
                | Token::Dimension { value, .. } => {
                    let written = number(&token, input.slice_from(start))?;
                    self.push(if *value < 0.0 && self.is_margin() {
                        "0"
                    } else {
                        written
                    });
                }
                Token::Hash(hex) | Token::IDHash(hex) if is_color(hex) => self.push(&format!("#{hex}")),
                Token::QuotedString(text) if is_plain_text(text) => self.push(&format!("'{text}'")),
                Token::Comma if self.css.len() > self.start => self.css.push(','),
                Token::Delim('/') => self.push("/"),
                Token::Delim(operator @ ('+' | '-' | '*')) if depth > 0 => self.push(&operator.to_string()),
                Token::Delim('!') if depth == 0 && self.css.len() > self.start => {
                    input.expect_ident_matching("important")?;
                    self.css.push_str("!important");
                    return Ok(input.expect_exhausted()?);
                }
                Token::UnquotedUrl(url) => self.image(url)?,
                Token::Function(name) if name.eq_ignore_ascii_case("url") => {
                    let url = input.parse_nested_block(|input| Ok(input.expect_string()?.clone()))?;
                    self.image(&url)?;
                }
                Token::Function(name) => self.function(name, input, depth)?,
                Token::ParenthesisBlock if (1..MAX_DEPTH).contains(&depth) => {
                    self.push("(");
                    input.parse_nested_block(|input| self.tokens(input, depth + 1))?;
                    self.css.push(')');
                }
                _ => return rejected(),
            }
        }
    }

    fn function(&mut self, name: &str, input: &mut Parser<'_>, depth: usize) -> Result<(), Rejected> {
        let name = name.to_ascii_lowercase();
        if depth >= MAX_DEPTH || self.is_margin() || FUNCTIONS.binary_search(&name.as_str()).is_err() {
            return rejected();
        }
        self.push(&name);
        self.css.push('(');
        input.parse_nested_block(|input| self.tokens(input, depth + 1))?;
        self.css.push(')');
        Ok(())
    }

    /// Writes an image that comes with the mail. Remote images are never loaded from CSS.
    fn image(&mut self, url: &str) -> Result<(), Rejected> {
        let url = url.trim_ascii();
        let is_local = ["cid:", "data:"].iter().any(|scheme| {
            url.get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        if !is_local && self.property == "background" && !self.css.ends_with(',') {
            // The color beside it stays, so that light text is read on it.
            return Ok(());
        }
        if !is_local || !matches!(self.property, "background" | "background-image") {
            return rejected();
        }
        let Some(source) = images::source(url, self.pass) else {
            return rejected();
        };
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"'\"\\<>()".contains(&byte);
        if !source.bytes().all(is_plain) {
            return rejected();
        }
        self.push("url('");
        self.css.extend([&*source, "')"]);
        Ok(())
    }

    fn push(&mut self, word: &str) {
        if self.css.len() > self.start && !self.css.ends_with('(') {
            self.css.push(' ');
        }
        self.css.push_str(word);
    }

    fn is_margin(&self) -> bool {
        MARGINS.contains(&self.property)
    }

    fn is_keyword(&self, name: &CowRcStr<'_>) -> bool {
        let bytes = name.as_bytes();
        let is_name = !name.starts_with("--")
            && !bytes[0].is_ascii_digit()
            && bytes.len() > usize::from(bytes[0] == b'-')
            && !bytes
                .get(1)
                .is_some_and(|byte| bytes[0] == b'-' && byte.is_ascii_digit())
            && bytes
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
        let is_place = |name: &str| matches!(name, "static" | "relative");
        is_name && (self.property != "position" || is_place(&name.to_ascii_lowercase()))
    }
}

/// Returns a number, percentage or dimension as written: at most five digits before the point, and no exponent.
pub(super) fn number<'i>(token: &Token<'_>, written: &'i str) -> Result<&'i str, Rejected> {
    let (value, digits) = match token {
        Token::Number { value, .. } => (*value, Some(written)),
        Token::Percentage { unit_value, .. } => (*unit_value, written.strip_suffix('%')),
        Token::Dimension { value, unit, .. } => {
            let is_known = UNITS.binary_search(&unit.to_ascii_lowercase().as_str()).is_ok();
            (*value, written.strip_suffix(&**unit).filter(|_| is_known))
        }
        _ => (0.0, None),
    };
    let is_number = digits.is_some_and(|digits| {
        digits.len() <= MAX_NUMBER_BYTES
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || b".+-".contains(&byte))
    });
    if is_number && value.abs() < MAX_NUMBER {
        Ok(written)
    } else {
        rejected()
    }
}

fn is_color(hex: &str) -> bool {
    matches!(hex.len(), 3 | 4 | 6 | 8) && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A font name, or the content of a generated box.
fn is_plain_text(text: &str) -> bool {
    text.chars()
        .all(|char| char.is_alphanumeric() || " _-.,".contains(char))
}
