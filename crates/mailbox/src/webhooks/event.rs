//! What a webhook is told: JSON that is made once, and sent as it is however often.

use mayfly_types::{AccountId, EventId, MessageId};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use crate::store::{Message, entities::webhook_event, millis};

/// The one event that there is.
pub(crate) const EVENT_TYPE: &str = "email.received";

/// Returns the id of an event as receivers know it.
pub(crate) fn event_name(id: Uuid) -> String {
    format!("evt_{}", EventId::from_uuid(id))
}

#[derive(Serialize)]
struct Envelope<'a> {
    id: String,
    r#type: &'static str,
    created_at: String,
    data: &'a NewEmail,
}

/// A mail that has arrived.
#[derive(Debug, Serialize)]
pub(crate) struct NewEmail {
    email_id: String,
    account_id: String,
    address: String,
    from: Option<String>,
    sender: String,
    subject: Option<String>,
    preview_text: String,
    size: i64,
    created_at: String,
}

impl NewEmail {
    /// Tells of a message.
    pub(crate) fn of(message: &Message, address: &str) -> Self {
        let id = MessageId::from_uuid(message.id);
        Self {
            email_id: id.to_string(),
            account_id: AccountId::from_uuid(message.account_id).to_string(),
            address: address.to_owned(),
            from: message.from_header.clone(),
            sender: message.sender.clone(),
            subject: message.subject.clone(),
            preview_text: message.preview_text.clone(),
            size: message.size_bytes,
            created_at: timestamp(message.created_at_ms),
        }
    }

    /// A mail that never was, to try a receiver with.
    pub(crate) fn sample(now: OffsetDateTime) -> Self {
        Self {
            email_id: MessageId::new(now).to_string(),
            account_id: AccountId::new(now).to_string(),
            address: "sample@mayfly.test".to_owned(),
            from: Some("Mayfly <sample@mayfly.test>".to_owned()),
            sender: "sample@mayfly.test".to_owned(),
            subject: Some("A sample event".to_owned()),
            preview_text: "This mail never was.".to_owned(),
            size: 0,
            created_at: timestamp(millis(now)),
        }
    }
}

/// Makes an event for a webhook, due at once.
pub(crate) fn new_event(
    webhook: Uuid,
    email: &NewEmail,
    traceparent: Option<String>,
    now: OffsetDateTime,
) -> webhook_event::Model {
    let id = EventId::new(now).as_uuid();
    let envelope = Envelope {
        id: event_name(id),
        r#type: EVENT_TYPE,
        created_at: timestamp(millis(now)),
        data: email,
    };
    webhook_event::Model {
        id,
        webhook_id: webhook,
        // Strings and numbers always have a JSON.
        body: serde_json::to_string(&envelope).unwrap_or_default(),
        traceparent,
        attempts: 0,
        next_attempt_at_ms: Some(millis(now)),
    }
}

fn timestamp(millis: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(millis.div_euclid(1000));
    time.unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .format(&Rfc3339)
        .unwrap_or_default()
}
