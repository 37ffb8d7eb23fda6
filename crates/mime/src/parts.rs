//! Splits a mail into its leaf parts. Depth, number of parts, header size and decoded bytes are bounded: recursion is bounded
//! by the depth, every part is a slice of the mail, and each level is scanned once.

mod delimiters;

use std::borrow::Cow;

use super::{
    charset::{self, Charset},
    fields::{self, Fields},
    flowed,
    parameters::Structured,
    transfer::{self, Encoding},
};
use delimiters::Parts;

/// Largest nesting of multiparts and messages.
const MAX_DEPTH: usize = 64;
/// Largest number of parts, including containers and the parts of nested messages.
const MAX_PARTS: usize = 1000;
/// A longer name of a charset is none.
const MAX_CHARSET_BYTES: usize = 80;

/// A part without sub-parts.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    kind: Kind,
    role: Role,
    declared_type: Option<String>,
    pub(super) filename: Option<String>,
    charset: Option<Vec<u8>>,
    pub(super) content_id: Option<String>,
    /// The disposition is `inline`.
    pub(super) is_inline: bool,
    /// The transfer encoding as declared, in lower case.
    pub(super) declared_encoding: Option<String>,
    /// `format=flowed` (RFC 3676), and whether `delsp=yes`.
    flowed: Option<bool>,
    pub(super) encoding: Encoding,
    pub(super) body: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// A text of a type that Mayfly does not know (RFC 2046 4.1.4).
    UnknownText,
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
        self.role == Role::Body && matches!(self.kind, Kind::Text | Kind::UnknownText)
    }

    pub(super) fn is_html_body(&self) -> bool {
        self.role == Role::Body && self.kind == Kind::Html
    }

    pub(super) fn is_attachment(&self) -> bool {
        self.role == Role::Attachment
    }

    /// Returns `type/subtype` in lower case. Without a valid one, a part is plain text (RFC 2045 5.2).
    pub(super) fn content_type(&self) -> String {
        let default = || match self.kind {
            Kind::Text => "text/plain".to_owned(),
            _ => "application/octet-stream".to_owned(),
        };
        self.declared_type.clone().unwrap_or_else(default)
    }

    /// Decodes the text of a body or of the start of it.
    pub(super) fn text_of(&self, body: &[u8]) -> String {
        let octets = transfer::decode(body, self.encoding);
        let is_html = self.kind == Kind::Html;
        let is_start = body.len() < self.body.len();
        let octets = if is_start {
            without_cut_character(octets)
        } else {
            octets
        };
        let text = charset::text(octets, self.charset.as_deref(), is_html);
        match self.flowed {
            Some(deletes_space) => flowed::unflow(&text, deletes_space),
            None => text,
        }
    }
}

/// Removes a character at the end of which octets are missing, so that the rest can be found to be UTF-8.
fn without_cut_character(octets: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    match std::str::from_utf8(&octets) {
        Err(error) if error.error_len().is_none() => Cow::Owned(octets[..error.valid_up_to()].to_vec()),
        _ => octets,
    }
}

/// The position of a part in its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The mail itself, or a message inside.
    Top,
    /// The first part of a multipart, or the root of a `multipart/related`.
    First,
    /// A part of a `multipart/alternative`.
    Alternative,
    /// Any other part of a multipart.
    Later,
    /// A part that the root of a `multipart/related` references.
    RelatedTo,
    /// A part of a `multipart/digest`, where a message is the default.
    Digest,
}

struct Walk<'a> {
    parts_left: usize,
    /// Bytes that may still be decoded to examine encoded messages.
    decoded_left: usize,
    /// No bound was exceeded yet.
    is_complete: bool,
    leaves: Vec<Leaf<'a>>,
    /// The boundaries of the multiparts around a part, and whether a part inside uses the same again.
    boundaries: Vec<(Vec<u8>, bool)>,
}

/// The leaves of a mail in their order.
#[derive(Debug)]
pub(super) struct Leaves<'a> {
    pub(super) leaves: Vec<Leaf<'a>>,
    /// Whether the mail keeps the bounds of depth, parts and header; else what is beyond them was left out.
    pub(super) is_complete: bool,
}

/// Returns the leaves of a mail, those within the bounds.
pub(super) fn leaves<'a>(raw: &'a [u8], top: &Fields<'a>) -> Leaves<'a> {
    let mut walk = Walk {
        parts_left: MAX_PARTS,
        // Endlessly nested base64 decodes to at most three times the mail.
        decoded_left: raw.len().saturating_mul(3),
        is_complete: true,
        leaves: Vec::new(),
        boundaries: Vec::new(),
    };
    walk.part(raw, top, Place::Top, 0);
    Leaves {
        leaves: walk.leaves,
        is_complete: walk.is_complete,
    }
}

impl<'a> Walk<'a> {
    fn part(&mut self, part: &'a [u8], fields: &Fields<'a>, place: Place, depth: usize) {
        if depth > MAX_DEPTH || self.parts_left == 0 {
            self.is_complete = false;
            return;
        }
        self.parts_left -= 1;
        self.is_complete &= !fields.is_cut;
        let body = &part[fields.body_at..];
        let declared = fields.content_type.map(Structured::read).unwrap_or_default();
        let encoding = Encoding::of(fields.encoding);

        if declared.main == "multipart"
            && let Some(boundary) = boundary(&declared)
        {
            // Its parts are parts of the multipart around it, whose delimiters they follow.
            if let Some(outer) = self.boundaries.iter_mut().find(|(outer, _)| *outer == boundary) {
                outer.1 = true;
                return;
            }
            if self.multipart(body, &boundary, &declared, depth) {
                return;
            }
        }
        let kind = kind(&declared, place);
        if kind == Kind::Message {
            self.nested_message(body, encoding, depth);
        }
        self.leaves
            .push(self.leaf(body, fields, &declared, kind, place, encoding));
    }

    fn leaf(
        &self,
        body: &'a [u8],
        fields: &Fields<'a>,
        declared: &Structured<'_>,
        kind: Kind,
        place: Place,
        encoding: Encoding,
    ) -> Leaf<'a> {
        let disposition = fields.disposition.map(Structured::read).unwrap_or_default();
        let charset = declared
            .token("charset")
            .filter(|name| name.len() <= MAX_CHARSET_BYTES);
        let filename = fields::filename(&disposition, declared, charset.as_deref().and_then(Charset::of));
        let is_body = disposition.main != "attachment" && self.is_body(kind, place, filename.is_some());
        let is = |name: &str, value: &[u8]| {
            declared
                .token(name)
                .is_some_and(|sent| sent.eq_ignore_ascii_case(value))
        };
        Leaf {
            kind,
            role: if is_body { Role::Body } else { Role::Attachment },
            declared_type: declared_type(fields.content_type.is_some(), declared, kind),
            filename,
            charset: charset.map(Cow::into_owned),
            content_id: fields.content_id.and_then(fields::content_id),
            is_inline: disposition.main == "inline",
            declared_encoding: fields.encoding.and_then(transfer::declared),
            flowed: (kind == Kind::Text && is("format", b"flowed")).then(|| is("delsp", b"yes")),
            encoding,
            body,
        }
    }

    /// Reports whether a part without the disposition `attachment` is a body. The first part of a multipart is one whatever its
    /// name (RFC 8621 4.1.4); a later one with a name is one only if the mail has no such body yet.
    fn is_body(&self, kind: Kind, place: Place, has_name: bool) -> bool {
        let is_first_of_kind = match kind {
            Kind::Text | Kind::UnknownText => !self.leaves.iter().any(Leaf::is_text_body),
            Kind::Html => !self.leaves.iter().any(Leaf::is_html_body),
            Kind::Message | Kind::Other => return false,
        };
        match place {
            Place::RelatedTo => false,
            Place::Top | Place::First => true,
            Place::Alternative => kind != Kind::UnknownText || is_first_of_kind,
            Place::Later | Place::Digest => is_first_of_kind || !has_name && kind != Kind::UnknownText,
        }
    }

    /// Walks the parts of a multipart. Returns false when its boundary never appears: then it is a text.
    fn multipart(
        &mut self,
        body: &'a [u8],
        boundary: &[u8],
        declared: &Structured<'_>,
        depth: usize,
    ) -> bool {
        let subtype = declared.sub.as_deref().unwrap_or_default();
        let root = match subtype {
            "related" => root_of_related(body, boundary, declared),
            _ => 0,
        };
        let level = self.boundaries.len();
        self.boundaries.push((boundary.to_vec(), false));
        let mut parts = Parts::new(body, boundary);
        let mut index = 0;
        loop {
            let Some(part) = parts.next() else {
                // The last delimiter may have been that of an inner multipart with the same boundary.
                if self.boundaries[level].1 && parts.resume() {
                    continue;
                }
                break;
            };
            let place = match subtype {
                "related" if index != root => Place::RelatedTo,
                "digest" => Place::Digest,
                "alternative" => Place::Alternative,
                _ if index == root => Place::First,
                _ => Place::Later,
            };
            index += 1;
            self.part(part, &Fields::of_part(part), place, depth + 1);
            if self.parts_left == 0 && !self.is_complete {
                break;
            }
        }
        self.boundaries.truncate(level);
        index > 0
    }

    /// Examines a nested message only for the bounds: it is one attachment, whatever it contains.
    fn nested_message(&mut self, body: &[u8], encoding: Encoding, depth: usize) {
        let decoded = transfer::decode(body, encoding);
        if encoding != Encoding::Identity {
            let Some(left) = self.decoded_left.checked_sub(decoded.len()) else {
                self.is_complete = false;
                return;
            };
            self.decoded_left = left;
        }
        let mut inner = Walk {
            parts_left: self.parts_left,
            decoded_left: self.decoded_left,
            is_complete: true,
            leaves: Vec::new(),
            boundaries: Vec::new(),
        };
        inner.part(&decoded, &Fields::of_mail(&decoded), Place::Top, depth + 1);
        (self.parts_left, self.decoded_left) = (inner.parts_left, inner.decoded_left);
        self.is_complete &= inner.is_complete;
    }
}

/// Finds the root of a `multipart/related` (RFC 2387 3.2): the part that `start` names, else the first, unless that is no text
/// and a later one is of the type that `type` names or HTML.
fn root_of_related(body: &[u8], boundary: &[u8], declared: &Structured<'_>) -> usize {
    let start = declared.token("start");
    let start = start.as_deref().and_then(fields::content_id);
    let wanted = declared.token("type").unwrap_or(Cow::Borrowed(b"text/html"));
    let mut of_type = None;
    for (index, part) in Parts::new(body, boundary).take(MAX_PARTS).enumerate() {
        let fields = Fields::of_part(part);
        if start.is_some() && fields.content_id.and_then(fields::content_id) == start {
            return index;
        }
        let sent = fields.content_type.map(Structured::read).unwrap_or_default();
        let full = format!("{}/{}", sent.main, sent.sub.as_deref().unwrap_or_default());
        let is_root = matches!(sent.main.as_str(), "" | "multipart") || full == "text/plain" && index == 0;
        if is_root || full == "text/html" || full.as_bytes().eq_ignore_ascii_case(&wanted) {
            of_type = of_type.or(Some(index));
            if start.is_none() {
                break;
            }
        }
    }
    of_type.unwrap_or(0)
}

/// Types of text that are data for a program.
const DATA: [&str; 11] = [
    "calendar",
    "x-amp-html",
    "watch-html",
    "css",
    "vcard",
    "x-vcard",
    "directory",
    "xml",
    "rtf",
    "javascript",
    "rfc822-headers",
];

fn kind(declared: &Structured<'_>, place: Place) -> Kind {
    match (declared.main.as_str(), declared.sub.as_deref()) {
        ("", None) if place == Place::Digest => Kind::Message,
        ("text", Some("html" | "xhtml")) => Kind::Html,
        // A multipart comes here only when it cannot be cut up; a type without a subtype is none (RFC 2045 5.2).
        ("text", Some("plain")) | ("multipart", _) | (_, None) => Kind::Text,
        ("text", Some(subtype)) if !DATA.contains(&subtype) => Kind::UnknownText,
        ("message", Some("rfc822" | "global")) => Kind::Message,
        ("application", Some("xhtml+xml")) if place != Place::Later => Kind::Html,
        _ => Kind::Other,
    }
}

/// Returns the declared type if it is one: two tokens, which are safe in a response header.
fn declared_type(is_declared: bool, declared: &Structured<'_>, kind: Kind) -> Option<String> {
    let is_token = |text: &str| {
        (1..=63).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    if is_declared {
        let subtype = declared.sub.as_deref()?;
        return (is_token(&declared.main) && is_token(subtype))
            .then(|| format!("{}/{subtype}", declared.main));
    }
    (kind == Kind::Message).then(|| "message/rfc822".to_owned())
}

fn boundary(declared: &Structured<'_>) -> Option<Vec<u8>> {
    let sent = declared.token("boundary")?;
    let boundary = sent.trim_ascii_end();
    (!boundary.is_empty()).then(|| boundary.to_vec())
}
