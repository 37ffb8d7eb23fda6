//! The newest time that the service has seen, in its only row.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "clock_marks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i16,
    /// The newest time that is trusted.
    pub trusted_ms: i64,
    /// What the clock said then.
    pub seen_ms: i64,
    /// What the clock said when it first was too far ahead; `None` while it is trusted.
    pub suspect_since_ms: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
