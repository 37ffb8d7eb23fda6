//! Renders the HTML of a mail as a separate document without active content.
//!
//! Two independent layers, either of which is sufficient: a Content-Security-Policy that the browser enforces
//! ([`content_security_policy`]), and sanitised HTML ([`document`]).

mod budget;
mod clean;
mod css;
mod images;
mod text;
mod tree;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use budget::Budget;
use clean::Cleaned;
pub use images::{MAX_IMAGES, MAX_IMAGES_BYTES, data_url};

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
///
/// Rendering stops with an empty document when `is_cancelled` returns true: the client is gone.
#[must_use]
pub fn document(
    html: Option<&str>,
    text: Option<&str>,
    inline: InlineImages,
    remote_images: RemoteImages,
    is_cancelled: &dyn Fn() -> bool,
) -> String {
    let budget = Budget::new(html.map_or(0, str::len), is_cancelled);
    let cleaned = html.and_then(|html| clean::clean(html, inline, remote_images, &budget));
    if budget.is_cancelled() {
        return String::new();
    }
    match (cleaned, text, html) {
        (Some(cleaned), ..) => html_document(&cleaned),
        (None, Some(text), _) => text_document(&text::to_html(text)),
        (None, None, Some(html)) => text_document(&text::to_html(&text::of_html(html))),
        (None, None, None) => text_document(""),
    }
}

/// Mails are written for a white page, so a document ignores a dark colour scheme. The page itself has no background: that of
/// the body then covers it whole, as in mail clients.
const WHITE_PAGE: &str = ":root{color-scheme:light;color:#111}";
/// The look of a mail without a design of its own.
const PLAIN_LOOK: &str = "body{margin:12px;font:15px/1.5 sans-serif;overflow-wrap:anywhere}img{max-width:100%}\
                          pre{white-space:pre-wrap}";

fn html_document(cleaned: &Cleaned) -> String {
    let (doctype, css) = (cleaned.doctype(), &cleaned.css);
    let (attributes, body) = (&cleaned.body_attributes, &cleaned.body);
    let look = if cleaned.is_designed() { "" } else { PLAIN_LOOK };
    format!(
        "{doctype}<html><head><meta charset=\"utf-8\"><title>Message</title><style>{WHITE_PAGE}{look}</style>\
         <style>{css}</style></head><body{attributes}>{body}</body></html>\n"
    )
}

fn text_document(body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Message</title><style>{WHITE_PAGE}{PLAIN_LOOK}</style>\
         </head><body>{body}</body></html>\n"
    )
}
