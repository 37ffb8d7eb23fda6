//! Downloads: always to be saved and never shown, whatever type the mail declares.

use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use mayfly_proto::mailbox::Attachment;

use crate::app::download_message::MessageSource;

/// Longer names are cut: file systems allow 255 bytes.
const MAX_NAME_CHARS: usize = 120;
const SANDBOX: &str = "sandbox; default-src 'none'";

/// The answer with the source of a message.
pub(crate) fn source(source: MessageSource) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "message/rfc822".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"message.eml\"".to_owned(),
        ),
        (header::CONTENT_LENGTH, source.size_bytes.to_string()),
        (header::CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
    ];
    (headers, source.body).into_response()
}

/// The answer with the decoded bytes of an attachment.
pub(crate) fn attachment(attachment: &Attachment, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, safe_content_type(&attachment.content_type)),
        (
            header::CONTENT_DISPOSITION,
            disposition(attachment.filename.as_deref()),
        ),
        (header::CONTENT_LENGTH, attachment.size_bytes.to_string()),
        (header::CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
    ];
    (headers, body).into_response()
}

/// Returns the declared type if it is a media type.
fn safe_content_type(written: &str) -> String {
    let is_token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    match written.split_once('/') {
        Some((kind, subtype)) if is_token(kind) && is_token(subtype) && written.len() <= 127 => {
            written.to_ascii_lowercase()
        }
        _ => "application/octet-stream".to_owned(),
    }
}

/// Formats `Content-Disposition` (RFC 6266): an ASCII name for old clients, RFC 8187 for others. Paths, control characters and
/// bidirectional marks are removed.
fn disposition(filename: Option<&str>) -> String {
    let written = filename.unwrap_or_default();
    let last = written.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_harmless = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let name: String = last.chars().filter(is_harmless).take(MAX_NAME_CHARS).collect();
    let name = name.trim().trim_start_matches('.');
    let name = if name.is_empty() { "attachment" } else { name };
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii() && !matches!(c, '"' | '%' | ';') {
                c
            } else {
                '_'
            }
        })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disposition_of_hostile_name_is_safe_on_disk_and_in_header() {
        let table = [
            (None, "attachment"),
            (Some("bill.pdf"), "bill.pdf"),
            (Some("../../etc/passwd"), "passwd"),
            (Some("..\\..\\boot.ini"), "boot.ini"),
            (Some("a\r\nSet-Cookie: x=1"), "aSet-Cookie: x=1"),
            (Some("\u{202e}fdp.exe"), "fdp.exe"),
            (Some("..."), "attachment"),
            (Some("nul\0byte"), "nulbyte"),
            (Some("a\"b;c%41.txt"), "a_b_c_41.txt"),
        ];
        for (written, expected) in table {
            let header = disposition(written);
            assert!(
                header.starts_with(&format!("attachment; filename=\"{expected}\";")),
                "{header}"
            );
            assert!(axum::http::HeaderValue::from_str(&header).is_ok(), "{header}");
        }
        assert!(disposition(Some("é.txt")).ends_with("filename=\"_.txt\"; filename*=UTF-8''%C3%A9.txt"));
        assert!(disposition(Some(&"x".repeat(4096))).len() < 400);
    }

    #[test]
    fn content_type_that_is_no_media_type_is_octet_stream() {
        assert_eq!(safe_content_type("Image/PNG"), "image/png");
        for wrong in [
            "",
            "text",
            "text/",
            "/x",
            "text/html; charset=x",
            "a/b\r\nX: y",
            "a/b/c",
        ] {
            assert_eq!(safe_content_type(wrong), "application/octet-stream", "{wrong:?}");
        }
    }
}
