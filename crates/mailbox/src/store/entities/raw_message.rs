//! The bytes of a delivery as received or the id of their blob, and the codes and links in it. Its recipients share them.

use mayfly_types::{BlobId, RawMessageId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "raw_messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RawMessageId,
    /// The version that extracted the codes and links.
    pub extracted_version: i16,
    /// The codes and links as JSON; null when there are none. They belong here and not to `messages`: a list never reads
    /// them, and the recipients of a delivery share them.
    pub extracted: Option<String>,
    /// The blob that has the bytes; `bytes` is empty then.
    pub blob_id: Option<BlobId>,
    pub bytes: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
