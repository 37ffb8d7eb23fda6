//! A call to another service, or to the store of blobs, that a committed change requires.

use mayfly_types::OutboxEntryId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OutboxEntryId,
    pub kind: Kind,
    /// The mailbox, the Pro user, the sandbox or the blob, by the kind.
    #[sea_orm(column_name = "account_id")]
    pub subject_id: Uuid,
    pub attempts: i32,
    /// Also the claim: a worker first moves this past the time that its call can take.
    pub next_attempt_at_ms: i64,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// Delete the credential of the mailbox in `auth`.
    DeleteCredential = 0,
    /// Delete the Pro user in `auth`.
    DeleteUser = 1,
    /// Revoke the passwords of the sandbox in `auth`.
    RevokeSandbox = 2,
    /// Delete the blob.
    DeleteBlob = 3,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
