//! The header fields that Mayfly reads of each part, and the values of the simple ones.

use super::{
    address::{self, Mailbox},
    charset::Charset,
    decode, encoded_word, header,
    parameters::Structured,
};

/// Examined length of Subject and From.
const MAX_TEXT_BYTES: usize = 16 * 1024;
/// Mailboxes of From that are examined for one with an address.
const MAX_SENDERS: usize = 50;
/// Length of a decoded header text, in characters.
const MAX_TEXT_CHARS: usize = 1000;
/// Length of a file name, in characters.
const MAX_FILENAME_CHARS: usize = 255;
/// A longer Content-ID is ignored.
const MAX_CONTENT_ID_BYTES: usize = 255;

/// The first of each relevant field but To, folded as sent, and the offset of the body.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) from: Option<&'a [u8]>,
    pub(super) subject: Option<&'a [u8]>,
    /// All of them.
    pub(super) to: Vec<&'a [u8]>,
    pub(super) message_id: Option<&'a [u8]>,
    pub(super) content_type: Option<&'a [u8]>,
    pub(super) disposition: Option<&'a [u8]>,
    pub(super) encoding: Option<&'a [u8]>,
    pub(super) content_id: Option<&'a [u8]>,
    /// Offset of the body.
    pub(super) body_at: usize,
    /// The block is longer than [`header::MAX_HEADER_BYTES`]: its last fields were not read.
    pub(super) is_cut: bool,
}

impl<'a> Fields<'a> {
    /// Reads the header block of a mail.
    pub(super) fn of_mail(mail: &'a [u8]) -> Self {
        Self::read(header::Fields::of_mail(mail))
    }

    /// Reads the header block of a part.
    pub(super) fn of_part(part: &'a [u8]) -> Self {
        Self::read(header::Fields::of_part(part))
    }

    fn read(mut block: header::Fields<'a>) -> Self {
        let mut fields = Self::default();
        for (name, value) in &mut block {
            let place = match name.len() {
                2 if name.eq_ignore_ascii_case(b"to") => {
                    fields.to.push(value);
                    continue;
                }
                4 if name.eq_ignore_ascii_case(b"from") => &mut fields.from,
                7 if name.eq_ignore_ascii_case(b"subject") => &mut fields.subject,
                10 if name.eq_ignore_ascii_case(b"content-id") => &mut fields.content_id,
                10 if name.eq_ignore_ascii_case(b"message-id") => &mut fields.message_id,
                12 if name.eq_ignore_ascii_case(b"content-type") => &mut fields.content_type,
                19 if name.eq_ignore_ascii_case(b"content-disposition") => &mut fields.disposition,
                25 if name.eq_ignore_ascii_case(b"content-transfer-encoding") => &mut fields.encoding,
                _ => continue,
            };
            place.get_or_insert(value);
        }
        fields.body_at = block.body_at();
        fields.is_cut = block.is_cut();
        fields
    }

    /// Returns the charset that the mail declares: the one of header text that has no encoded words.
    pub(super) fn charset(&self) -> Option<Charset> {
        let declared = Structured::read(self.content_type?);
        Charset::of(&declared.token("charset")?)
    }
}

/// Decodes a Subject.
pub(super) fn subject(fields: &Fields<'_>) -> Option<String> {
    let value = bounded(fields.subject?);
    let of_mail = if value.is_ascii() { None } else { fields.charset() };
    Some(decode::header_text(
        &encoded_word::decode(value, of_mail),
        MAX_TEXT_CHARS,
    ))
}

/// Decodes a From: the first mailbox with an address, else the first name.
pub(super) fn sender(fields: &Fields<'_>) -> Option<Mailbox> {
    let value = bounded(fields.from?);
    let of_mail = if value.is_ascii() { None } else { fields.charset() };
    let mut found = address::mailboxes(value, of_mail, MAX_SENDERS);
    let is_complete = |mailbox: &Mailbox| mailbox.address.contains('@');
    let first = found.iter().position(is_complete).unwrap_or(0);
    (first < found.len()).then(|| found.swap_remove(first))
}

/// Formats a sender as `Name <a@b>` or `a@b`, or its name.
pub(super) fn from(sender: &Mailbox) -> String {
    match (sender.name.as_str(), sender.address.as_str()) {
        (name, "") => name.to_owned(),
        ("", address) => address.to_owned(),
        (name, address) => format!("{name} <{address}>"),
    }
}

fn bounded(value: &[u8]) -> &[u8] {
    &value[..value.len().min(MAX_TEXT_BYTES)]
}

/// Reads a Content-ID: the text in angle brackets, if it is printable ASCII.
pub(super) fn content_id(value: &[u8]) -> Option<String> {
    let id = value.trim_ascii();
    let id = id.strip_prefix(b"<").unwrap_or(id);
    let id = id.strip_suffix(b">").unwrap_or(id);
    let is_id = (1..=MAX_CONTENT_ID_BYTES).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic);
    is_id.then(|| String::from_utf8_lossy(id).into_owned())
}

/// Returns a file name as sent, decoded; made harmless where it is used, not here.
pub(super) fn filename(
    disposition: &Structured<'_>,
    declared: &Structured<'_>,
    of_mail: Option<Charset>,
) -> Option<String> {
    let places = [
        (disposition, "filename"),
        (declared, "name"),
        (disposition, "name"),
        (declared, "filename"),
    ];
    places.into_iter().find_map(|(field, parameter)| {
        let sent = field.text(parameter, of_mail)?;
        let name = decode::header_text(&sent, MAX_FILENAME_CHARS);
        (!name.is_empty()).then_some(name)
    })
}
