//! The use cases, one per file, named like their RPCs. The parts that they share are here.

pub(crate) mod create_webhook;
pub(crate) mod delete_webhook;
pub(crate) mod list_webhook_deliveries;
pub(crate) mod list_webhooks;
pub(crate) mod operator;
mod replay_webhook_delivery;
mod rotate_webhook_secret;
pub(crate) mod sweep;
mod test_webhook;
pub(crate) mod update_webhook;

use std::sync::Arc;

use hickory_resolver::config::ResolverConfig;
use mayfly_database::{
    Database, DatabaseTransaction, DbErr, Work,
    idempotency::{Answers, Call},
};
use mayfly_runtime::task::Tasks;
use mayfly_types::{OwnerAccess, SecretKey, SharedClock, UserId};
use tokio::sync::Notify;

use crate::{
    backlog::Backlog,
    config::Config,
    dispatcher::Dispatcher,
    error::Error,
    secret::Secrets,
    ssrf_guard::{GuardedClient, Rules},
    store::{
        Store,
        entities::webhook::{Model, State},
    },
};

/// Locks a Pro user until the transaction ends, so that concurrent calls count exactly. Returns false if the user is deleted.
pub type LockOwner = for<'c> fn(&'c DatabaseTransaction, UserId) -> Work<'c, bool, DbErr>;

/// Bounds of each Pro user and webhook.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Webhooks of one Pro user.
    pub max_webhooks: u32,
    /// Pending events of one webhook. A webhook with more fails.
    pub max_pending_events: u32,
}

/// What the mailbox service provides.
#[derive(Debug)]
pub struct Deps {
    /// The service's database, whose schema includes [`crate::migrations`].
    pub database: Arc<Database>,
    /// The store of idempotent answers.
    pub answers: Arc<Answers>,
    /// The lock on a Pro user.
    pub lock_owner: LockOwner,
    /// The DNS servers that resolve receivers.
    pub dns: ResolverConfig,
    /// The keys that seal secrets: every key opens, the first seals.
    pub data_keys: Vec<SecretKey>,
    /// The time.
    pub clock: SharedClock,
    /// Where background tasks run.
    pub tasks: Tasks,
}

/// The webhooks of all Pro users.
#[derive(Debug)]
pub struct Webhooks {
    limits: Limits,
    store: Store,
    lock_owner: LockOwner,
    clock: SharedClock,
    client: GuardedClient,
    secrets: Arc<Secrets>,
    /// Wakes the dispatcher.
    wake: Arc<Notify>,
    backlog: Backlog,
}

impl Webhooks {
    /// Creates the webhooks and starts their dispatcher.
    #[must_use]
    pub fn start(config: Config, limits: Limits, deps: Deps) -> Self {
        let rules = Rules {
            allowed_networks: config.allowed_networks.0,
            denied_networks: config.denied_networks.0,
            allow_http: config.allow_http,
        };
        let client = GuardedClient::new(rules, deps.dns);
        let secrets = Arc::new(Secrets::new(&deps.data_keys));
        let wake = Arc::new(Notify::new());
        let dispatcher = Dispatcher {
            database: deps.database.clone(),
            clock: deps.clock.clone(),
            client: client.clone(),
            secrets: secrets.clone(),
            wake: wake.clone(),
            tasks: deps.tasks.clone(),
        };
        dispatcher.start();
        Self {
            limits,
            store: Store::new(deps.database, deps.answers, deps.tasks),
            lock_owner: deps.lock_owner,
            clock: deps.clock,
            client,
            secrets,
            wake,
            backlog: Backlog::observed(),
        }
    }

    /// Wakes the dispatcher: events were committed.
    pub fn wake(&self) {
        self.wake.notify_one();
    }
}

/// Identifies a call by its key. A token with limits has keys of its own: it gets no answer to a call of another token.
fn call(owner: &OwnerAccess, operation: &str, key: &str, fields: &[&str]) -> Call {
    let key = match owner.creator() {
        Some(origin) => format!("{origin} {key}"),
        None => key.to_owned(),
    };
    Call::new(operation, owner.user, &key, fields)
}

/// Returns an error unless a webhook exists and is active: a failed one sends nothing, so it accepts no event.
fn ensure_active(found: Option<Model>) -> Result<(), Error> {
    match found.ok_or(Error::NotFound)?.state {
        State::Active => Ok(()),
        State::Failed => Err(Error::WebhookFailed),
    }
}
