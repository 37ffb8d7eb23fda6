//! Runs [`mayfly_mail_html`] for requests: the `images` query parameter, and a bounded number of sanitising jobs on
//! blocking threads.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{extract::FromRequestParts, http::request::Parts};
use mayfly_mail_html::{InlineImages, RemoteImages, document};
use mayfly_rpc::Failure;
use mayfly_runtime::{
    fair::{self, FairQueue, QueueBounds},
    shares::Bounds,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::permits::{Party, Permit, Permits};

/// Documents that are rendered at the same time. Each costs up to a quarter of a second of CPU and some 50 MB. A client has
/// half of the permits, and the last one is for clients with none.
const MAX_CONCURRENT: Bounds = Bounds {
    total: 4,
    share: 2,
    reserve: 1,
    small: 1,
};
/// Documents of one mailbox or Pro user that are rendered at the same time.
const MAX_CONCURRENT_PER_OWNER: u64 = 1;
/// Documents of one client while others are active. The bound of all is above.
const MAX_CONCURRENT_PER_CLIENT: QueueBounds = QueueBounds {
    total: u64::MAX,
    share: 1,
};
/// How long a request waits for a permit.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
const RETRY_AFTER: Duration = Duration::from_secs(1);

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
pub(crate) struct Cleaner {
    permits: Permits,
    clients: Arc<FairQueue>,
}

impl Default for Cleaner {
    fn default() -> Self {
        Self {
            permits: Permits::new(MAX_CONCURRENT, MAX_CONCURRENT_PER_OWNER),
            clients: FairQueue::new(MAX_CONCURRENT_PER_CLIENT),
        }
    }
}

/// A permit to render a document.
#[derive(Debug)]
pub(crate) struct RenderPermit {
    _permit: Permit,
    _client: fair::Permit,
}

impl Cleaner {
    /// Waits for a permit to render a document.
    ///
    /// # Errors
    /// `RateLimited` when the party renders others, `Unavailable` when no permit is free, within [`ACQUIRE_TIMEOUT`].
    pub(crate) async fn permit(&self, party: &Party) -> Result<RenderPermit, Failure> {
        let until = Instant::now() + ACQUIRE_TIMEOUT;
        let client = self.clients.acquire_within(fair::client(), 1, ACQUIRE_TIMEOUT);
        let client = client.await.ok_or_else(|| Failure::rate_limited(RETRY_AFTER))?;
        Ok(RenderPermit {
            _permit: self.permits.acquire(party, until - Instant::now()).await?,
            _client: client,
        })
    }

    /// Renders the document that shows the body of a mail. The permit is kept until the work ends, also when the client has
    /// disconnected: the thread is busy that long.
    ///
    /// # Errors
    /// When rendering panics.
    pub(crate) async fn document(
        &self,
        permit: RenderPermit,
        html: Option<String>,
        text: Option<String>,
        inline: InlineImages,
        images: RemoteImages,
    ) -> Result<String, Failure> {
        // Dropped with the request when the client is gone; the work then stops and returns the permit.
        let cancelled = CancellationToken::new();
        let _cancel = cancelled.clone().drop_guard();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            document(html.as_deref(), text.as_deref(), inline, images, &|| {
                cancelled.is_cancelled()
            })
        })
        .await
        .map_err(|_| Failure::internal("a document could not be made"))
    }
}
