//! Queries of `@media`.

use std::fmt::Write;

use cssparser::{Parser, Token};

use super::{Rejected, rejected, value};

/// Largest nesting of parentheses.
const MAX_DEPTH: usize = 3;

/// Returns a query in normal form. A query for a dark colour scheme is rejected: the page is white.
pub(super) fn query(input: &mut Parser<'_>) -> Result<String, Rejected> {
    let mut query = String::new();
    write(input, &mut query, 0)?;
    if query.is_empty() { rejected() } else { Ok(query) }
}

fn write(input: &mut Parser<'_>, query: &mut String, depth: usize) -> Result<(), Rejected> {
    loop {
        input.skip_whitespace();
        let start = input.position();
        let Ok(token) = input.next().cloned() else {
            return Ok(());
        };
        let is_first = query.is_empty() || query.ends_with(['(', ':']);
        match token {
            Token::Comma => query.push(','),
            Token::Colon if depth > 0 => query.push(':'),
            Token::Ident(name) if is_plain(&name) && !name.eq_ignore_ascii_case("dark") => {
                let blank = if is_first { "" } else { " " };
                let _ = write!(query, "{blank}{}", name.to_ascii_lowercase());
            }
            Token::Number { .. } | Token::Dimension { .. } if depth > 0 => {
                query.push_str(value::number(&token, input.slice_from(start))?);
            }
            Token::Delim('/') if depth > 0 => query.push('/'),
            Token::ParenthesisBlock if depth < MAX_DEPTH => {
                query.push_str(if is_first { "(" } else { " (" });
                input.parse_nested_block(|input| write(input, query, depth + 1))?;
                query.push(')');
            }
            _ => return rejected(),
        }
    }
}

fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
