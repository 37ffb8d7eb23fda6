//! The syntax of the paths in MAIL and RCPT (RFC 5321 4.1.2, RFC 6531). Recipients are read strictly; senders only as far as
//! needed to store them, since VERP, SRS and Exchange write local parts that exceed RFC 5321.

/// RFC 5321 4.5.3.1: octets of a path with its brackets, a local part, a domain.
const MAX_PATH: usize = 256;
const MAX_LOCAL_PART: usize = 64;
const MAX_DOMAIN: usize = 255;

/// Whose path it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Party {
    /// The length of the line is the only bound of a path and a local part, and dots can stand anywhere.
    Sender,
    Recipient,
}

/// The content of the brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path<'a> {
    /// `<>`
    Null,
    /// `<postmaster>`, or any other path without domain.
    Local(&'a str),
    /// `<@a,@b:c@d>`
    Routed,
    /// `<local@domain>`
    Mailbox {
        address: &'a str,
        local: &'a str,
        domain: &'a str,
    },
}

/// The text is not a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathError {
    /// There are no brackets around it.
    Unbracketed,
    /// Their content is not an address, or too long.
    Malformed,
}

/// Parses a path at the start of a text, blanks before it forgiven; returns it and the rest.
pub(crate) fn parse(text: &str, party: Party) -> Result<(Path<'_>, &str), PathError> {
    let text = text.trim_start_matches(' ');
    let inner = text.strip_prefix('<').ok_or(PathError::Unbracketed)?;
    let end = closing_bracket(inner).ok_or(PathError::Unbracketed)?;
    let (inner, rest) = (&inner[..end], &inner[end + 1..]);
    if party == Party::Recipient && inner.len() + 2 > MAX_PATH {
        return Err(PathError::Malformed);
    }
    Ok((parse_inner(inner, party)?, rest))
}

fn parse_inner(inner: &str, party: Party) -> Result<Path<'_>, PathError> {
    if inner.is_empty() {
        return Ok(Path::Null);
    }
    if inner.starts_with('@') {
        return Ok(Path::Routed);
    }
    let (local, rest) = if inner.starts_with('"') {
        inner.split_at(quoted_length(inner).ok_or(PathError::Malformed)?)
    } else {
        let (local, rest) = inner.split_at(inner.find('@').unwrap_or(inner.len()));
        let is_valid = match party {
            Party::Sender => local.chars().all(|char| char == '.' || is_atom_char(char)) && !local.is_empty(),
            Party::Recipient => local.split('.').all(is_atom),
        };
        if !is_valid {
            return Err(PathError::Malformed);
        }
        (local, rest)
    };
    if party == Party::Recipient && local.len() > MAX_LOCAL_PART {
        return Err(PathError::Malformed);
    }
    if rest.is_empty() {
        return Ok(Path::Local(inner));
    }
    let domain = rest.strip_prefix('@').ok_or(PathError::Malformed)?;
    if domain.len() > MAX_DOMAIN || !(is_domain(domain) || is_literal(domain)) {
        return Err(PathError::Malformed);
    }
    Ok(Path::Mailbox {
        address: inner,
        local,
        domain,
    })
}

/// Finds the bracket that ends a path: the first one outside quotes.
fn closing_bracket(text: &str) -> Option<usize> {
    let start = if text.starts_with('"') {
        quoted_length(text)?
    } else {
        0
    };
    text[start..].find('>').map(|at| start + at)
}

/// Returns the length of the quoted string at the start of a text, its quotes included.
fn quoted_length(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn is_atom(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_atom_char)
}

fn is_atom_char(char: char) -> bool {
    !char.is_ascii() || char.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(char)
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_label_char = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-_".contains(c);
        !label.is_empty() && label.len() <= 63 && label.chars().all(is_label_char)
    };
    text.split('.').all(is_label)
}

fn is_literal(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let is_literal_char = |c: char| c.is_ascii_alphanumeric() || ".:-".contains(c);
    inner.is_some_and(|inner| !inner.is_empty() && inner.chars().all(is_literal_char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_accepts_each_kind_of_path() {
        let mailbox = |address, local, domain| Path::Mailbox {
            address,
            local,
            domain,
        };
        let cases = [
            ("<>", Path::Null),
            ("<postmaster>", Path::Local("postmaster")),
            ("<@a,@b:c@d>", Path::Routed),
            ("<a.b+c@x.test>", mailbox("a.b+c@x.test", "a.b+c", "x.test")),
            ("<a@[127.0.0.1]>", mailbox("a@[127.0.0.1]", "a", "[127.0.0.1]")),
            (
                r#"<"a@b>\" c"@x.test>"#,
                mailbox(r#""a@b>\" c"@x.test"#, r#""a@b>\" c""#, "x.test"),
            ),
            (
                "<jörg@bücher.test>",
                mailbox("jörg@bücher.test", "jörg", "bücher.test"),
            ),
        ];
        for (text, expected) in cases {
            for party in [Party::Sender, Party::Recipient] {
                assert_eq!(parse(text, party), Ok((expected, "")), "{text}");
            }
        }
        assert_eq!(parse("  <> SIZE=1", Party::Sender), Ok((Path::Null, " SIZE=1")));
    }

    #[test]
    fn parse_rejects_malformed_paths() {
        for text in ["", "a@b", "<a@b", "a@b>", r#"<"a@b>"#, " a@b"] {
            assert_eq!(parse(text, Party::Sender), Err(PathError::Unbracketed), "{text}");
        }
        for text in [
            "<a b@x.test>",
            "<a@x@y>",
            "<a@>",
            "<.a@x.test>",
            "<a..b@x.test>",
            "<a@x..test>",
            "<a@[]>",
            "<a@[1 2]>",
            r#"<"a"b@x.test>"#,
            "<<a@x.test>",
            "<a,b@x.test>",
        ] {
            assert_eq!(parse(text, Party::Recipient), Err(PathError::Malformed), "{text}");
        }
    }

    #[test]
    fn parse_enforces_length_limits_exactly() {
        let is_ok = |text: String, party| parse(&text, party).is_ok();
        let local = |n: usize| format!("<{}@x.test>", "a".repeat(n));
        assert!(is_ok(local(64), Party::Recipient) && !is_ok(local(65), Party::Recipient));
        assert!(is_ok(local(2000), Party::Sender));
        // `<a@` and `>` leave 252 octets for the domain.
        let path = |n: usize| format!("<a@{}{}>", "x.".repeat(100), "y".repeat(n - 200));
        assert!(is_ok(path(252), Party::Recipient) && !is_ok(path(253), Party::Recipient));
        assert!(is_ok(path(255), Party::Sender) && !is_ok(path(256), Party::Sender));
    }

    #[test]
    fn parse_takes_odd_senders_only() {
        for text in ["<a..b@x.test>", "<.a@x.test>", "<ab.@x.test>"] {
            assert!(parse(text, Party::Sender).is_ok(), "{text}");
            assert_eq!(parse(text, Party::Recipient), Err(PathError::Malformed), "{text}");
        }
        for text in ["<@x.test", "<a b@x.test>", "<a@x..test>", "<a@x@y>"] {
            assert!(
                !matches!(parse(text, Party::Sender), Ok((Path::Mailbox { .. }, _))),
                "{text}"
            );
        }
    }
}
