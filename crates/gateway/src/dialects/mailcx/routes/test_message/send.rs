//! `POST /api/test-message`

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::dialects::shared::responses;
use crate::{app::App, edge::auth::MailboxPrincipal, edge::failure::FailureResponse};

/// A message that was delivered.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveredMessage {
    #[schema(format = Uuid)]
    id: String,
}

/// Delivers a message with a code and a link to the mailbox that asks. It is stored as received mail is, and streams, waits
/// and webhooks report it. Nothing is sent over SMTP.
#[utoipa::path(post, path = "/test-message", tag = "messages", operation_id = "send_test_message", security(("mailbox" = [])),
    responses((status = 201, body = DeliveredMessage, description = "The message is in the mailbox"), responses::Bearer, responses::FullMailbox, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
) -> Result<(StatusCode, Json<DeliveredMessage>), FailureResponse> {
    let id = app.send_test_message(principal.scope()).await?;
    Ok((StatusCode::CREATED, Json(DeliveredMessage { id })))
}
