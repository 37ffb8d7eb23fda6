//! Renders the HTML of a mail as a separate document without active content.
//!
//! Two independent layers, either of which is sufficient: a Content-Security-Policy that the browser enforces
//! ([`content_security_policy`]), and sanitised HTML ([`document`]).

mod clean;
mod images;
mod limits;
mod style;
mod text;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub use clean::clean;
pub use images::{MAX_IMAGES, MAX_IMAGES_BYTES, data_url, is_image, references_parts};

/// Whether a document may load remote images. Loading them tells their server that the mail was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteImages {
    /// Only images that come with the mail are shown.
    Blocked,
    /// `http:` and `https:` images are loaded too.
    Allowed,
}

/// The images that come with a mail, as `data:` URLs by their Content-ID.
pub type InlineImages = HashMap<String, String>;

/// `frame-ancestors 'self'` matches the URL of the document, so the page of the same origin can frame the document
/// although `sandbox` gives it an opaque origin.
macro_rules! policy {
    ($images:literal) => {
        concat!(
            "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src ",
            $images,
            "; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
        )
    };
}

/// Returns the `Content-Security-Policy` of a document.
#[must_use]
pub fn content_security_policy(remote_images: RemoteImages) -> &'static str {
    match remote_images {
        RemoteImages::Blocked => policy!("data:"),
        RemoteImages::Allowed => policy!("data: https: http:"),
    }
}

/// Renders the body of a mail: its sanitised HTML, else its text, else the text of HTML that exceeds the limits.
#[must_use]
pub fn document(
    html: Option<&str>,
    text: Option<&str>,
    inline: InlineImages,
    remote_images: RemoteImages,
) -> String {
    let cleaned = html.and_then(|html| clean(html, inline, remote_images));
    let body = cleaned.unwrap_or_else(|| match (text, html) {
        (Some(text), _) => text::to_html(text),
        (None, Some(html)) => text::to_html(&text::of_html(html)),
        (None, None) => String::new(),
    });
    // Mails are written for a white page, so the document ignores a dark colour scheme.
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Message</title><style>\
         :root{{color-scheme:light;background:#fff;color:#111}}\
         body{{margin:12px;font:15px/1.5 sans-serif;overflow-wrap:anywhere}}\
         img{{max-width:100%}}pre{{white-space:pre-wrap}}\
         </style></head><body>{body}</body></html>\n"
    )
}
