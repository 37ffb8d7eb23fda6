//! Inline and remote images of a mail.

use std::{borrow::Cow, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{InlineImages, RemoteImages};

/// Largest number of inline images of a document.
pub const MAX_IMAGES: usize = 20;
/// Largest total size of the inline images of a document.
pub const MAX_IMAGES_BYTES: usize = 8 << 20;

/// Detects raster formats by their magic bytes. SVG is a document and not allowed.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// Reports whether the declared type of a part is an image. [`data_url`] checks the bytes.
#[must_use]
pub fn is_image(content_type: &str) -> bool {
    content_type.starts_with("image/")
}

/// Reports whether HTML can reference other parts of its mail.
#[must_use]
pub fn references_parts(html: &str) -> bool {
    html.as_bytes()
        .windows(4)
        .any(|window| window.eq_ignore_ascii_case(b"cid:"))
}

/// Encodes an image as a `data:` URL; `None` when the bytes are not a supported format.
#[must_use]
pub fn data_url(bytes: &[u8]) -> Option<String> {
    let media_type = media_type(bytes)?;
    Some(format!("data:{media_type};base64,{}", STANDARD.encode(bytes)))
}

/// The images that a pass of the sanitiser keeps.
#[derive(Debug, Clone)]
pub(super) enum Pass {
    /// References to parts stay unchanged.
    Settling(RemoteImages),
    /// References to parts become `data:` URLs.
    Final(RemoteImages, Arc<InlineImages>),
}

/// Rewrites the source of an image; `None` when it is not allowed.
pub(super) fn source<'v>(value: &'v str, pass: &Pass) -> Option<Cow<'v, str>> {
    let value = value.trim_matches(|c: char| c <= ' ');
    let (scheme, rest) = value.split_once(':')?;
    let (Pass::Settling(images) | Pass::Final(images, _)) = pass;
    match scheme.to_ascii_lowercase().as_str() {
        "cid" => match pass {
            Pass::Settling(_) => Some(value.into()),
            Pass::Final(_, inline) => {
                let id = percent_encoding::percent_decode_str(rest).decode_utf8().ok()?;
                inline.get(&*id).map(|image| Cow::Owned(image.clone()))
            }
        },
        "data" => is_data_image(rest).then_some(value.into()),
        "http" | "https" if *images == RemoteImages::Allowed && rest.starts_with("//") => Some(value.into()),
        _ => None,
    }
}

/// Allows exactly the form that [`data_url`] writes.
fn is_data_image(rest: &str) -> bool {
    let formats = ["png", "jpeg", "gif", "webp"];
    let Some((format, data)) = rest
        .strip_prefix("image/")
        .and_then(|rest| rest.split_once(";base64,"))
    else {
        return false;
    };
    formats.contains(&format)
        && data
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_source_unknown_scheme_is_removed() {
        let inline = Arc::new(InlineImages::from([(
            "a@b".to_owned(),
            "data:image/png;base64,AA==".to_owned(),
        )]));
        let blocked = &Pass::Final(RemoteImages::Blocked, Arc::clone(&inline));
        let remote = &Pass::Final(RemoteImages::Allowed, inline);
        let png = Some("data:image/png;base64,AA==".into());
        for value in ["cid:a@b", "CID:a%40b", " \ncid:a@b "] {
            assert_eq!(source(value, blocked), png, "{value}");
        }
        for value in [
            "",
            "x.png",
            "//tracker.test/x",
            "cid:other",
            "cid:a%ffb",
            "data:image/svg+xml;base64,AA==",
            "data:image/png,<svg>",
            "data:image/png;base64,A A",
            "data:text/html;base64,AA==",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "blob:x",
            "http:x",
            "ht\ntp://tracker.test",
        ] {
            assert_eq!(source(value, blocked), None, "{value}");
            assert_eq!(source(value, remote), None, "{value}");
        }
        assert_eq!(source("https://tracker.test/x", blocked), None);
        let url = "https://tracker.test/x";
        assert_eq!(source(url, remote), Some(url.into()));
    }

    #[test]
    fn data_url_detects_format_from_bytes() {
        assert!(
            data_url(b"\x89PNG\r\n\x1a\n")
                .unwrap()
                .starts_with("data:image/png;base64,")
        );
        assert!(data_url(b"GIF89a").is_some());
        for bytes in ["", "GIF", "<svg xmlns='http://www.w3.org/2000/svg'/>", "<html>"] {
            assert_eq!(data_url(bytes.as_bytes()), None);
        }
    }
}
