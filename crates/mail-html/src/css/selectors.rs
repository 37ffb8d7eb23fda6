//! Selectors of rules. They match elements of the body only.

use cssparser::{Parser, Token, serialize_identifier};

use super::{Rejected, rejected};
use crate::clean::ELEMENTS;

const PSEUDO_CLASSES: [&str; 13] = [
    "active",
    "empty",
    "first-child",
    "first-of-type",
    "focus",
    "hover",
    "last-child",
    "last-of-type",
    "link",
    "only-child",
    "only-of-type",
    "root",
    "visited",
];
const PSEUDO_ELEMENTS: [&str; 4] = ["after", "before", "first-letter", "first-line"];
const COUNTING: [&str; 4] = ["nth-child", "nth-last-child", "nth-last-of-type", "nth-of-type"];
/// The argument of `:where()` that confines a compound selector to the mail without raising its specificity.
const CONFINED: &str = "body,body *";

/// Returns the allowed selectors of a list in normal form. A selector that the list would be invalid for in browsers
/// rejects the list; one that matches nothing of the mail is removed.
pub(super) fn list(input: &mut Parser<'_>) -> Result<String, Rejected> {
    let mut list = String::new();
    loop {
        let mut selector = Selector::default();
        let has_more = selector.read(input)?;
        if let Some(text) = selector.finish()? {
            if !list.is_empty() {
                list.push(',');
            }
            list.push_str(&text);
        }
        if !has_more {
            break;
        }
    }
    if list.is_empty() { rejected() } else { Ok(list) }
}

#[derive(Default)]
struct Selector {
    text: String,
    /// It matches nothing of the mail.
    is_removed: bool,
    /// It is the argument of `:not()`.
    is_argument: bool,
    has_combinator: bool,
    compound: Compound,
}

/// The compound selector that is being read.
#[derive(Default)]
struct Compound {
    is_started: bool,
    /// It names an element or a class, which only the mail has, or is confined already.
    is_confined: bool,
    is_root: bool,
    pseudo_element_at: Option<usize>,
}

impl Selector {
    /// Reads to the next comma or the end; reports whether there was a comma.
    fn read(&mut self, input: &mut Parser<'_>) -> Result<bool, Rejected> {
        let mut is_after_blank = false;
        loop {
            let Ok(token) = input.next_including_whitespace().cloned() else {
                return Ok(false);
            };
            match &token {
                Token::WhiteSpace(_) => {
                    is_after_blank = true;
                    continue;
                }
                Token::Comma => return Ok(true),
                Token::Delim(combinator @ ('>' | '+' | '~')) => {
                    self.has_combinator = true;
                    self.end_compound()?;
                    self.text.push(*combinator);
                }
                _ => {
                    if is_after_blank && self.compound.is_started {
                        self.has_combinator = true;
                        self.end_compound()?;
                        self.text.push(' ');
                    }
                    self.simple(&token, input)?;
                    self.compound.is_started = true;
                }
            }
            is_after_blank = false;
        }
    }

    fn simple(&mut self, token: &Token<'_>, input: &mut Parser<'_>) -> Result<(), Rejected> {
        if self.compound.pseudo_element_at.is_some() && !matches!(token, Token::Colon) {
            return rejected();
        }
        match token {
            Token::Ident(name) if !self.compound.is_started => self.element(name),
            Token::Delim('*') if !self.compound.is_started => self.text.push('*'),
            Token::Delim('.') => {
                let Token::Ident(class) = input.next_including_whitespace()? else {
                    return rejected();
                };
                self.text.push('.');
                self.is_removed |= !is_class(class);
                let _ = serialize_identifier(class, &mut self.text);
                self.compound.is_confined = true;
            }
            // Identifiers are removed from the mail.
            Token::Hash(_) | Token::IDHash(_) => self.is_removed = true,
            Token::Colon => self.pseudo(input)?,
            Token::SquareBracketBlock => {
                let attribute = input.parse_nested_block(attribute)?;
                match attribute {
                    Some(attribute) => self.text.push_str(&attribute),
                    None => self.is_removed = true,
                }
            }
            _ => return rejected(),
        }
        Ok(())
    }

    fn element(&mut self, name: &str) {
        let name = name.to_ascii_lowercase();
        self.compound.is_root = name == "html";
        self.compound.is_confined = true;
        self.is_removed |=
            !matches!(name.as_str(), "html" | "body") && ELEMENTS.binary_search(&name.as_str()).is_err();
        self.text.push_str(&name);
    }

    fn pseudo(&mut self, input: &mut Parser<'_>) -> Result<(), Rejected> {
        let mut token = input.next_including_whitespace()?.clone();
        let is_double = matches!(token, Token::Colon);
        if is_double {
            token = input.next_including_whitespace()?.clone();
        }
        match &token {
            Token::Ident(name) => {
                let name = name.to_ascii_lowercase();
                if PSEUDO_ELEMENTS.contains(&name.as_str()) {
                    self.compound.pseudo_element_at.get_or_insert(self.text.len());
                    self.text.extend(["::", &name]);
                } else if name.starts_with('-') {
                    return rejected();
                } else if !is_double && PSEUDO_CLASSES.contains(&name.as_str()) {
                    self.compound.is_root |= name == "root";
                    self.text.extend([":", &name]);
                } else {
                    self.is_removed = true;
                }
            }
            Token::Function(name) if name.eq_ignore_ascii_case("not") && !is_double && !self.is_argument => {
                match input.parse_nested_block(argument_of_not)? {
                    Some(argument) => self.text.extend([":not(", &argument, ")"]),
                    None => self.is_removed = true,
                }
            }
            Token::Function(name) if !is_double => {
                let name = name.to_ascii_lowercase();
                let argument = input.parse_nested_block(|input| {
                    let start = input.position();
                    while input.next().is_ok() {}
                    Ok::<_, Rejected>(input.slice_from(start).trim_ascii())
                })?;
                let is_confined = name == "where" && argument == CONFINED;
                let is_count = COUNTING.contains(&name.as_str()) && is_counter(argument);
                self.compound.is_confined |= is_confined;
                self.is_removed |= !is_confined && !is_count;
                self.text.extend([":", &name, "(", argument, ")"]);
            }
            _ => return rejected(),
        }
        Ok(())
    }

    /// Confines a compound selector that could match the root element or the head.
    fn end_compound(&mut self) -> Result<(), Rejected> {
        let compound = std::mem::take(&mut self.compound);
        if !compound.is_started {
            return rejected();
        }
        if !compound.is_confined && !compound.is_root {
            let at = compound.pseudo_element_at.unwrap_or(self.text.len());
            self.text.insert_str(at, &format!(":where({CONFINED})"));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Option<String>, Rejected> {
        let is_root = self.compound.is_root;
        self.end_compound()?;
        Ok((!self.is_removed && !is_root).then_some(self.text))
    }
}

/// One compound selector; `None` when the argument is valid but not allowed.
fn argument_of_not(input: &mut Parser<'_>) -> Result<Option<String>, Rejected> {
    let mut selector = Selector {
        is_argument: true,
        ..Selector::default()
    };
    let is_list = selector.read(input)?;
    while input.next().is_ok() {}
    let compound = &selector.compound;
    let is_allowed = compound.is_started
        && compound.pseudo_element_at.is_none()
        && !is_list
        && !selector.has_combinator
        && !selector.is_removed;
    Ok(is_allowed.then_some(selector.text))
}

/// A selector of attributes; `None` when it is valid but not allowed.
fn attribute(input: &mut Parser<'_>) -> Result<Option<String>, Rejected> {
    let name = input.expect_ident()?.to_ascii_lowercase();
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if input.is_exhausted() {
        return Ok(is_name.then(|| format!("[{name}]")));
    }
    let operator = match input.next()? {
        Token::Delim('=') => "=",
        Token::IncludeMatch => "~=",
        Token::DashMatch => "|=",
        Token::PrefixMatch => "^=",
        Token::SuffixMatch => "$=",
        Token::SubstringMatch => "*=",
        _ => return rejected(),
    };
    let value = input.expect_ident_or_string()?.clone();
    let is_plain = |char: char| char.is_alphanumeric() || " _-.,:;/#%?=@+".contains(char);
    let is_allowed = is_name && value.chars().all(is_plain);
    while input.next().is_ok() {}
    Ok(is_allowed.then(|| format!("[{name}{operator}'{value}']")))
}

fn is_class(name: &str) -> bool {
    name.chars()
        .all(|char| char.is_alphanumeric() || (char.is_ascii_graphic() && !"<>&\"'".contains(char)))
}

fn is_counter(argument: &str) -> bool {
    argument.len() <= 16
        && argument
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+- ".contains(&byte))
}
