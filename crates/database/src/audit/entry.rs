//! The table `audit_entries`.

use mayfly_types::AuditEntryId;
use sea_orm::entity::prelude::*;

/// An action of an operator.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entries")]
pub struct Model {
    /// Sorts by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEntryId,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// The name of the operator's token.
    pub operator: String,
    /// The use case.
    pub action: String,
    /// The id of the object, or its name if it has none.
    pub subject: String,
    /// The parameters.
    pub detail: String,
}

/// No relations.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
