//! `/v1/config` and `/v1/sessions/anon`

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    dialects::mailcx_v1::{credential::Caller, responses},
    edge::{auth::needs::AnyToken, failure::FailureResponse},
};

/// What clients should make: a subset of what is accepted.
const MIN_LENGTH: u32 = 2;
const MAX_LENGTH: u32 = 20;
const PATTERN: &str = "^[a-z0-9._-]+$";

/// The open domains, and the rules there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Config {
    system_domains: Vec<OpenDomain>,
    local_part_rules: LocalPartRules,
    /// How long mail is kept.
    ttl_seconds: i64,
}

/// A domain whose every address is an inbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenDomain {
    domain: String,
    default: bool,
}

/// The names before the `@` that clients should make.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LocalPartRules {
    min_length: u32,
    max_length: u32,
    pattern: &'static str,
    /// Names that receive no mail.
    reserved: Vec<String>,
}

/// Returns the open domains, and the rules there.
#[utoipa::path(get, path = "/config", tag = "inbox", operation_id = "get_config", security((), ("token" = [])),
    responses((status = 200, body = Config, description = "The configuration"), responses::Always))]
pub(crate) async fn config(
    State(app): State<App>,
    _caller: Caller<AnyToken>,
) -> Result<Json<Config>, FailureResponse> {
    let open = app.open_domains().await?;
    let domains = open.domains.into_iter().enumerate();
    Ok(Json(Config {
        system_domains: domains
            .map(|(index, domain)| OpenDomain {
                domain,
                default: index == 0,
            })
            .collect(),
        local_part_rules: LocalPartRules {
            min_length: MIN_LENGTH,
            max_length: MAX_LENGTH,
            pattern: PATTERN,
            reserved: open.reserved_local_parts,
        },
        ttl_seconds: open.retention_secs,
    }))
}

/// A token of an anonymous session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnonymousSession {
    /// Gives the same rights as none.
    token: String,
    /// Milliseconds since 1970.
    expires_at: i64,
}

/// Issues a token of an anonymous session, valid for a day.
#[utoipa::path(post, path = "/sessions/anon", tag = "inbox", operation_id = "create_anonymous_session", security((), ("token" = [])),
    responses((status = 201, body = AnonymousSession, description = "The token"), responses::Always))]
pub(crate) async fn create_anonymous(
    State(app): State<App>,
    _caller: Caller<AnyToken>,
) -> Result<(StatusCode, Json<AnonymousSession>), FailureResponse> {
    let issued = app.issue_anonymous_token().await?;
    let session = AnonymousSession {
        token: issued.token,
        expires_at: issued.expires_at.saturating_mul(1000),
    };
    Ok((StatusCode::CREATED, Json(session)))
}
