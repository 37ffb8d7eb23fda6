//! The metadata of a message. Its bytes are in `raw_messages`.

use mayfly_types::{AccountId, MessageId, RawMessageId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    pub raw_id: RawMessageId,
    pub sender: String,
    pub from_header: Option<String>,
    pub subject: Option<String>,
    pub preview_text: String,
    pub size_bytes: i64,
    pub is_read: bool,
    /// The call that marked it, so that a repetition of that call gets the same answer.
    pub read_claim: Option<String>,
    pub created_at_ms: i64,
    pub parse_status: ParseStatus,
    /// Null where not all of the mail was read, and for mail that was stored before the column existed.
    pub has_attachments: Option<bool>,
    /// JSON of [`mayfly_mime::Addresses`]. Null for mail that was stored before the column existed, until it is listed.
    pub addresses: Option<String>,
    /// The recipients of a message in a sandbox, as in RCPT, as a JSON array.
    pub envelope_to: Option<String>,
    /// The client that sent it, as JSON.
    pub envelope_origin: Option<String>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum ParseStatus {
    /// All of it was read.
    Parsed = 0,
    /// The mail exceeds a bound of depth, parts or header size. What is within them was read.
    Truncated = 1,
    /// The parser panicked. The raw bytes are complete.
    Failed = 2,
}

impl From<mayfly_mime::ParseStatus> for ParseStatus {
    fn from(status: mayfly_mime::ParseStatus) -> Self {
        match status {
            mayfly_mime::ParseStatus::Parsed => Self::Parsed,
            mayfly_mime::ParseStatus::Truncated => Self::Truncated,
            mayfly_mime::ParseStatus::Failed => Self::Failed,
        }
    }
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
