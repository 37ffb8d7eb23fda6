//! A part of a blob in the database.

use mayfly_types::BlobId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "blob_parts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub blob_id: BlobId,
    /// Counted from 0. All parts but the last have one length.
    #[sea_orm(primary_key, auto_increment = false)]
    pub part: i32,
    pub bytes: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
