//! Runs [`mayfly_mail_html`] for requests: the `images` query parameter, and a bounded number of sanitising jobs on
//! blocking threads.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{extract::FromRequestParts, http::request::Parts};
use mayfly_mail_html::{InlineImages, RemoteImages, document};
use mayfly_rpc::Failure;
use tokio::sync::Semaphore;

/// Documents that are rendered at the same time. Each costs up to a quarter of a second of CPU and some 50 MB.
const MAX_CONCURRENT: usize = 4;
/// How long a request waits for a permit.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether a document can load remote images. Loading them reveals to their server that the mail was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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

impl From<Images> for RemoteImages {
    fn from(images: Images) -> Self {
        match images {
            Images::Blocked => Self::Blocked,
            Images::Remote => Self::Allowed,
        }
    }
}

/// Renders documents on blocking threads, at most [`MAX_CONCURRENT`] at the same time.
#[derive(Debug, Clone)]
pub(crate) struct Cleaner(Arc<Semaphore>);

impl Default for Cleaner {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_CONCURRENT)))
    }
}

impl Cleaner {
    /// Renders the document that shows the body of a mail.
    ///
    /// # Errors
    /// `unavailable` when no permit is free within [`ACQUIRE_TIMEOUT`].
    pub(crate) async fn document(
        &self,
        html: Option<String>,
        text: Option<String>,
        inline: InlineImages,
        images: RemoteImages,
    ) -> Result<String, Failure> {
        let permit = tokio::time::timeout(ACQUIRE_TIMEOUT, Arc::clone(&self.0).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(Failure::unavailable("too many documents are being made"));
        };
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            document(html.as_deref(), text.as_deref(), inline, images)
        })
        .await
        .map_err(|_| Failure::internal("a document could not be made"))
    }
}
