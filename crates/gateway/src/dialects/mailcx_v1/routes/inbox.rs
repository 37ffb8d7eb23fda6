//! `/v1/inbox`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_rpc::Failure;
use mayfly_types::{Address, ErrorCode, Reason, random_bytes, unix_millis};
use serde::{Deserialize, Serialize};
use time::Duration;
use utoipa::ToSchema;

use crate::{
    app::{
        App,
        inbox::{check_open, invalid_address},
    },
    dialects::mailcx_v1::{credential::Caller, responses},
    edge::{
        auth::needs::{AnyToken, MessagesWrite},
        failure::FailureResponse,
        json::OptionalJsonBody,
        segments::Segments,
    },
};

/// The inbox to name. An empty body is one without fields.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct NewInbox {
    /// Without it a random name is made.
    local_part: Option<String>,
    /// An open domain; without it the default one.
    domain: Option<String>,
}

/// An address, which anybody can read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NamedInbox {
    address: String,
    /// Milliseconds since 1970: when mail that comes now is gone.
    expires_at: i64,
}

/// Names an address of an open domain. It reserves nothing: the address was an inbox before.
#[utoipa::path(post, path = "/inbox", tag = "inbox", operation_id = "create_inbox", security((), ("token" = [])),
    request_body = NewInbox,
    responses((status = 201, body = NamedInbox, description = "The address"), responses::JsonBody, responses::Always))]
pub(crate) async fn create(
    State(app): State<App>,
    _caller: Caller<AnyToken>,
    OptionalJsonBody(new): OptionalJsonBody<NewInbox>,
) -> Result<(StatusCode, Json<NamedInbox>), FailureResponse> {
    let open = app.open_domains().await?;
    let domain = match &new.domain {
        Some(domain) => {
            let domain = domain.trim().to_ascii_lowercase();
            open.domains.iter().find(|open| **open == domain)
        }
        None => open.domains.first(),
    };
    let domain = domain.ok_or_else(|| {
        let message = "domain: is not open";
        Failure::new(ErrorCode::InvalidArgument, Reason::InvalidDomain, message)
    })?;
    // 40 random bits.
    let random = || hex::encode(random_bytes::<5>());
    let local_part = new.local_part.unwrap_or_else(random);
    let address: Address = format!("{local_part}@{domain}")
        .parse()
        .map_err(invalid_address)?;
    check_open(&address, &open)?;
    let expires_at = app.clock.now() + Duration::seconds(open.retention_secs);
    let inbox = NamedInbox {
        address: address.to_string(),
        expires_at: unix_millis(expires_at),
    };
    Ok((StatusCode::CREATED, Json(inbox)))
}

/// Deletes every mail of an inbox. Repeating it succeeds.
#[utoipa::path(delete, path = "/inbox/{address}", tag = "inbox", operation_id = "clear_inbox", security((), ("token" = ["messages:write"])),
    params(("address" = String, Path, description = "The address")),
    responses((status = 204, description = "The mail is gone"), responses::Inbox, responses::Always))]
pub(crate) async fn clear(
    State(app): State<App>,
    caller: Caller<MessagesWrite>,
    Segments(address): Segments<String>,
) -> Result<StatusCode, FailureResponse> {
    let inbox = app.inbox(&address, caller.owner()).await?;
    app.clear_inbox(inbox).await?;
    Ok(StatusCode::NO_CONTENT)
}
