//! What the targets of header fields share.

use mayfly_mime::{content, header, summarize};

/// Reads a mail with one field. The first byte of the input chooses the field, the rest is its value.
pub fn read(input: &[u8], fields: &[&str]) {
    let Some((chosen, value)) = input.split_first() else {
        return;
    };
    let field = fields[usize::from(*chosen) % fields.len()];
    let mail = [field.as_bytes(), value, b"\r\n\r\nHello"].concat();
    let (summary, _) = summarize(&mail);
    let read = header(&mail);
    let listed = [&read.to, &read.cc, &read.reply_to].into_iter().flatten();
    for address in listed {
        assert!(!address.address.is_empty() || address.name.is_some());
        let name = address.name.as_deref().unwrap_or_default();
        assert!(!name.contains(['\r', '\n', '\0']) && !address.address.contains(['\r', '\n', '\0']));
    }
    for text in [&summary.from, &summary.subject, &read.message_id]
        .into_iter()
        .flatten()
    {
        assert!(!text.contains(['\r', '\n', '\0']), "{text:?}");
    }
    for attachment in content(&mail, None).attachments {
        assert!(attachment.filename.is_none_or(|name| name.chars().count() <= 255));
    }
}
