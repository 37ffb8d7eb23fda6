//! The API of operators on the admin listener. It owns no rule: the services decide and write the audit log.

mod accounts;
mod blocks;
mod domains;
mod export;
mod failure;
mod guard;
mod reports;
mod tokens;
mod users;
mod webhooks;

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{delete, get, post, put},
};
use mayfly_proto::{
    auth::{auth_admin_client::AuthAdminClient, auth_client::AuthClient},
    mailbox::mailbox_admin_client::MailboxAdminClient,
};
use mayfly_rpc::{Failure, Transport};
use tokio::sync::Semaphore;

pub use tokens::Tokens;

use failure::Rejection;

/// Exports at one time: each is in memory.
const MAX_EXPORTS: usize = 1;

/// The services behind the routes.
#[derive(Debug, Clone)]
struct Services {
    auth: AuthAdminClient<Transport>,
    users: AuthClient<Transport>,
    mailbox: MailboxAdminClient<Transport>,
    exports: Arc<Semaphore>,
}

/// Returns the routes of `/admin/api`, over `Auth`, `AuthAdmin` and `MailboxAdmin`.
pub fn router(tokens: Tokens, users: Transport, auth: Transport, mailbox: Transport) -> Router {
    let services = Services {
        users: AuthClient::new(users),
        auth: AuthAdminClient::new(auth),
        mailbox: MailboxAdminClient::new(mailbox),
        exports: Arc::new(Semaphore::new(MAX_EXPORTS)),
    };
    let api = Router::new()
        .route("/statistics", get(reports::statistics))
        .route("/audit", get(reports::audit))
        .route("/users", get(users::list).post(users::invite))
        .route("/users/{id}", delete(users::delete))
        .route("/users/{id}/password", post(users::reset_password))
        .route("/users/{id}/suspend", post(users::suspend))
        .route("/users/{id}/resume", post(users::resume))
        .route("/users/{id}/webhooks", get(webhooks::list))
        .route("/webhooks/{id}/pause", post(webhooks::pause))
        .route("/webhooks/{id}/resume", post(webhooks::resume))
        .route("/accounts", get(accounts::find))
        .route("/accounts/{id}", delete(accounts::delete))
        .route("/accounts/{id}/suspend", post(accounts::suspend))
        .route("/accounts/{id}/resume", post(accounts::resume))
        .route("/accounts/{id}/export", get(export::export))
        .route("/domains", get(domains::list))
        .route("/domains/{domain}", put(domains::set))
        .route("/blocks", get(blocks::list).put(blocks::put))
        .route("/blocks/{id}", delete(blocks::delete))
        .fallback(|| async { Rejection(Failure::not_found()) })
        .layer(middleware::from_fn_with_state(
            Arc::new(tokens),
            guard::authenticate,
        ))
        .layer(middleware::from_fn(guard::check_host))
        .with_state(services);
    Router::new().nest("/admin/api", api)
}
