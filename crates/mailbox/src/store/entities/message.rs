//! What is known of a message without reading it. Its bytes are in `raw_messages`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub raw_id: Uuid,
    pub sender: String,
    pub from_header: Option<String>,
    pub subject: Option<String>,
    pub preview_text: String,
    pub size_bytes: i64,
    pub is_read: bool,
    pub created_at_ms: i64,
    pub parse_status: ParseStatus,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum ParseStatus {
    /// Read whole.
    Parsed = 0,
    /// Beyond the bounds of depth, parts or header size: only the top headers were read.
    Truncated = 1,
    /// The parser broke on it; the bytes are whole all the same.
    Failed = 2,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::mailbox::Entity",
        from = "Column::AccountId",
        to = "super::mailbox::Column::Id"
    )]
    Mailbox,
}

impl Related<super::mailbox::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Mailbox.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
