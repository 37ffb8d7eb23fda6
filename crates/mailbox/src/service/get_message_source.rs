//! Returns the bytes of a message, as received.

use std::sync::Arc;

use mayfly_types::{BlobId, RawMessageId};

use super::{MessageScope, ReadMemory, Service};
use crate::error::Error;

/// How much of a large message is read at once: whole parts. A message that is not a blob is smaller.
const READ_BYTES: i64 = 1 << 20;

/// The bytes of a message, read in parts as its reader takes them.
#[derive(Debug)]
pub(crate) struct MessageSource {
    service: Arc<Service>,
    raw_id: RawMessageId,
    /// Known after the first part.
    blob: Option<BlobId>,
    pub(crate) size_bytes: i64,
    read_bytes: i64,
    _memory: ReadMemory,
}

impl Service {
    /// Finds a message, to read its bytes.
    #[tracing::instrument(name = "mailbox.get_message_source", level = "debug", skip_all)]
    pub(crate) async fn get_message_source(
        self: &Arc<Self>,
        scope: MessageScope,
        message_id: &str,
    ) -> Result<MessageSource, Error> {
        let (_, message) = self.message(scope, message_id).await?;
        let memory = message.size_bytes.min(READ_BYTES);
        Ok(MessageSource {
            _memory: self.large_reads.acquire(memory).await?,
            service: Arc::clone(self),
            raw_id: message.raw_id,
            blob: None,
            size_bytes: message.size_bytes,
            read_bytes: 0,
        })
    }
}

impl MessageSource {
    /// Reads the next part; empty at the end.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the message was deleted meanwhile.
    pub(crate) async fn next(&mut self) -> Result<Vec<u8>, Error> {
        let length = (self.size_bytes - self.read_bytes).min(READ_BYTES);
        if length == 0 && self.read_bytes > 0 {
            return Ok(Vec::new());
        }
        let part = match self.blob {
            None => self.first(length).await?,
            Some(blob) => self.blob_part(blob, length).await?,
        };
        self.read_bytes += length;
        Ok(part)
    }

    async fn first(&mut self, length: i64) -> Result<Vec<u8>, Error> {
        let row = self.service.raw_row(self.raw_id).await?;
        self.blob = row.blob_id;
        match row.blob_id {
            Some(blob) => self.blob_part(blob, length).await,
            None => Ok(row.bytes),
        }
    }

    async fn blob_part(&self, blob: BlobId, length: i64) -> Result<Vec<u8>, Error> {
        let from = u64::try_from(self.read_bytes).unwrap_or(0);
        let length = usize::try_from(length).unwrap_or(0);
        self.service.blob(self.raw_id, blob, from, length).await
    }
}
