//! `POST /api/tickets`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_rpc::Failure;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::dialects::shared::responses;
use crate::{
    app::{App, tickets::Purpose},
    dialects::shared::views::timestamp,
    edge::{
        auth::{AnyPrincipal, needs::MessagesRead},
        client_address::ClientAddress,
        failure::FailureResponse,
        json::JsonBody,
    },
};

/// What a ticket is for.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewTicket {
    /// `events`, or `message`.
    #[schema(pattern = "^(events|message)$")]
    r#for: String,
    /// The message, for `message`.
    #[schema(format = Uuid)]
    id: Option<String>,
}

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ticket {
    /// Send it as `?ticket=`, once.
    ticket: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Issues a ticket: valid once, for 30 seconds, for its purpose, and no longer than the token that requests it.
#[utoipa::path(post, path = "/tickets", tag = "tickets", operation_id = "create_ticket",
    security(("mailbox" = []), ("pro" = ["messages:read"])), request_body = NewTicket,
    responses((status = 201, body = Ticket, description = "The ticket"), responses::JsonBody, responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    client: ClientAddress,
    caller: AnyPrincipal<MessagesRead>,
    JsonBody(new): JsonBody<NewTicket>,
) -> Result<(StatusCode, Json<Ticket>), FailureResponse> {
    let purpose = match (new.r#for.as_str(), new.id) {
        ("events", _) => Purpose::Events,
        ("message", Some(message_id)) => Purpose::Message(message_id),
        ("message", None) => return Err(Failure::invalid_request("id: is missing").into()),
        _ => return Err(Failure::invalid_request("for: must be events or message").into()),
    };
    let issued = app
        .issue_ticket(caller.principal, &caller.bearer, &purpose, client.0)
        .await?;
    let ticket = Ticket {
        ticket: issued.ticket,
        expires_at: timestamp(issued.expires_at.unix_timestamp()),
    };
    Ok((StatusCode::CREATED, Json(ticket)))
}
