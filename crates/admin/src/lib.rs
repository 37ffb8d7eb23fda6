//! The API of operators, on the admin listener and for the dashboard. It owns no rule: the services decide and write the audit log.

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

use std::{sync::Arc, time::Duration};

use axum::{
    Router, middleware,
    routing::{delete, get, post, put},
};
use mayfly_proto::{
    auth::{AuthorizeOperatorRequest, auth_admin_client::AuthAdminClient, auth_client::AuthClient},
    mailbox::mailbox_admin_client::MailboxAdminClient,
};
use mayfly_rpc::{Failure, Transport};
use mayfly_types::{ErrorCode, Reason};
use tokio::sync::Semaphore;

pub use guard::Operator;
pub use tokens::Tokens;

use failure::Rejection;

/// Exports at one time: each is in memory.
const MAX_EXPORTS: usize = 1;
/// As the validation of other tokens.
const AUTHORIZE_TIMEOUT: Duration = Duration::from_secs(1);

/// The services behind the routes.
#[derive(Debug, Clone)]
pub struct Services {
    auth: AuthAdminClient<Transport>,
    users: AuthClient<Transport>,
    mailbox: MailboxAdminClient<Transport>,
    exports: Arc<Semaphore>,
}

impl Services {
    /// Over `Auth`, `AuthAdmin` and `MailboxAdmin`. Clones share the bound of exports.
    #[must_use]
    pub fn new(users: Transport, auth: Transport, mailbox: Transport) -> Self {
        Self {
            users: AuthClient::new(users),
            auth: AuthAdminClient::new(auth),
            mailbox: MailboxAdminClient::new(mailbox),
            exports: Arc::new(Semaphore::new(MAX_EXPORTS)),
        }
    }

    /// Returns the operator of a bearer token: a session of a user with the role admin.
    ///
    /// # Errors
    /// `NotFound` for a valid token of any other principal; as `ValidateToken` for an invalid one.
    pub async fn authorize(&self, token: &str) -> Result<Operator, Failure> {
        let mut request = tonic::Request::new(AuthorizeOperatorRequest {
            token: token.to_owned(),
        });
        request.set_timeout(AUTHORIZE_TIMEOUT);
        let authorized = self.auth.clone().authorize_operator(request).await?;
        Ok(Operator::user(&authorized.into_inner().user_id))
    }
}

/// Returns the routes of the admin listener, `/admin/api`, for the tokens of a file.
pub fn router(tokens: Tokens, services: Services) -> Router {
    let api = routes()
        .route("/users/{id}/role", put(users::set_role))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(
            Arc::new(tokens),
            guard::authenticate,
        ))
        .layer(middleware::from_fn(guard::check_host))
        .with_state(services);
    Router::new().nest("/admin/api", api)
}

/// Returns the routes for sessions in the dashboard, which can do everything but give or take roles. The caller puts them behind
/// [`Services::authorize`], and the [`Operator`] into the extensions of every request.
pub fn session_routes(services: Services) -> Router {
    routes()
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(services)
}

fn routes() -> Router<Services> {
    Router::new()
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
}

async fn method_not_allowed() -> Rejection {
    let message = "this path has other methods: see Allow";
    let (code, reason) = (ErrorCode::InvalidArgument, Reason::MethodNotAllowed);
    Rejection(Failure::new(code, reason, message))
}
