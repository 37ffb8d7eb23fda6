//! The room of a SQLite database.

use std::{io, path::Path};

use sea_orm::{ConnectionTrait, DbErr, Statement};

use super::Database;

/// The file system of a SQLite database.
#[derive(Debug, Clone, Copy)]
pub struct DiskSpace {
    /// Its size.
    pub total_bytes: u64,
    /// What this process may still write.
    pub free_bytes: u64,
}

/// Returns the space of the file system of a directory.
pub(super) fn space(dir: &Path) -> io::Result<DiskSpace> {
    let found = rustix::fs::statvfs(dir)?;
    Ok(DiskSpace {
        total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
        free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
    })
}

impl Database {
    /// Returns the space of the file system of a SQLite database; `None` for PostgreSQL, whose disk is elsewhere.
    ///
    /// # Errors
    /// When the file system cannot be queried.
    pub fn disk_space(&self) -> Option<io::Result<DiskSpace>> {
        let dir = self.dir.as_ref()?;
        Some(space(dir))
    }

    /// Returns the bytes of free pages inside a SQLite file. Deletions never shrink the file: new rows take these pages.
    ///
    /// # Errors
    /// The error of the database.
    pub async fn reusable_bytes(&self) -> Result<u64, DbErr> {
        let pragma = "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size";
        self.read("count_free_pages", |c| {
            Box::pin(async move {
                let statement = Statement::from_string(c.get_database_backend(), pragma);
                let row = c.query_one_raw(statement).await?;
                let bytes: i64 = match row {
                    Some(row) => row.try_get_by_index(0)?,
                    None => 0,
                };
                Ok(u64::try_from(bytes).unwrap_or(0))
            })
        })
        .await
    }
}
