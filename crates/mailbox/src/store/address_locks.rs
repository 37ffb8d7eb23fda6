//! The table `address_locks`: locks an address and its tags while one of them is reserved.

use mayfly_types::Address;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, DbErr, EntityTrait};

use super::entities::address_lock::{ActiveModel, Entity};

/// Locks an address without its tag until the transaction ends. PostgreSQL lets another insert of the same key wait for this
/// transaction although the row is removed in it, so no row stays. SQLite has one writer and needs no lock.
pub(crate) async fn lock(c: &impl ConnectionTrait, untagged: &Address) -> Result<(), DbErr> {
    if c.get_database_backend() == DbBackend::Sqlite {
        return Ok(());
    }
    let row = ActiveModel {
        address: Set(untagged.to_string()),
    };
    Entity::insert(row).exec_without_returning(c).await?;
    Entity::delete_by_id(untagged.to_string()).exec(c).await.map(drop)
}
