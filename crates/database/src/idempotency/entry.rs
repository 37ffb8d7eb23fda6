//! The table `idempotency_keys`.
#![expect(unreachable_pub, reason = "sea-orm's derives make public types of it")]

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    pub fingerprint: Vec<u8>,
    /// Sealed for the id. Empty only inside the transaction of the call.
    pub sealed_answer: Vec<u8>,
    pub created_at_ms: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
