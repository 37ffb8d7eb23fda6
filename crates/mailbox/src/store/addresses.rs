//! The stored form of the addresses in the header of a mail: a JSON column of `messages`.

use mayfly_mime::Addresses;
use mayfly_types::{AccountId, MessageId};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};

use super::entities::message::{Column, Entity};
use crate::error::Error;

/// Encodes addresses.
pub(crate) fn encode(addresses: &Addresses) -> Result<String, Error> {
    serde_json::to_string(addresses).map_err(|_| Error::Defect("addresses cannot be encoded"))
}

/// Decodes addresses; `None` when they are not stored, or cannot be parsed.
pub(crate) fn decode(stored: Option<&str>) -> Option<Addresses> {
    serde_json::from_str(stored?).ok()
}

/// What is read of a mail that an earlier version stored.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) id: MessageId,
    /// As encoded.
    pub(crate) addresses: String,
    pub(crate) has_attachments: Option<bool>,
}

/// Stores what was read of a mail.
pub(crate) async fn store(c: &impl ConnectionTrait, account: AccountId, read: Read) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Addresses, Expr::value(read.addresses))
        .col_expr(Column::HasAttachments, Expr::value(read.has_attachments))
        .filter(Column::AccountId.eq(account))
        .filter(Column::Id.eq(read.id))
        .exec(c)
        .await
        .map(drop)
}
