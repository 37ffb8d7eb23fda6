//! Bounds the memory of large messages that are decoded concurrently. Small messages never wait.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::INLINE_PARSE_BYTES;
use crate::error::Error;

/// Bytes of raw messages that are decoded at the same time, in units of [`UNIT`]. Decoding takes a few times as much memory.
const UNITS: u32 = (64 << 20) / UNIT;
const UNIT: u32 = 1024;

/// A fair semaphore over bytes.
#[derive(Debug)]
pub(crate) struct LargeReads(Semaphore);

impl Default for LargeReads {
    fn default() -> Self {
        Self(Semaphore::new(UNITS as usize))
    }
}

impl LargeReads {
    /// Acquires permits for a message of a size. The deadline of the call bounds the wait.
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
