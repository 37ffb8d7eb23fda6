//! Splits a mail into its leaf parts. Depth, number of parts, header size and decoded bytes are bounded: recursion is bounded
//! by the depth, every part is a slice of the mail, and each level is scanned once.

use mail_parser::ContentType;
use memchr::{memchr, memmem};

use super::{
    decode::{self, Encoding},
    fields,
};

/// Largest nesting of multiparts and messages.
const MAX_DEPTH: usize = 64;
/// Largest number of parts, including containers and the parts of nested messages.
const MAX_PARTS: usize = 1000;
/// RFC 2046 5.1.1 allows 70; some senders use more.
const MAX_BOUNDARY_BYTES: usize = 250;

/// The mail exceeds a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BeyondBounds;

/// A part without sub-parts.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    kind: Kind,
    role: Role,
    declared_type: Option<String>,
    pub(super) filename: Option<String>,
    pub(super) charset: Option<String>,
    pub(super) content_id: Option<String>,
    pub(super) encoding: Encoding,
    pub(super) body: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Html,
    Message,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Body,
    Attachment,
}

impl Leaf<'_> {
    pub(super) fn is_text_body(&self) -> bool {
        self.role == Role::Body && self.kind == Kind::Text
    }

    pub(super) fn is_html_body(&self) -> bool {
        self.role == Role::Body && self.kind == Kind::Html
    }

    pub(super) fn is_attachment(&self) -> bool {
        self.role == Role::Attachment
    }

    /// Returns `type/subtype` in lower case.
    pub(super) fn content_type(&self) -> String {
        self.declared_type
            .clone()
            .unwrap_or_else(|| "application/octet-stream".to_owned())
    }
}

/// The position of a part in its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The mail itself, or a message inside.
    Top,
    /// The first part of a `multipart/related`, or any part of another multipart.
    Inside,
    /// A part that the first part of a `multipart/related` references.
    RelatedTo,
    /// A part of a `multipart/digest`, where a message is the default.
    Digest,
}

struct Walk<'a> {
    parts_left: usize,
    /// Bytes that may still be decoded to examine encoded messages.
    decoded_left: usize,
    leaves: Vec<Leaf<'a>>,
}

/// Returns the leaves of a mail in their order.
pub(super) fn leaves(raw: &[u8]) -> Result<Vec<Leaf<'_>>, BeyondBounds> {
    let mut walk = Walk {
        parts_left: MAX_PARTS,
        // Endlessly nested base64 decodes to at most three times the mail.
        decoded_left: raw.len().saturating_mul(3),
        leaves: Vec::new(),
    };
    walk.part(raw, Place::Top, 0)?;
    Ok(walk.leaves)
}

impl<'a> Walk<'a> {
    fn part(&mut self, part: &'a [u8], place: Place, depth: usize) -> Result<(), BeyondBounds> {
        if depth > MAX_DEPTH || self.parts_left == 0 {
            return Err(BeyondBounds);
        }
        self.parts_left -= 1;
        let fields = fields::read(part);
        let body = &part[fields.body_at.ok_or(BeyondBounds)?..];
        let declared = fields.content_type.and_then(fields::content_type);
        let encoding = Encoding::of(fields.encoding);

        if let Some(declared) = &declared
            && declared.c_type == "multipart"
            && let Some(boundary) = declared.attribute("boundary").and_then(boundary)
        {
            let subtype = declared.c_subtype.as_deref().unwrap_or_default();
            if self.multipart(body, boundary, subtype, depth)? {
                return Ok(());
            }
        }
        let kind = kind(declared.as_ref(), place);
        if kind == Kind::Message {
            self.nested_message(body, encoding, depth)?;
        }
        let disposition = fields.disposition.and_then(fields::content_type);
        let filename = fields::filename(disposition.as_ref(), declared.as_ref());
        let is_attached = disposition.as_ref().is_some_and(ContentType::is_attachment);
        let is_body = matches!(kind, Kind::Text | Kind::Html)
            && !is_attached
            && place != Place::RelatedTo
            && (filename.is_none() || place == Place::Top);
        self.leaves.push(Leaf {
            kind,
            role: if is_body { Role::Body } else { Role::Attachment },
            declared_type: declared_type(declared.as_ref(), kind),
            filename,
            charset: declared
                .as_ref()
                .and_then(|declared| declared.attribute("charset"))
                .map(str::to_owned),
            content_id: fields.content_id.and_then(fields::content_id),
            encoding,
            body,
        });
        Ok(())
    }

    /// Walks the parts of a multipart. Returns false when its boundary never appears: then it is a text.
    fn multipart(
        &mut self,
        body: &'a [u8],
        boundary: &str,
        subtype: &str,
        depth: usize,
    ) -> Result<bool, BeyondBounds> {
        let mut is_first = true;
        for part in Parts::new(body, boundary) {
            let place = match subtype {
                "related" if !is_first => Place::RelatedTo,
                "digest" => Place::Digest,
                _ => Place::Inside,
            };
            is_first = false;
            self.part(part, place, depth + 1)?;
        }
        Ok(!is_first)
    }

    /// Examines a nested message only for the bounds: it is one attachment, whatever it contains.
    fn nested_message(&mut self, body: &[u8], encoding: Encoding, depth: usize) -> Result<(), BeyondBounds> {
        let decoded = decode::transfer(body, encoding);
        if encoding != Encoding::Identity {
            self.decoded_left = self.decoded_left.checked_sub(decoded.len()).ok_or(BeyondBounds)?;
        }
        let mut inner = Walk {
            parts_left: self.parts_left,
            decoded_left: self.decoded_left,
            leaves: Vec::new(),
        };
        inner.part(&decoded, Place::Top, depth + 1)?;
        (self.parts_left, self.decoded_left) = (inner.parts_left, inner.decoded_left);
        Ok(())
    }
}

fn kind(declared: Option<&ContentType<'_>>, place: Place) -> Kind {
    let Some(declared) = declared else {
        return if place == Place::Digest {
            Kind::Message
        } else {
            Kind::Text
        };
    };
    match (&*declared.c_type, declared.c_subtype.as_deref()) {
        ("text", Some("html")) => Kind::Html,
        // A multipart comes here only when it cannot be cut up; a type without a subtype is none (RFC 2045 5.2).
        ("text", Some("plain")) | ("multipart", _) | (_, None) => Kind::Text,
        ("message", Some("rfc822" | "global")) => Kind::Message,
        _ => Kind::Other,
    }
}

/// Returns the declared type if it is one: two tokens, which are safe in a response header.
fn declared_type(declared: Option<&ContentType<'_>>, kind: Kind) -> Option<String> {
    let is_token = |text: &str| {
        (1..=63).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    match declared {
        Some(declared) => {
            let subtype = declared.c_subtype.as_deref()?;
            let is_type = is_token(&declared.c_type) && is_token(subtype);
            is_type.then(|| format!("{}/{}", declared.c_type, subtype).to_ascii_lowercase())
        }
        None => match kind {
            Kind::Message => Some("message/rfc822".to_owned()),
            Kind::Text | Kind::Html | Kind::Other => None,
        },
    }
}

fn boundary(sent: &str) -> Option<&str> {
    let boundary = sent.trim_end();
    (1..=MAX_BOUNDARY_BYTES)
        .contains(&boundary.len())
        .then_some(boundary)
}

/// The parts between the delimiter lines of a multipart. A missing last delimiter ends the last part at the end.
struct Parts<'a> {
    body: &'a [u8],
    delimiter: Vec<u8>,
    /// Where the current part begins, once the first delimiter was found.
    at: Option<usize>,
}

impl<'a> Parts<'a> {
    fn new(body: &'a [u8], boundary: &str) -> Self {
        let mut parts = Self {
            body,
            delimiter: [b"--", boundary.as_bytes()].concat(),
            at: None,
        };
        parts.at = parts
            .delimiter_from(0)
            .and_then(|found| (!found.is_last).then_some(found.next_at));
        parts
    }

    fn delimiter_from(&self, from: usize) -> Option<Delimiter> {
        let finder = memmem::Finder::new(&self.delimiter);
        finder.find_iter(&self.body[from..]).find_map(|at| {
            let at = from + at;
            if at > 0 && self.body[at - 1] != b'\n' {
                return None;
            }
            let rest_at = at + self.delimiter.len();
            let rest = &self.body[rest_at..];
            let line = memchr(b'\n', rest).map_or(rest, |end| &rest[..=end]);
            let is_last = line.starts_with(b"--");
            // Else it is the beginning of a longer boundary.
            (is_last || line.trim_ascii().is_empty()).then_some(Delimiter {
                at,
                next_at: rest_at + line.len(),
                is_last,
            })
        })
    }
}

struct Delimiter {
    at: usize,
    next_at: usize,
    is_last: bool,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.at?;
        let Some(found) = self.delimiter_from(start) else {
            self.at = None;
            let rest = &self.body[start..];
            return (!rest.is_empty()).then_some(rest);
        };
        self.at = (!found.is_last).then_some(found.next_at);
        // The line break before a delimiter belongs to it (RFC 2046 5.1.1).
        let part = self.body.get(start..found.at).unwrap_or_default();
        let part = part.strip_suffix(b"\n").unwrap_or(part);
        Some(part.strip_suffix(b"\r").unwrap_or(part))
    }
}
