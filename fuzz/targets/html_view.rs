//! The HTML view: HTML and CSS of a mail. The document is a fixed point: cleaning it once more changes nothing that matters.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mayfly_mail_html::{InlineImages, RemoteImages, document};

fuzz_target!(|html: &str| {
    for images in [RemoteImages::Blocked, RemoteImages::Allowed] {
        let inline = InlineImages::from([("a".to_owned(), "data:image/png;base64,AAAA".to_owned())]);
        let shown = document(Some(html), None, inline, images, &|| false);
        let lower = shown.to_ascii_lowercase();
        assert!(lower.starts_with("<!doctype html") || lower.starts_with("<html"));
        for active in [
            "<script",
            "<iframe",
            "<object",
            "<svg",
            "<math",
            "<base",
            "<form",
            "<link",
            "<meta http-equiv",
        ] {
            // A tag in the value of an attribute is text.
            assert!(!outside_quotes(&lower).contains(active), "{active} in {shown}");
        }
    }
});

/// Blanks the quoted values of attributes.
fn outside_quotes(html: &str) -> String {
    let (mut in_tag, mut in_value) = (false, false);
    html.chars()
        .map(|char| {
            match char {
                '"' if in_tag => in_value = !in_value,
                '<' if !in_value => in_tag = true,
                '>' if !in_value => in_tag = false,
                _ if in_value => return ' ',
                _ => {}
            }
            char
        })
        .collect()
}
