//! Credentials: passwords of mailboxes and Pro users, JWTs, Pro API tokens, and their revocation.
//! `rpc` → `service` (one use case per file) → `model`, `store`, `token_cache`, `hash_pool`. See the README.

mod audit_log;
pub mod backup;
mod config;
mod error;
mod hash_pool;
mod last_used;
mod migrations;
mod model;
mod revocation_metrics;
mod rpc;
mod service;
mod store;
mod sweeper;
mod token_cache;

use std::{path::PathBuf, sync::Arc};

use mayfly_database::{Database, OpenError, idempotency::Answers};
use mayfly_proto::auth::{auth_admin_server::AuthAdminServer, auth_server::AuthServer};
use mayfly_runtime::{admin::Readiness, task::Tasks, telemetry::meter};
use mayfly_shared::redis::Redis;
use mayfly_types::{SecretKey, SharedClock};

use crate::{
    audit_log::AuditLog, hash_pool::HashPool, last_used::LastUsed, migrations::Migrator, model::jwt::KeyRing,
    revocation_metrics::RevocationMetrics, service::Service, store::Store, token_cache::TokenCache,
};
pub use crate::{
    config::{Config, Registration},
    rpc::{AdminRpc, Rpc},
};

/// How many subjects, and how many tokens, are cached in memory at most.
const MAX_CACHED: u64 = 100_000;

/// What the service depends on.
#[derive(Debug)]
pub struct Deps {
    /// Its own database.
    pub database: Database,
    /// The Redis that the processes of this service share, if there are several.
    pub redis: Option<Redis>,
    /// The keys of JWTs: all verify, the first signs.
    pub signing_keys: Vec<SecretKey>,
    /// The time.
    pub clock: SharedClock,
    /// Runs background tasks, and changes whose caller has disconnected.
    pub tasks: Tasks,
}

/// The running service.
pub struct Auth {
    service: Arc<Service>,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth")
    }
}

/// Migrates the service's database to the current schema.
///
/// # Errors
/// When a migration fails, or the database has a migration that this version does not know.
pub async fn migrate(database: &Database) -> Result<(), OpenError> {
    database.migrate::<Migrator>().await
}

/// Starts the service.
///
/// # Errors
/// When the database's schema is unknown and cannot be migrated, or no thread can be started.
pub async fn build(config: &Config, deps: Deps) -> Result<Auth, OpenError> {
    deps.database.prepare::<Migrator>().await?;
    let hash_pool =
        HashPool::start(config.hash_workers, config.hash_queue).map_err(|error| OpenError::Io {
            path: PathBuf::from("a hashing thread"),
            error,
        })?;
    let is_shared = deps.database.is_shared();
    let store = Arc::new(Store::new(deps.database, Answers::new(&deps.signing_keys)));
    let validations = meter()
        .u64_counter("auth.token.validations")
        .with_description("Bearer tokens by kind, and why they were refused")
        .build();
    let tasks = deps.tasks.clone();
    let last_used = LastUsed::start(Arc::clone(&store), &deps.tasks);
    last_used.start_flushing(deps.clock.clone(), &deps.tasks);
    let service = Arc::new(Service {
        last_used,
        audit_log: AuditLog::start(Arc::clone(&store), &deps.tasks),
        store,
        keys: KeyRing::new(&deps.signing_keys),
        hash_pool,
        generations: TokenCache::new(is_shared, deps.redis.clone(), MAX_CACHED),
        tokens: TokenCache::new(is_shared, deps.redis.clone(), MAX_CACHED),
        sandbox_credentials: TokenCache::new(is_shared, deps.redis, MAX_CACHED),
        clock: deps.clock,
        tasks: deps.tasks,
        registration: config.registration,
        max_tokens: config.max_tokens,
        max_token_life: config.longest_token_life(),
        keeps_keys: config.mailtd_keys,
        validations,
        revocation_metrics: RevocationMetrics::new(),
    });
    sweeper::start(Arc::clone(&service), &tasks);
    Ok(Auth { service })
}

impl Auth {
    /// Returns the generated server, for the local transport or a listener.
    #[must_use]
    pub fn server(&self) -> AuthServer<Rpc> {
        AuthServer::new(Rpc(Arc::clone(&self.service)))
    }

    /// Returns the generated server of what operators do.
    #[must_use]
    pub fn admin_server(&self) -> AuthAdminServer<AdminRpc> {
        AuthAdminServer::new(AdminRpc(Arc::clone(&self.service)))
    }

    /// Adds the checks of the service's dependencies.
    pub fn add_checks(&self, readiness: &mut Readiness) {
        let store = Arc::clone(&self.service.store);
        readiness.add("auth database", move || {
            let store = Arc::clone(&store);
            async move { store.ping().await }
        });
    }

    /// Removes expired rows now, as the sweeper does every few minutes. Errors are logged.
    pub async fn sweep(&self) {
        if let Err(error) = sweeper::sweep(&self.service).await {
            tracing::warn!(%error, "cannot sweep");
        }
    }

    /// Ends the hashing threads and closes the database. Later calls fail as unavailable.
    pub async fn close(&self) {
        self.service.hash_pool.close();
        self.service.store.close().await;
    }
}
