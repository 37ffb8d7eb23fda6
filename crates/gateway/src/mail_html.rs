//! Runs [`mayfly_mail_html`] for requests: the `images` query parameter, and a bounded number of sanitising jobs on threads of
//! their own.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{extract::FromRequestParts, http::request::Parts};
use mayfly_mail_html::{InlineImages, RemoteImages, document};
use mayfly_rpc::Failure;
use mayfly_runtime::fair::{self, ComputePool, FairQueue, Permit, QueueBounds};
use tokio_util::sync::CancellationToken;

use crate::app::permits;

/// Documents that are read and rendered at the same time. Each costs up to a quarter of a second of CPU and some 50 MB. While others
/// are active, a client has one.
const MAX_CONCURRENT: QueueBounds = QueueBounds { total: 4, share: 1 };
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

/// Renders documents, at most [`MAX_CONCURRENT`] at the same time.
#[derive(Debug, Clone)]
pub(crate) struct Cleaner {
    queue: Arc<FairQueue>,
    compute_pool: Arc<ComputePool>,
}

impl Cleaner {
    pub(crate) fn new(compute_pool: Arc<ComputePool>) -> Self {
        Self {
            queue: FairQueue::new(MAX_CONCURRENT),
            compute_pool,
        }
    }

    /// Waits for a permit to render a document for the current client.
    ///
    /// # Errors
    /// `RateLimited` when the client has its share, `Unavailable` when no permit is free, within [`ACQUIRE_TIMEOUT`].
    pub(crate) async fn permit(&self) -> Result<Permit, Failure> {
        let permit = self
            .queue
            .acquire_within(fair::client(), 1, ACQUIRE_TIMEOUT)
            .await;
        permit.map_err(permits::refused)
    }

    /// Renders the document that shows the body of a mail. The permit is kept until the work ends, also when the client has
    /// disconnected: the thread is busy that long.
    ///
    /// # Errors
    /// When rendering panics.
    pub(crate) async fn document(
        &self,
        permit: Permit,
        html: Option<String>,
        text: Option<String>,
        inline: InlineImages,
        images: RemoteImages,
    ) -> Result<String, Failure> {
        // Dropped with the request when the client is gone; the work then stops and returns the permit.
        let cancelled = CancellationToken::new();
        let _cancel = cancelled.clone().drop_guard();
        let thread = self.compute_pool.acquire(fair::client()).await;
        let rendered = self.compute_pool.run(thread, move || {
            let _permit = permit;
            document(html.as_deref(), text.as_deref(), inline, images, &|| {
                cancelled.is_cancelled()
            })
        });
        rendered
            .await
            .map_err(|_| Failure::internal("a document could not be made"))
    }
}
