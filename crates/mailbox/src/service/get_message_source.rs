//! Returns the bytes of a message, as received.

use std::sync::Arc;

use mayfly_types::RawMessageId;

use super::{
    MessageScope, Service,
    large_reads::{ReadMemory, Reader},
};
use crate::{error::Error, store::messages};

/// How much of a large message is read at once. The store reads the whole row for each part, so parts are not small.
const READ_BYTES: i64 = 2 << 20;

/// The bytes of a message, read in parts as its reader takes them.
#[derive(Debug)]
pub(crate) struct MessageSource {
    service: Arc<Service>,
    raw_id: RawMessageId,
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
        let (_, message) = self.message(scope.clone(), message_id).await?;
        let reader = Reader::of(&scope, message.account_id);
        let memory = message.size_bytes.min(READ_BYTES);
        Ok(MessageSource {
            _memory: self.large_reads.acquire(reader, memory).await?,
            service: Arc::clone(self),
            raw_id: message.raw_id,
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
        let (raw_id, from) = (self.raw_id, self.read_bytes);
        let is_whole = length == self.size_bytes;
        let part = self
            .service
            .store
            .read("find_raw_part", |c| {
                Box::pin(async move {
                    Ok(if is_whole {
                        messages::find_raw(c, raw_id).await?.map(|raw| raw.bytes)
                    } else {
                        messages::find_raw_part(c, raw_id, from, length).await?
                    })
                })
            })
            .await?
            .ok_or(Error::NotFound)?;
        self.read_bytes += length;
        Ok(part)
    }
}
