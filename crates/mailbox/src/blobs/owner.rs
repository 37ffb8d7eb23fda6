//! Which database a store outside it belongs to. Two that shared one would delete each other's blobs, which their own messages
//! do not name.
//!
//! The store has a mark, and the database has the same. A copy of a database has its mark too, so the mark changes about every
//! two hours: a copy that is older than that differs, and of two that are the same the first to change it keeps the store. The
//! database learns of a new mark a sweep before the store does, so that a failover which loses the last commits loses no mark
//! that the store has.

use std::{sync::Arc, time::Duration};

use mayfly_database::OpenError;
use mayfly_runtime::{config::ConfigError, task::Tasks};
use mayfly_types::random_bytes;

use super::{Blobs, external::External};
use crate::{
    error::Error,
    store::{blob_owners, entities::blob_owner},
};

/// How often each process compares the marks. Blobs that another database does not name are a day old before they are deleted.
const CHECK_EVERY: Duration = Duration::from_secs(300);
/// How long a start waits for the store. One that does not answer is checked before it is written to.
const START_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether the store belongs to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ownership {
    /// The store has not answered yet.
    Unknown,
    Owned,
    Foreign,
}

/// What a check does with a mark that is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Keep,
    /// Of several processes one changes it.
    Change,
}

/// Starts to compare the marks.
pub(crate) fn start(blobs: &Arc<Blobs>, tasks: &Tasks) {
    if blobs.external.is_none() {
        return;
    }
    let blobs = Arc::clone(blobs);
    tasks.every("blob owner", CHECK_EVERY, CHECK_EVERY, move || {
        let blobs = Arc::clone(&blobs);
        async move { blobs.check_owner(Mark::Keep).await }
    });
}

impl Blobs {
    /// Compares the marks at the start.
    ///
    /// # Errors
    /// When the store belongs to another database. A store that does not answer is no error: small mail needs none.
    pub(crate) async fn claim(&self) -> Result<(), OpenError> {
        let checked = tokio::time::timeout(START_TIMEOUT, self.compare(Mark::Keep)).await;
        match checked {
            Ok(Err(error @ Error::ForeignBlobs(_))) => {
                return Err(ConfigError::new("blobs.url", error).into());
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "cannot check which database the store of large messages belongs to");
            }
            Err(_) => tracing::warn!("the store of large messages does not answer"),
            Ok(Ok(())) => {}
        }
        Ok(())
    }

    /// Returns the store, if it is another than the database, for a write or a deletion.
    ///
    /// # Errors
    /// When it belongs to another database, or cannot be asked.
    pub(super) async fn owned(&self) -> Result<Option<&External>, Error> {
        self.foreign()?;
        let ownership = *self.ownership.lock();
        if ownership == Ownership::Unknown {
            self.check_owner(Mark::Keep).await?;
        }
        Ok(self.external.as_ref())
    }

    /// Fails if the store is known to belong to another database.
    pub(super) fn foreign(&self) -> Result<(), Error> {
        match (&self.external, *self.ownership.lock()) {
            (Some(external), Ownership::Foreign) => Err(Error::ForeignBlobs(external.owner_name())),
            _ => Ok(()),
        }
    }

    /// Compares the marks, as [`Self::compare`] does, and logs that the store belongs to another database.
    ///
    /// # Errors
    /// When it does, or one of the two fails.
    pub(super) async fn check_owner(&self, mark: Mark) -> Result<(), Error> {
        let checked = self.compare(mark).await;
        if let Err(error @ Error::ForeignBlobs(_)) = &checked {
            tracing::error!(%error, "large messages are neither stored nor deleted");
        }
        checked
    }

    /// Compares the marks of the store and of the database, and writes that of a store without one.
    async fn compare(&self, mark: Mark) -> Result<(), Error> {
        let Some(external) = &self.external else {
            return Ok(());
        };
        let ownership = match self.is_owned(external, mark).await? {
            true => Ownership::Owned,
            false => Ownership::Foreign,
        };
        let before = std::mem::replace(&mut *self.ownership.lock(), ownership);
        if (before, ownership) == (Ownership::Foreign, Ownership::Owned) {
            tracing::info!("the store of large messages belongs to this database again");
        }
        self.foreign()
    }

    /// Returns whether the store belongs to the database.
    async fn is_owned(&self, external: &External, mark: Mark) -> Result<bool, Error> {
        // First: a process that starts at the same time has written its row before it writes here.
        let found = external.read_owner().await?;
        let row = match (self.owner_row().await?, &found) {
            (Some(row), _) => row,
            (None, Some(_)) => return Ok(false),
            (None, None) => self.insert_owner_row().await?,
        };
        match found {
            None => external.write_owner(&row.mark).await?,
            Some(found) if found == row.mark => {
                if mark == Mark::Change {
                    self.change(found).await?;
                }
            }
            Some(found) if Some(&found) == row.previous.as_ref() => {
                if mark == Mark::Change {
                    external.write_owner(&row.mark).await?;
                }
            }
            Some(_) => return Ok(false),
        }
        Ok(true)
    }

    async fn owner_row(&self) -> Result<Option<blob_owner::Model>, Error> {
        let read = self.store.read("find_blob_owner", |c| {
            Box::pin(async move { Ok(blob_owners::find(c).await?) })
        });
        read.await
    }

    async fn insert_owner_row(&self) -> Result<blob_owner::Model, Error> {
        self.store
            .write("insert_blob_owner", None, move |tx| {
                Box::pin(async move { Ok(blob_owners::insert(tx, new_mark()).await?) })
            })
            .await?;
        let row = self.owner_row().await?;
        row.ok_or(Error::Defect("the row of a blob owner is gone"))
    }

    async fn change(&self, mark: String) -> Result<(), Error> {
        self.store
            .write("change_blob_owner", None, move |tx| {
                let mark = mark.clone();
                Box::pin(async move { Ok(blob_owners::replace(tx, &mark, new_mark()).await?) })
            })
            .await
    }
}

fn new_mark() -> String {
    format!("{:032x}", u128::from_ne_bytes(random_bytes()))
}
