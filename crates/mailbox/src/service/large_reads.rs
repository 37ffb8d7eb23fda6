//! A bound on the memory of large messages that are decoded at the same moment. Small ones never wait.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::INLINE_PARSE_BYTES;
use crate::error::Error;

/// Bytes of raw messages that may be decoded at one time, in units of [`UNIT`]; decoding takes a few times as much.
const UNITS: u32 = (64 << 20) / UNIT;
const UNIT: u32 = 1024;

/// Waits its callers in turn.
#[derive(Debug)]
pub(crate) struct LargeReads(Semaphore);

impl Default for LargeReads {
    fn default() -> Self {
        Self(Semaphore::new(UNITS as usize))
    }
}

impl LargeReads {
    /// Waits until there is room for a message of a size; the call's deadline bounds the wait.
    pub(crate) async fn acquire(&self, size_bytes: i64) -> Result<Option<SemaphorePermit<'_>>, Error> {
        let size = usize::try_from(size_bytes).unwrap_or(usize::MAX);
        if size <= INLINE_PARSE_BYTES {
            return Ok(None);
        }
        let units = u32::try_from(size / UNIT as usize).unwrap_or(u32::MAX).min(UNITS);
        self.0
            .acquire_many(units)
            .await
            .map(Some)
            .map_err(|_| Error::Stopping)
    }
}
