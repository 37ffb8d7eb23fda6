//! The value of a field: encoded words, lists of addresses, parameters, dates. The first byte chooses the field.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mayfly_mime::{content, header, summarize};

const FIELDS: [&str; 10] = [
    "Subject: ",
    "From: ",
    "To: ",
    "Cc: a@x.test\r\nReply-To: ",
    "Date: ",
    "Message-ID: ",
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nList-Unsubscribe: ",
    "Content-Type: ",
    "Content-Type: application/pdf;\r\n ",
    "Content-Disposition: attachment;\r\n ",
];

fuzz_target!(|input: &[u8]| {
    let Some((chosen, value)) = input.split_first() else {
        return;
    };
    let field = FIELDS[usize::from(*chosen) % FIELDS.len()];
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
});
