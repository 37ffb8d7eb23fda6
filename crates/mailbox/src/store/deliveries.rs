//! Storing deliveries: many in one transaction, many rows in one statement.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    ConnectionTrait, DbErr, EntityTrait,
};

use super::{Message, entities::message};

/// Rows of one statement: SQLite binds at most 32,766 values.
const MESSAGE_ROWS: usize = 256;

/// Inserts messages.
pub(crate) async fn insert_messages(c: &impl ConnectionTrait, rows: Vec<Message>) -> Result<(), DbErr> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk = rows.by_ref().take(MESSAGE_ROWS).map(|row| message::ActiveModel {
            account_id: Set(row.account_id),
            id: Set(row.id),
            raw_id: Set(row.raw_id),
            sender: Set(row.sender),
            from_header: Set(row.from_header),
            subject: Set(row.subject),
            preview_text: Set(row.preview_text),
            size_bytes: Set(row.size_bytes),
            is_read: Set(row.is_read),
            read_claim: NotSet,
            created_at_ms: Set(row.created_at_ms),
            parse_status: Set(row.parse_status),
            has_attachments: Set(row.has_attachments),
            addresses: Set(row.addresses),
            envelope_to: Set(row.envelope_to),
            envelope_origin: Set(row.envelope_origin),
        });
        message::Entity::insert_many(chunk)
            .exec_without_returning(c)
            .await?;
    }
    Ok(())
}
