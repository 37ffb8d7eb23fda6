//! Removes blobs that no message names: those of deliveries that were not completed.

use mayfly_types::BlobId;
use time::Duration;

use super::{Blobs, owner::Mark};
use crate::{
    error::Error,
    store::{Store, blobs},
};

/// Younger blobs can belong to a delivery that is not committed yet.
const GRACE: Duration = Duration::DAY;
/// Blobs that one statement looks for.
const BATCH: usize = 500;

impl Blobs {
    /// Removes the blobs that no message names and that are older than a day. Returns how many.
    pub(crate) async fn sweep(&self, store: &Store) -> Result<usize, Error> {
        let now = self.clock.now();
        let before = BlobId::floor(now.checked_sub(GRACE).unwrap_or(now));
        let mut removed = 0;
        loop {
            let orphans: Vec<BlobId> = store
                .read("list_orphaned_blobs", |c| {
                    Box::pin(async move { Ok(blobs::list_orphans(c, before, BATCH as u64).await?) })
                })
                .await?;
            if orphans.is_empty() {
                break;
            }
            for id in &orphans {
                self.database.delete(*id).await?;
            }
            removed += orphans.len();
        }
        // What another database does not name is not an orphan of this one.
        self.check_owner(Mark::Change).await?;
        let Some(external) = &self.external else {
            return Ok(removed);
        };
        for directory in 0..=u8::MAX {
            for some in external.list(directory, before).await?.chunks(BATCH) {
                let some = some.to_vec();
                let orphans: Vec<BlobId> = store
                    .read("find_unnamed_blobs", |c| {
                        Box::pin(async move { Ok(blobs::unnamed(c, &some).await?) })
                    })
                    .await?;
                for id in &orphans {
                    external.delete(*id).await?;
                }
                removed += orphans.len();
            }
        }
        Ok(removed)
    }
}
