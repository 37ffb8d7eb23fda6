//! Events: the JSON body that receivers get. It is made once and sent unchanged by every attempt.

use std::sync::Arc;

use mayfly_database::{DatabaseTransaction, DbErr};
use mayfly_runtime::telemetry;
use mayfly_search::Query;
use mayfly_types::{
    AccountId, MessageId, OwnerAccess, TokenLimits, UserId, WebhookEventId, WebhookId, rfc3339, unix_millis,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tracing::Span;

use crate::store::{
    entities::{webhook::Model, webhook_event},
    events, webhooks,
};

/// The only event type.
pub const EVENT_TYPE: &str = "email.received";

/// Returns the id of an event as receivers know it.
#[must_use]
pub fn event_name(id: WebhookEventId) -> String {
    format!("evt_{id}")
}

/// A message that a mailbox of a Pro user received.
#[derive(Debug, Clone)]
pub struct MessageReceived<'a> {
    /// The Pro user who owns the mailbox.
    pub owner: UserId,
    /// The message.
    pub message_id: MessageId,
    /// The mailbox.
    pub account_id: AccountId,
    /// The address of the mailbox.
    pub address: &'a str,
    /// The `From` header field.
    pub from: Option<&'a str>,
    /// The envelope sender.
    pub sender: &'a str,
    /// The decoded subject.
    pub subject: Option<&'a str>,
    /// The beginning of the text.
    pub preview_text: &'a str,
    /// The codes and links in it: a JSON object of two arrays, `None` without any.
    pub findings: Option<&'a str>,
    /// The size of the raw message.
    pub size_bytes: i64,
    /// The span that received it. Attempts link to its trace.
    pub span: Option<&'a Span>,
}

/// The messages of a call of [`insert_events`] as filters of webhooks see them.
pub trait FilteredMessages: Send {
    /// Returns whether a message fulfils a query. The message is named by its index.
    ///
    /// # Errors
    /// When the database fails.
    fn fulfils(&mut self, index: usize, query: &Query) -> impl Future<Output = Result<bool, DbErr>> + Send;

    /// Returns whether the mailbox of a message is a Pro user's and within the limits of a token. The message is named by its index.
    ///
    /// # Errors
    /// When the database fails.
    fn is_within(
        &mut self,
        index: usize,
        owner: &OwnerAccess,
    ) -> impl Future<Output = Result<bool, DbErr>> + Send;
}

/// Inserts the events of messages, in the transaction that stores the messages. Without an active webhook this costs one query,
/// and without a message nothing. Only a webhook with a filter asks whether messages fulfil it.
///
/// # Errors
/// When the database fails.
pub async fn insert_events(
    tx: &DatabaseTransaction,
    received: &[MessageReceived<'_>],
    filtered: &mut impl FilteredMessages,
    now: OffsetDateTime,
) -> Result<(), DbErr> {
    let mut owners: Vec<UserId> = received.iter().map(|message| message.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    if owners.is_empty() {
        return Ok(());
    }
    let webhooks = webhooks::list_active(tx, &owners).await?;
    let webhooks: Vec<_> = webhooks
        .into_iter()
        .filter_map(|row| Filter::of(row, now))
        .collect();
    let mut new_events = Vec::new();
    for (index, message) in received.iter().enumerate() {
        let mut wanted_by = Vec::new();
        for filter in &webhooks {
            if filter.webhook.owner_user_id == message.owner && filter.admits(index, filtered).await? {
                wanted_by.push(filter.webhook.id);
            }
        }
        if wanted_by.is_empty() {
            continue;
        }
        let traceparent = message.span.and_then(traceparent_of);
        let data = EventData::of(message, now);
        let events = wanted_by
            .into_iter()
            .map(|webhook| new_event(webhook, &data, traceparent.clone(), now));
        new_events.extend(events);
    }
    events::insert(tx, new_events).await
}

/// What the messages of a webhook have in common, read once for all messages of a call.
struct Filter {
    webhook: Model,
    query: Option<Query>,
    /// The limits of the token that created it.
    owner: Option<OwnerAccess>,
}

impl Filter {
    /// Returns `None` for limits that are not understood: a message too few is better than one that the token must not see.
    fn of(webhook: Model, now: OffsetDateTime) -> Option<Self> {
        let limits = webhook.limits.as_deref().map(serde_json::from_str).transpose();
        let limits: Option<TokenLimits> = limits
            .inspect_err(|error| {
                tracing::warn!(webhook_id = %webhook.id, %error, "the limits of a webhook are not understood");
            })
            .ok()?;
        let owner = limits.map(|limits| OwnerAccess {
            user: webhook.owner_user_id,
            limits: Some(Arc::new(limits)),
        });
        Some(Self {
            query: query_of(&webhook, now),
            webhook,
            owner,
        })
    }

    async fn admits(&self, index: usize, filtered: &mut impl FilteredMessages) -> Result<bool, DbErr> {
        if let Some(owner) = &self.owner
            && !filtered.is_within(index, owner).await?
        {
            return Ok(false);
        }
        match &self.query {
            None => Ok(true),
            Some(query) => filtered.fulfils(index, query).await,
        }
    }
}

fn query_of(webhook: &Model, now: OffsetDateTime) -> Option<Query> {
    match Query::parse(webhook.filter.as_deref()?, now) {
        Ok(query) => Some(query),
        // Another version stored it. An event too many is better than a lost one.
        Err(error) => {
            tracing::warn!(webhook_id = %webhook.id, %error, "the filter of a webhook is not understood");
            None
        }
    }
}

fn traceparent_of(span: &Span) -> Option<String> {
    let mut headers = http::HeaderMap::new();
    telemetry::inject(span, &mut headers);
    let value = headers.get("traceparent")?.to_str().ok()?;
    Some(value.to_owned())
}

#[derive(Serialize)]
struct Envelope<'a> {
    id: String,
    r#type: &'static str,
    created_at: String,
    data: &'a EventData<'a>,
}

/// The `data` of an event, as PRO.md documents it.
#[derive(Debug, Serialize)]
struct EventData<'a> {
    email_id: String,
    account_id: String,
    address: &'a str,
    from: Option<&'a str>,
    sender: &'a str,
    subject: Option<&'a str>,
    preview_text: &'a str,
    #[serde(flatten)]
    findings: Findings,
    size: i64,
    created_at: String,
}

/// The codes and links of a message, in the form of the API.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Findings {
    codes: Vec<serde_json::Value>,
    links: Vec<serde_json::Value>,
}

impl Findings {
    /// Reads the JSON of the owner of the message. What is not in that form is left out.
    fn of(json: Option<&str>) -> Self {
        json.and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default()
    }
}

impl<'a> EventData<'a> {
    fn of(message: &MessageReceived<'a>, now: OffsetDateTime) -> Self {
        Self {
            email_id: message.message_id.to_string(),
            account_id: message.account_id.to_string(),
            address: message.address,
            from: message.from,
            sender: message.sender,
            subject: message.subject,
            preview_text: message.preview_text,
            findings: Findings::of(message.findings),
            size: message.size_bytes,
            created_at: rfc3339(now.unix_timestamp()),
        }
    }
}

/// Makes a sample event that no message caused, due now.
pub(crate) fn sample_event(webhook: WebhookId, owner: UserId, now: OffsetDateTime) -> webhook_event::Model {
    let message = MessageReceived {
        owner,
        message_id: MessageId::new(now),
        account_id: AccountId::new(now),
        address: "sample@mayfly.test",
        from: Some("Mayfly <sample@mayfly.test>"),
        sender: "sample@mayfly.test",
        subject: Some("A sample event"),
        preview_text: "This mail never was.",
        findings: None,
        size_bytes: 0,
        span: None,
    };
    new_event(webhook, &EventData::of(&message, now), None, now)
}

/// Makes an event for a webhook, due now.
fn new_event(
    webhook: WebhookId,
    data: &EventData<'_>,
    traceparent: Option<String>,
    now: OffsetDateTime,
) -> webhook_event::Model {
    let id = WebhookEventId::new(now);
    let envelope = Envelope {
        id: event_name(id),
        r#type: EVENT_TYPE,
        created_at: rfc3339(now.unix_timestamp()),
        data,
    };
    webhook_event::Model {
        id,
        webhook_id: webhook,
        // Strings and numbers always serialize.
        body: serde_json::to_string(&envelope).unwrap_or_default(),
        traceparent,
        attempts: 0,
        next_attempt_at_ms: Some(unix_millis(now)),
    }
}
