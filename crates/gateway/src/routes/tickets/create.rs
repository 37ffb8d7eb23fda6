//! `POST /api/tickets`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::mailbox::CheckMessageRequest;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::{AnyPrincipal, reading_scope},
    error::ApiError,
    json::JsonBody,
    state::Gateway,
    tickets::{LIFE, Purpose},
    views::timestamp,
};

/// What a ticket is for.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewTicket {
    /// `events`, or `message`.
    r#for: String,
    /// The message, for `message`.
    id: Option<String>,
}

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ticket {
    /// Rides as `?ticket=`, once.
    ticket: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Makes a ticket: good once, for 30 seconds, for what it is for, and no longer than the token that asks for it.
#[utoipa::path(post, path = "/tickets", tag = "tickets", operation_id = "create_ticket",
    security(("mailbox" = []), ("pro" = [])), request_body = NewTicket,
    responses((status = 201, body = Ticket)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    caller: AnyPrincipal,
    JsonBody(new): JsonBody<NewTicket>,
) -> Result<(StatusCode, Json<Ticket>), ApiError> {
    let purpose = match (new.r#for.as_str(), new.id) {
        ("events", _) => Purpose::Events,
        ("message", Some(message_id)) => {
            let request = CheckMessageRequest {
                scope: Some(reading_scope(caller.principal)),
                message_id: message_id.clone(),
            };
            gateway.mailbox().check_message(request).await?;
            Purpose::Message(message_id)
        }
        ("message", None) => return Err(ApiError::invalid_request("id: is missing")),
        _ => return Err(ApiError::invalid_request("for: must be events or message")),
    };
    // Taken first: a ticket is never told to be good for longer than it is.
    let expires_at = gateway.clock.now() + LIFE;
    let ticket = gateway
        .tickets
        .issue(caller.bearer.expose_secret(), &purpose)
        .await?;
    let expires_at = timestamp(expires_at.unix_timestamp());
    Ok((StatusCode::CREATED, Json(Ticket { ticket, expires_at })))
}
