//! The audit log: what operators did. An entry is written in the transaction of its change, so neither exists without the
//! other. Each service has the table `audit_entries` in its own database.

mod entry;

use mayfly_types::{AuditEntryId, unix_millis};
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryOrder, QuerySelect,
};
use sea_orm_migration::{
    prelude::{SchemaManager, Table},
    schema::{big_integer, pk_uuid, string, text},
};
use time::OffsetDateTime;

use self::entry::{ActiveModel, Column, Entity};

pub use self::entry::Model as AuditEntry;

/// What an operator does to which object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The name of the operator's token.
    pub operator: String,
    /// The use case.
    pub name: &'static str,
    /// The id of the object, or its name if it has none.
    pub subject: String,
    /// The parameters, as far as they are not secret.
    pub detail: String,
}

/// Records an action, and logs it without its detail, which can contain addresses.
///
/// # Errors
/// When the database fails.
pub async fn record(tx: &DatabaseTransaction, now: OffsetDateTime, action: &Action) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(AuditEntryId::new(now)),
        at_ms: Set(unix_millis(now)),
        operator: Set(action.operator.clone()),
        action: Set(action.name.to_owned()),
        subject: Set(action.subject.clone()),
        detail: Set(action.detail.clone()),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    tracing::info!(
        operator = action.operator,
        action = action.name,
        subject = action.subject,
        "audit"
    );
    Ok(())
}

/// Lists the newest entries, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(c: &impl ConnectionTrait, limit: u64) -> Result<Vec<AuditEntry>, DbErr> {
    Entity::find().order_by_desc(Column::Id).limit(limit).all(c).await
}

/// Creates the table.
///
/// # Errors
/// When the database fails.
pub async fn create_table(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(Entity)
        .col(pk_uuid(Column::Id))
        .col(big_integer(Column::AtMs))
        .col(string(Column::Operator))
        .col(string(Column::Action))
        .col(string(Column::Subject))
        .col(text(Column::Detail))
        .to_owned();
    manager.create_table(table).await
}
