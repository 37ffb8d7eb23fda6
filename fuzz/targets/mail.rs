//! A whole mail: the MIME tree, transfer encodings, charsets and parameters. A panic that the parser catches stops it too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mayfly_mime::{InlineLimits, MAX_BODY_BYTES, ParseStatus, attachment, content, header, summarize};

fuzz_target!(|raw: &[u8]| {
    let (summary, _) = summarize(raw);
    let limits = InlineLimits {
        max_parts: 20,
        max_bytes: 1 << 20,
    };
    let read = content(raw, Some(limits));
    header(raw);
    assert_ne!(summary.status, ParseStatus::Failed);
    let bodies = [&read.text_body, &read.html_body];
    let lengths = bodies.map(|body| body.as_ref().map_or(0, String::len));
    assert!(lengths.iter().sum::<usize>() <= MAX_BODY_BYTES);
    assert!(
        bodies
            .iter()
            .all(|body| body.as_ref().is_none_or(|body| !body.contains('\0')))
    );
    assert!(read.inline_parts.len() <= limits.max_parts);
    if summary.status == ParseStatus::Parsed {
        assert_eq!(summary.has_attachments, Some(!read.attachments.is_empty()));
    }
    for listed in &read.attachments {
        let (found, bytes) = attachment(raw, listed.index).expect("a listed attachment");
        assert_eq!((&found, found.size_bytes), (listed, bytes.len() as i64));
    }
});
