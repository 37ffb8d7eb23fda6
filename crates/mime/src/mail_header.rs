//! The header of a mail as an opened message shows it: addressees, date, identifier, addresses to unsubscribe, and every field.

use serde::{Deserialize, Serialize};

use super::{
    address::{self, Mailbox},
    charset::{self, Charset},
    date, decode, encoded_word,
    extract::web_url,
    fields::{self, Fields},
    header,
};

/// Names and decoded values of all fields together, in bytes.
pub(crate) const MAX_FIELDS_BYTES: usize = 100 * 1024;
/// Addresses of each of `To`, `Cc` and `Reply-To`.
pub(crate) const MAX_ADDRESSES: usize = 1000;
/// Addresses of `To` in a list.
pub(crate) const MAX_LISTED_ADDRESSES: usize = 100;
/// Names and addresses of `To` in a list together.
pub(crate) const MAX_LISTED_BYTES: usize = 8 * 1024;
/// Length of a Message-ID, in characters: that of a line (RFC 5322 2.1.1).
const MAX_MESSAGE_ID_CHARS: usize = 998;
/// A longer `mailto:` URL is none.
const MAX_MAILTO_BYTES: usize = 2048;
/// Examined length of List-Unsubscribe.
const MAX_UNSUBSCRIBE_BYTES: usize = 8 * 1024;

/// What the header of a mail says beside its [`crate::Summary`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// The first address of `From`.
    pub from: Option<NamedAddress>,
    /// The mailboxes of every `To` field. One without an address, such as `operator`, has an empty one.
    pub to: Vec<NamedAddress>,
    /// The mailboxes of every `Cc` field.
    pub cc: Vec<NamedAddress>,
    /// The mailboxes of the first `Reply-To` field.
    pub reply_to: Vec<NamedAddress>,
    /// The time of `Date` in Unix seconds, in the years 1 to 9999.
    pub date_secs: Option<i64>,
    /// `Message-ID` with its angle brackets, if it has them.
    pub message_id: Option<String>,
    /// How to unsubscribe, as the header declares it.
    pub unsubscribe: Option<Unsubscribe>,
    /// Names as sent and decoded values, in their order: the first [`MAX_FIELDS_BYTES`] of them.
    pub fields: Vec<(String, String)>,
}

/// What the header says about sender and recipients, for lists.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Addresses {
    /// The first address of `From`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<NamedAddress>,
    /// The first addresses of every `To` field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<NamedAddress>,
    /// `Message-ID` with its angle brackets, if it has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
}

impl Addresses {
    /// Reads the fields of a mail; its sender has been read already.
    pub(super) fn read(fields: &Fields<'_>, from: Option<NamedAddress>) -> Self {
        let of_mail = fields.charset();
        let mut to = Vec::new();
        for value in &fields.to {
            add_mailboxes(&mut to, value, of_mail, MAX_LISTED_ADDRESSES);
        }
        to.retain(|one| !one.address.is_empty());
        let mut bytes_left = MAX_LISTED_BYTES;
        let fits = |one: &NamedAddress| {
            let bytes = one.address.len() + one.name.as_ref().map_or(0, String::len);
            let left = bytes_left.checked_sub(bytes);
            bytes_left = left.unwrap_or(0);
            left.is_some()
        };
        Self {
            from,
            to: to.into_iter().take_while(fits).collect(),
            message_id: fields.message_id.and_then(|value| message_id(value, of_mail)),
        }
    }
}

/// An address with the name that was sent with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedAddress {
    /// The display name, decoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address as sent. Empty for a mailbox of [`Header`] that has a name only.
    pub address: String,
}

/// The URLs of `List-Unsubscribe` (RFC 2369); it has one of them at least.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unsubscribe {
    /// The first `http` or `https` URL.
    pub http: Option<String>,
    /// The first `mailto:` URL.
    pub mailto: Option<String>,
    /// Whether a `POST` to `http` unsubscribes without a question (RFC 8058).
    pub one_click: bool,
}

/// The first of the fields that are read apart from the list of all.
#[derive(Debug, Default)]
struct Known<'a> {
    reply_to: Option<&'a [u8]>,
    date: Option<&'a [u8]>,
    message_id: Option<&'a [u8]>,
    unsubscribe: Option<&'a [u8]>,
    unsubscribe_post: Option<&'a [u8]>,
}

impl Header {
    pub(super) fn read(raw: &[u8]) -> Self {
        let top = Fields::of_mail(raw);
        let of_mail = top.charset();
        let (mut read, mut known) = (Self::default(), Known::default());
        read.from = fields::sender(&top).and_then(NamedAddress::of);
        let mut bytes_left = MAX_FIELDS_BYTES;
        for (name, value) in header::Fields::of_mail(raw) {
            read.add_field(name, value, of_mail, &mut bytes_left);
            let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
            let place = match name.len() {
                // Several fields are one list (RFC 5322 4.5.3).
                2 if is(b"to") => {
                    add_mailboxes(&mut read.to, value, of_mail, MAX_ADDRESSES);
                    continue;
                }
                2 if is(b"cc") => {
                    add_mailboxes(&mut read.cc, value, of_mail, MAX_ADDRESSES);
                    continue;
                }
                4 if is(b"date") => &mut known.date,
                8 if is(b"reply-to") => &mut known.reply_to,
                10 if is(b"message-id") => &mut known.message_id,
                16 if is(b"list-unsubscribe") => &mut known.unsubscribe,
                21 if is(b"list-unsubscribe-post") => &mut known.unsubscribe_post,
                _ => continue,
            };
            place.get_or_insert(value);
        }
        if let Some(value) = known.reply_to {
            add_mailboxes(&mut read.reply_to, value, of_mail, MAX_ADDRESSES);
        }
        read.date_secs = known.date.and_then(date::unix_secs);
        read.message_id = known.message_id.and_then(|value| message_id(value, of_mail));
        read.unsubscribe = known
            .unsubscribe
            .and_then(|value| unsubscribe(value, known.unsubscribe_post));
        read
    }

    /// Adds a field to the list of all. The value of the last one that fits is cut.
    fn add_field(&mut self, name: &[u8], value: &[u8], of_mail: Option<Charset>, bytes_left: &mut usize) {
        let Some(left) = bytes_left.checked_sub(name.len()).filter(|left| *left > 0) else {
            *bytes_left = 0;
            return;
        };
        let name = String::from_utf8_lossy(name).into_owned();
        let mut value = decode::unfolded(&encoded_word::decode(value, of_mail));
        let is_last = value.len() > left;
        if is_last {
            value = decode::cut(value, left);
        }
        *bytes_left = if is_last { 0 } else { left - value.len() };
        self.fields.push((name, value));
    }
}

fn add_mailboxes(addresses: &mut Vec<NamedAddress>, value: &[u8], of_mail: Option<Charset>, max: usize) {
    let of_mail = of_mail.filter(|_| !value.is_ascii());
    let room = max.saturating_sub(addresses.len());
    let found = address::mailboxes(value, of_mail, room);
    addresses.extend(found.into_iter().map(NamedAddress::any));
}

impl NamedAddress {
    /// Returns a mailbox that has an address.
    pub(super) fn of(mailbox: Mailbox) -> Option<Self> {
        (!mailbox.address.is_empty()).then(|| Self::any(mailbox))
    }

    fn any(mailbox: Mailbox) -> Self {
        Self {
            name: (!mailbox.name.is_empty()).then_some(mailbox.name),
            address: mailbox.address,
        }
    }
}

/// Reads a Message-ID: up to its closing bracket, without the white space of folds.
fn message_id(value: &[u8], of_mail: Option<Charset>) -> Option<String> {
    let value = charset::header(value, of_mail);
    let sent = match value.find('<') {
        Some(start) => {
            let end = value[start..]
                .find('>')
                .map_or(value.len(), |end| start + end + 1);
            &value[start..end]
        }
        None => &value,
    };
    let joined: String = sent.chars().filter(|char| !char.is_whitespace()).collect();
    let id = decode::header_text(&joined, MAX_MESSAGE_ID_CHARS);
    (!id.is_empty()).then_some(id)
}

/// Reads `List-Unsubscribe: <mailto:…>, <https://…>`. Angle brackets can be missing around a single URL.
fn unsubscribe(value: &[u8], post: Option<&[u8]>) -> Option<Unsubscribe> {
    let value = encoded_word::decode(&value[..value.len().min(MAX_UNSUBSCRIBE_BYTES)], None);
    let mut found = Unsubscribe::default();
    let mut add = |sent: &str| {
        let url = sent.split_whitespace().collect::<String>();
        if let Some(url) = web_url(&url) {
            found.http.get_or_insert(url);
        } else if is_mailto(&url) {
            found.mailto.get_or_insert(url);
        }
    };
    match value.contains('<') {
        true => value
            .split('<')
            .skip(1)
            .filter_map(|listed| listed.split_once('>'))
            .for_each(|(url, _)| add(url)),
        false => add(&value),
    }
    let is_https = found.http.as_deref().is_some_and(|url| has_scheme(url, "https:"));
    found.one_click = is_https && post.is_some_and(is_one_click);
    (found != Unsubscribe::default()).then_some(found)
}

fn is_mailto(url: &str) -> bool {
    const SCHEME: &str = "mailto:";
    has_scheme(url, SCHEME)
        && (SCHEME.len() + 1..=MAX_MAILTO_BYTES).contains(&url.len())
        && !url.chars().any(char::is_control)
}

fn has_scheme(url: &str, scheme: &str) -> bool {
    url.get(..scheme.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

fn is_one_click(value: &[u8]) -> bool {
    let sent: Vec<u8> = value
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    sent.eq_ignore_ascii_case(b"List-Unsubscribe=One-Click")
}
