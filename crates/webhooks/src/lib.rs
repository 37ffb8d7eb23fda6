//! Webhooks: events for Pro users, signed and posted to their URLs, with retries. A library of the mailbox service, on the same
//! database. It knows neither gRPC nor mailboxes: the service passes what it received, and calls the use cases.

mod attempt_outcome;
mod backlog;
mod config;
mod dispatcher;
mod error;
mod event;
mod migrations;
mod receiver_health;
mod retry_schedule;
mod scheduler;
mod secret;
mod service;
mod ssrf_guard;
mod store;

pub use config::Config;
pub use error::Error;
pub use event::{EVENT_TYPE, FilteredMessages, MessageReceived, event_name, insert_events};
pub use migrations::migrations;
pub use secret::{SealedSecrets, count_sealed};
pub use service::{
    Deps, Limits, LockOwner, Webhooks,
    create_webhook::CreatedWebhook,
    delete_webhook::delete_webhooks_of,
    list_webhook_deliveries::Attempt,
    list_webhooks::{Webhook, WebhookStatus},
    operator::{OperatedWebhook, WebhookCounts, set_webhooks_suspended},
    sweep::Sweep,
};
pub use ssrf_guard::Network;
