//! Codes and links of a subject and a body. The first byte chooses text or HTML; a line break ends the subject.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mayfly_mime::{ParseStatus, summarize};

fuzz_target!(|input: &[u8]| {
    let Some((chosen, rest)) = input.split_first() else {
        return;
    };
    let (subject, body) = match rest.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (&b""[..], rest),
    };
    let kind = if chosen & 1 == 0 { "plain" } else { "html" };
    let head =
        format!("\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
    let mail = [b"Subject: ", subject, head.as_bytes(), body].concat();
    let (summary, extracted) = summarize(&mail);
    if summary.status != ParseStatus::Parsed {
        return;
    }
    assert!(extracted.codes.len() <= 10 && extracted.links.len() <= 100);
    assert!(
        extracted
            .codes
            .is_sorted_by(|best, next| best.confidence >= next.confidence)
    );
    for code in &extracted.codes {
        assert!(code.value.chars().any(char::is_alphanumeric), "{code:?}");
    }
    for link in &extracted.links {
        assert!(
            link.url.contains(':') && !link.url.contains(char::is_control),
            "{link:?}"
        );
    }
});
