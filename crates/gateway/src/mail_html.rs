//! The HTML of a mail as a document of its own that may do nothing: a policy that the browser holds it to (first layer),
//! over HTML that was cleaned (second layer). Each layer is enough alone.

mod bounds;
mod clean;
mod images;
mod style;
mod text;

use std::{collections::HashMap, convert::Infallible, sync::Arc, time::Duration};

use axum::{extract::FromRequestParts, http::request::Parts};
use mayfly_rpc::Failure;
use serde::Deserialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

pub(crate) use images::{MAX_IMAGES, MAX_IMAGES_BYTES, is_image, reference, refers_to_parts};

/// How many documents are made at one time. Each costs up to a quarter of a second and some 50 MB.
const MAX_AT_ONCE: usize = 4;
/// How long a document waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(2);

/// What a document may do. `frame-ancestors` goes by the address that the document came from, so that our own page can
/// frame it although the sandbox gives it an origin of its own.
macro_rules! policy {
    ($images:literal) => {
        concat!(
            "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src ",
            $images,
            "; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
        )
    };
}

/// Whether a document may load images from elsewhere, which tells their server that the mail is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Images {
    #[default]
    Blocked,
    Remote,
}

impl Images {
    fn parse(query: &str) -> Self {
        let is_remote =
            form_urlencoded::parse(query.as_bytes()).any(|(key, value)| key == "images" && value == "remote");
        if is_remote { Self::Remote } else { Self::Blocked }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Images {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

/// The `Content-Security-Policy` of a document.
pub(crate) fn policy(images: Images) -> &'static str {
    match images {
        Images::Blocked => policy!("data:"),
        Images::Remote => policy!("data: https: http:"),
    }
}

/// The images of a mail that its HTML shows, as `data:` URLs by their Content-ID.
pub(crate) type InlineImages = HashMap<String, String>;

/// Makes documents, a bounded number at one time, on threads that may block.
#[derive(Debug, Clone)]
pub(crate) struct Cleaner(Arc<Semaphore>);

impl Default for Cleaner {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_AT_ONCE)))
    }
}

impl Cleaner {
    /// Makes the document that shows a mail's body.
    ///
    /// # Errors
    /// `unavailable` when too many are being made.
    pub(crate) async fn document(
        &self,
        html: Option<String>,
        text: Option<String>,
        inline: InlineImages,
        images: Images,
    ) -> Result<String, Failure> {
        let turn = tokio::time::timeout(TURN_TIMEOUT, Arc::clone(&self.0).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(Failure::unavailable("too many documents are being made"));
        };
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            document(html.as_deref(), text.as_deref(), inline, images)
        })
        .await
        .map_err(|_| Failure::internal("a document could not be made"))
    }
}

fn document(html: Option<&str>, text: Option<&str>, inline: InlineImages, images: Images) -> String {
    let cleaned = html.and_then(|html| clean::clean(html, inline, images));
    let body = cleaned.unwrap_or_else(|| match (text, html) {
        (Some(text), _) => text::to_html(text),
        (None, Some(html)) => text::to_html(&text::of_html(html)),
        (None, None) => String::new(),
    });
    // Mails are written for a white page, so a dark one is not for them.
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Message</title><style>\
         :root{{color-scheme:light;background:#fff;color:#111}}\
         body{{margin:12px;font:15px/1.5 sans-serif;overflow-wrap:anywhere}}\
         img{{max-width:100%}}pre{{white-space:pre-wrap}}\
         </style></head><body>{body}</body></html>\n"
    )
}

#[cfg(test)]
mod tests;
