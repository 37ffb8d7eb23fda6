//! Messages in a list, written from the answer of the service without a copy: lists are the most frequent answers. The text is that of
//! [`super::message::MessageItem`], to the byte.

use mayfly_proto::mailbox::{MessageSummary, NamedAddress};
use time::OffsetDateTime;

use super::{message::Owner, node::Member, timestamp};
use crate::dialects::mailtm::accept::Format;

/// A message in a list.
#[derive(Debug)]
pub(crate) struct ListedMessage<'a> {
    pub(crate) summary: &'a MessageSummary,
    pub(crate) owner: Owner<'a>,
}

impl Member for ListedMessage<'_> {
    const TYPE: &'static str = "Message";

    fn write(&self, format: Format, text: &mut Vec<u8>) {
        let (summary, id) = (self.summary, &*self.summary.message_id);
        match format {
            Format::Json => push(text, &["{\"id\":\""]),
            Format::JsonLd => push(
                text,
                &["{\"@id\":\"/messages/", id, "\",\"@type\":\"Message\",\"id\":\""],
            ),
        }
        push(
            text,
            &[
                id,
                "\",\"accountId\":\"/accounts/",
                self.owner.account_id,
                "\",\"msgid\":",
            ],
        );
        self.write_addresses(text);
        text.extend_from_slice(b",\"subject\":");
        push_quoted(text, summary.subject.as_deref().unwrap_or_default());
        text.extend_from_slice(b",\"intro\":");
        push_quoted(text, &summary.preview_text);
        let has_attachments = summary.has_attachments.unwrap_or_default();
        push(
            text,
            &[
                ",\"seen\":",
                boolean(summary.is_read),
                ",\"isDeleted\":false,\"hasAttachments\":",
                boolean(has_attachments),
                ",\"size\":",
            ],
        );
        text.extend_from_slice(summary.size_bytes.to_string().as_bytes());
        push(
            text,
            &[
                ",\"downloadUrl\":\"/messages/",
                id,
                "/download\",\"sourceUrl\":\"/sources/",
                id,
                "\",\"createdAt\":\"",
            ],
        );
        let start = text.len();
        push_timestamp(text, summary.created_at);
        let end = text.len();
        text.extend_from_slice(b"\",\"updatedAt\":\"");
        text.extend_from_within(start..end);
        text.extend_from_slice(b"\"}");
    }
}

impl ListedMessage<'_> {
    /// Appends the values of `msgid`, `from` and `to`, the latter two with their keys.
    fn write_addresses(&self, text: &mut Vec<u8>) {
        let addresses = self.summary.addresses.as_ref();
        match addresses.and_then(|addresses| addresses.message_id.as_deref()) {
            Some(message_id) => push_quoted(text, message_id),
            None => {
                let domain = self.owner.address.rsplit('@').next().unwrap_or_default();
                push_quoted(text, &["<", &self.summary.message_id, "@", domain, ">"].concat());
            }
        }
        text.extend_from_slice(b",\"from\":");
        match addresses.and_then(|addresses| addresses.from.as_ref()) {
            Some(from) => push_address(text, from),
            None => push_bare(text, &self.summary.sender),
        }
        text.extend_from_slice(b",\"to\":[");
        let to = addresses.map_or(&[][..], |addresses| &addresses.to);
        for (index, one) in to.iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            push_address(text, one);
        }
        if to.is_empty() {
            push_bare(text, self.owner.address);
        }
        text.push(b']');
    }
}

fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// Appends parts in which nothing needs escaping: keys, ids, numbers.
fn push(text: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        text.extend_from_slice(part.as_bytes());
    }
}

fn push_address(text: &mut Vec<u8>, one: &NamedAddress) {
    text.extend_from_slice(b"{\"address\":");
    push_quoted(text, &one.address);
    text.extend_from_slice(b",\"name\":");
    push_quoted(text, one.name.as_deref().unwrap_or_default());
    text.push(b'}');
}

fn push_bare(text: &mut Vec<u8>, address: &str) {
    text.extend_from_slice(b"{\"address\":");
    push_quoted(text, address);
    text.extend_from_slice(b",\"name\":\"\"}");
}

/// Appends a JSON string. Most texts have nothing to escape, which blocks of bytes show quickly.
fn push_quoted(text: &mut Vec<u8>, value: &str) {
    const BLOCK: usize = 16;
    let is_escaped = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    let (blocks, rest) = value.as_bytes().as_chunks::<BLOCK>();
    // Without a branch for each byte, so that the compiler makes vector instructions of it.
    let of_block = |block: &[u8; BLOCK]| block.iter().fold(false, |any, byte| any | is_escaped(byte));
    if blocks.iter().any(of_block) || rest.iter().any(is_escaped) {
        // A text always encodes.
        text.extend_from_slice(serde_json::to_string(value).unwrap_or_default().as_bytes());
        return;
    }
    push(text, &["\"", value, "\""]);
}

/// Appends a time as [`timestamp`] formats it.
fn push_timestamp(text: &mut Vec<u8>, unix_secs: i64) {
    let at = OffsetDateTime::from_unix_timestamp(unix_secs).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let year = u16::try_from(at.year()).ok().filter(|year| *year <= 9999);
    let Some(year) = year else {
        text.extend_from_slice(timestamp(unix_secs).as_bytes());
        return;
    };
    let [century, year_of_century] =
        [year / 100, year % 100].map(|part| u8::try_from(part).unwrap_or_default());
    push_two_digits(text, century);
    for (number, behind) in [
        (year_of_century, b'-'),
        (u8::from(at.month()), b'-'),
        (at.day(), b'T'),
        (at.hour(), b':'),
        (at.minute(), b':'),
    ] {
        push_two_digits(text, number);
        text.push(behind);
    }
    push_two_digits(text, at.second());
    text.extend_from_slice(b"+00:00");
}

fn push_two_digits(text: &mut Vec<u8>, number: u8) {
    text.extend_from_slice(&[b'0' + number / 10, b'0' + number % 10]);
}

#[cfg(test)]
mod tests {
    use mayfly_proto::mailbox::MessageAddresses;

    use super::*;
    use crate::dialects::mailtm::views::message::MessageItem;

    const OWNER: Owner<'_> = Owner {
        account_id: "01a225ea-2add-7108-b7cc-644a85764019",
        address: "ann@box.test",
    };

    fn addressed(addresses: MessageAddresses, text: &str) -> MessageSummary {
        MessageSummary {
            message_id: "01a225eb-9667-71cf-ae41-dc3b6a68e17e".to_owned(),
            sender: format!("{text}@shop.example"),
            from: None,
            subject: Some(text.to_owned()),
            preview_text: text.repeat(3),
            size_bytes: 1875,
            is_read: true,
            created_at: 1_767_323_045,
            has_attachments: Some(true),
            addresses: Some(addresses),
        }
    }

    fn assert_same_text(summary: &MessageSummary) {
        let item = MessageItem::new(summary.clone(), OWNER);
        for format in [Format::Json, Format::JsonLd] {
            let (mut written, mut encoded) = (Vec::new(), Vec::new());
            ListedMessage {
                summary,
                owner: OWNER,
            }
            .write(format, &mut written);
            item.write(format, &mut encoded);
            let [written, encoded] = [written, encoded].map(|text| String::from_utf8(text).unwrap());
            assert_eq!(written, encoded);
        }
    }

    #[test]
    fn listed_message_is_text_of_message_item() {
        assert_same_text(&MessageSummary::default());
        let named = |name: Option<&str>, address: &str| NamedAddress {
            name: name.map(str::to_owned),
            address: address.to_owned(),
        };
        for text in [
            "",
            "Your code is 424242, and a text of more than one block",
            "sixteen bytes ok",
            "a \"quoted\" text, \\ and \u{7f} \u{1}\u{1f}\r\n\t\u{8}\u{c}",
            "the last byte of a long text is to be escaped\n",
            "Grüße, 中文, \u{2028} 😀 and so on for more than one block",
        ] {
            let addresses = MessageAddresses {
                from: Some(named(Some(text), "hi@shop.example")),
                to: vec![named(None, "ann@box.test"), named(Some(text), text)],
                message_id: Some(format!("<{text}@shop.example>")),
            };
            assert_same_text(&addressed(addresses, text));
            assert_same_text(&addressed(MessageAddresses::default(), text));
        }
    }

    #[test]
    fn pushed_timestamp_is_formatted_timestamp() {
        for secs in [
            0,
            1,
            951_782_399,
            951_868_800,
            1_767_323_045,
            4_102_444_799,
            253_402_300_799,
            253_402_300_800,
            -62_135_596_801,
            -62_167_219_201,
            i64::MAX,
        ] {
            let mut text = Vec::new();
            push_timestamp(&mut text, secs);
            assert_eq!(String::from_utf8(text).unwrap(), timestamp(secs), "{secs}");
        }
    }
}
