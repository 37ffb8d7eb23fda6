//! Domains, mailboxes and messages: their rules, their tables, their retention. Callers use its gRPC service,
//! in this process or in another. It never sees an HTTP header or an SMTP verb.

mod activity;
pub mod backup;
mod blobs;
mod block_list;
mod block_watch;
mod client_bytes;
mod clock_guard;
mod config;
mod delivery;
mod dns;
mod domain_checks;
mod error;
mod extraction;
mod index_queue;
mod indexer;
mod migrations;
mod model;
mod name_servers;
mod outbox;
mod rpc;
mod service;
mod storage;
mod store;
mod sweeper;

use std::sync::Arc;

use mayfly_database::{Database, DbErr, OpenError, idempotency::Answers};
use mayfly_proto::{
    auth::auth_client::AuthClient,
    mailbox::{
        mailbox_acme_server::MailboxAcmeServer, mailbox_admin_server::MailboxAdminServer,
        mailbox_server::MailboxServer,
    },
};
use mayfly_rpc::{MAX_MAIL_ANSWER_BYTES, MAX_MESSAGE_BYTES, Transport};
use mayfly_runtime::{admin::Readiness, fair::ComputePool, task::Tasks};
use mayfly_shared::bus::Publisher;
use mayfly_types::{DomainName, SecretKey, SharedClock};
use mayfly_webhooks::Webhooks;
use tokio::sync::Notify;

use service::Service;
use store::Store;

pub use blobs::Config as BlobsConfig;
pub use config::{Config, Dnssec};
pub use mayfly_webhooks::{Config as WebhooksConfig, Network};
pub use rpc::{AcmeRpc, AdminRpc, Rpc};

/// The dependencies of the service.
#[derive(Debug)]
pub struct Deps {
    /// The database of this service alone.
    pub database: Database,
    /// The auth service, which deletes the credentials of deleted mailboxes.
    pub auth: Transport,
    /// The system domains; the first is the default.
    pub domains: Vec<DomainName>,
    /// Publishes stored messages.
    pub events: Publisher,
    /// The host that the MX records of custom domains must name.
    pub mx_hostname: String,
    /// Where large messages are stored.
    pub blobs: BlobsConfig,
    /// Restrictions on the targets of webhooks.
    pub webhooks: WebhooksConfig,
    /// Keys that seal webhook secrets, idempotency answers and the key of the fleet's certificate: all open, the first seals.
    pub data_keys: Vec<SecretKey>,
    /// The clock.
    pub clock: SharedClock,
    /// Runs the background tasks.
    pub tasks: Tasks,
}

/// The running service.
#[derive(Debug)]
pub struct Mailbox {
    service: Arc<Service>,
}

/// Synchronises the system domains with the configuration and starts the background tasks.
///
/// # Errors
/// When this version does not know the schema and cannot migrate it.
pub async fn build(config: &Config, deps: Deps) -> Result<Mailbox, OpenError> {
    deps.database.prepare::<migrations::Migrator>().await?;
    let store = Store::new(deps.database, Answers::new(&deps.data_keys), deps.tasks.clone());
    let now = deps.clock.now();
    let (system_domains, domains) = (deps.domains.clone(), deps.domains);
    store
        .database()
        .tx("sync_domains", move |tx| {
            let domains = domains.clone();
            Box::pin(async move { store::domains::sync(tx, &domains, now).await })
        })
        .await
        .map_err(|error: DbErr| store.database().failed(error))?;
    report_reserved_names(config, &store, &system_domains)
        .await
        .map_err(|error| store.database().failed(error))?;
    let open_domains = open_domains(config, &store)
        .await
        .map_err(|error| store.database().failed(error))?;
    let expiry = clock_guard::ClockGuard::start(deps.clock.clone(), &store)
        .await
        .map_err(|error| store.database().failed(error))?;
    let outbox = Arc::new(Notify::new());
    let blobs = Arc::new(blobs::Blobs::open(
        &deps.blobs,
        &store,
        deps.clock.clone(),
        &deps.tasks,
    )?);
    blobs.claim().await?;
    blobs::start_owner_checks(&blobs, &deps.tasks);
    let worker = outbox::Worker {
        database: store.database().clone(),
        blobs: Arc::clone(&blobs),
        auth: AuthClient::new(deps.auth),
        clock: deps.clock.clone(),
        wake: outbox.clone(),
    };
    worker.start(&deps.tasks);
    let limits = mayfly_webhooks::Limits {
        max_webhooks: config.max_webhooks,
        max_pending_events: config.max_waiting_events,
    };
    let acme_keys = service::AcmeKeys::new(&deps.data_keys);
    let webhook_deps = mayfly_webhooks::Deps {
        database: store.database().clone(),
        answers: store.answers().clone(),
        lock_owner: |tx, owner| Box::pin(store::owners::lock(tx, owner)),
        dns: name_servers::name_servers(&config.dns_servers.0),
        data_keys: deps.data_keys,
        clock: deps.clock.clone(),
        tasks: deps.tasks.clone(),
    };
    let webhooks = Arc::new(Webhooks::start(deps.webhooks, limits, webhook_deps));
    let blocks = block_watch::BlockWatch::start(&store, deps.clock.clone(), &deps.tasks);
    let blocks = blocks.await.map_err(|error| store.database().failed(error))?;
    let storage = storage::StorageGuard::start(&store, config, &deps.tasks);
    let index_queue = Arc::new(index_queue::IndexQueue::default());
    let service = Arc::new(Service {
        config: config.clone(),
        deliveries: delivery::DeliveryQueue::start(
            &store,
            deps.events.clone(),
            deps.clock.clone(),
            webhooks.clone(),
            storage.clone(),
            index_queue.clone(),
            &deps.tasks,
        ),
        storage,
        domains: system_domains,
        open_domains,
        dns: dns::Dns::new(&config.dns_servers.0, config.dnssec.clone(), deps.mx_hostname),
        blobs,
        activity: activity::Activity::start(&store, deps.clock.clone(), &deps.tasks),
        blocks,
        large_reads: service::LargeReads::default(),
        parsers: ComputePool::start("parser"),
        recomputed: extraction::Recomputed::default(),
        acme_keys,
        index_queue,
        store,
        clock: deps.clock,
        expiry,
        outbox,
        webhooks,
        events: deps.events,
    });
    sweeper::start(service.clone(), &deps.tasks);
    sweeper::start_for_blobs(&service, &deps.tasks);
    indexer::start(&service, &deps.tasks);
    domain_checks::start(service.clone(), &deps.tasks);
    Ok(Mailbox { service })
}

/// Returns the open domains. One that a user has verified stays with that user: its mail would become public.
async fn open_domains(config: &Config, store: &Store) -> Result<Vec<DomainName>, DbErr> {
    let mut open = Vec::new();
    for domain in &config.open_domains.0 {
        let name = domain.clone();
        let verified = store.database().read("find_verified_domain", |c| {
            Box::pin(async move { store::custom_domains::find_verified(c, name.as_str()).await })
        });
        match verified.await? {
            None => open.push(domain.clone()),
            Some(_) => tracing::error!(
                %domain,
                "a domain of mailbox.open_domains is the verified domain of a user, so it is not open"
            ),
        }
    }
    Ok(open)
}

/// Warns of mailboxes whose names are reserved by now: their owners can pose as the operator.
async fn report_reserved_names(config: &Config, store: &Store, domains: &[DomainName]) -> Result<(), DbErr> {
    for domain in domains {
        let names = config.reserved_local_parts.0.iter();
        let addresses: Vec<String> = names
            .map(|name| format!("{}@{domain}", name.to_ascii_lowercase()))
            .collect();
        if addresses.is_empty() {
            continue;
        }
        let read = store.database().read("list_reserved_names", |c| {
            Box::pin(store::mailboxes::list_active_addresses(c, addresses))
        });
        let found: Vec<String> = read.await?;
        if !found.is_empty() {
            let names: Vec<&str> = found
                .iter()
                .filter_map(|address| Some(address.split_once('@')?.0))
                .collect();
            tracing::warn!(
                names = names.join(", "),
                %domain,
                "mailboxes have names of mailbox.reserved_local_parts; delete those that are not yours"
            );
        }
    }
    Ok(())
}

/// Migrates the database of the service.
///
/// # Errors
/// When a migration fails, or the database has one that this version does not know.
pub async fn migrate(database: &Database) -> Result<(), OpenError> {
    database.migrate::<migrations::Migrator>().await
}

impl Mailbox {
    /// Returns the gRPC server, for `runtime::grpc::local` or a listener.
    #[must_use]
    pub fn server(&self) -> MailboxServer<Rpc> {
        MailboxServer::new(Rpc(self.service.clone()))
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MAIL_ANSWER_BYTES)
    }

    /// Returns the gRPC server of what operators do.
    #[must_use]
    pub fn admin_server(&self) -> MailboxAdminServer<AdminRpc> {
        MailboxAdminServer::new(AdminRpc(self.service.clone()))
    }

    /// Returns the gRPC server of what the edges of a fleet share for automatic HTTPS.
    #[must_use]
    pub fn acme_server(&self) -> MailboxAcmeServer<AcmeRpc> {
        MailboxAcmeServer::new(AcmeRpc(self.service.clone())).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// Adds the checks of the dependencies that this service requires.
    pub fn add_checks(&self, readiness: &mut Readiness) {
        let database = self.service.store.database().clone();
        readiness.add("mailbox database", move || {
            let database = database.clone();
            async move { database.ping().await }
        });
        let expiry = self.service.expiry.clone();
        readiness.add_notice("mailbox clock", move || expiry.check());
        let storage = Arc::clone(&self.service.storage);
        readiness.add_notice("mailbox storage", move || storage.report());
        let blobs = Arc::clone(&self.service.blobs);
        readiness.add_notice("mailbox blobs", move || blobs.report());
    }

    /// Runs the sweeper once. Errors are logged.
    pub async fn sweep(&self) {
        if let Err(error) = sweeper::sweep(&self.service).await {
            tracing::warn!(%error, "cannot sweep");
        }
    }

    /// Removes blobs that no message names, once. Errors are logged.
    pub async fn sweep_blobs(&self) {
        if let Err(error) = self.service.blobs.sweep(&self.service.store).await {
            tracing::warn!(%error, "cannot sweep blobs");
        }
    }

    /// Checks the verified domains that are due, once. Errors are logged.
    pub async fn check_domains(&self) {
        if let Err(error) = domain_checks::check(&self.service).await {
            tracing::warn!(%error, "cannot check domains");
        }
    }

    /// Closes the database, once the tasks have ended.
    pub async fn close(&self) {
        self.service.store.database().close().await;
    }
}
