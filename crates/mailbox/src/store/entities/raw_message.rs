//! The bytes of a delivery as received and what was found in it, shared by its recipients.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "raw_messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub bytes: Vec<u8>,
    /// The codes and links as JSON; null when there are none. They belong here and not to `messages`: a list never reads
    /// them, and the recipients of a delivery share them.
    pub findings: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
