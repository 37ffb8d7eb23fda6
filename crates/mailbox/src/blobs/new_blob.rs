//! A blob that no message names yet.

use std::sync::Arc;

use mayfly_runtime::fair;
use mayfly_types::BlobId;

use super::Blobs;

/// A blob of a delivery that is not committed. Dropped, it is deleted: the delivery failed, or its caller gave up, and the sender
/// sends the message again as another blob.
#[derive(Debug)]
pub(crate) struct NewBlob {
    id: BlobId,
    /// `None` once it is kept.
    blobs: Option<Arc<Blobs>>,
}

impl NewBlob {
    pub(super) fn begin(blobs: &Arc<Blobs>) -> Self {
        Self {
            id: BlobId::new(blobs.clock.now()),
            blobs: Some(Arc::clone(blobs)),
        }
    }

    pub(crate) fn id(&self) -> BlobId {
        self.id
    }

    /// Keeps the blob: the writer commits its name, or an outbox entry that deletes it.
    pub(crate) fn keep(mut self) {
        self.blobs = None;
    }
}

impl Drop for NewBlob {
    fn drop(&mut self) {
        let Some(blobs) = self.blobs.take() else { return };
        let (id, tasks) = (self.id, blobs.tasks.clone());
        tasks.spawn(fair::detached(async move {
            if let Err(error) = blobs.delete(id).await {
                tracing::debug!(%error, "the blob of a failed delivery stays until the sweep");
            }
        }));
    }
}
