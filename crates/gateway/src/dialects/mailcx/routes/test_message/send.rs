//! `POST /api/test-message` and `POST /pro/api/accounts/{id}/test-message`

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::mailbox::Scope;
use serde::Serialize;
use utoipa::ToSchema;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    edge::auth::{MailboxPrincipal, ProPrincipal, needs::MessagesWrite},
    edge::failure::FailureResponse,
    edge::segments::Segments,
};

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
pub(crate) async fn of_mailbox(
    State(app): State<App>,
    principal: MailboxPrincipal,
) -> Result<(StatusCode, Json<DeliveredMessage>), FailureResponse> {
    send(&app, principal.scope()).await
}

/// Delivers a message with a code and a link to one of the user's mailboxes or sandboxes. It is stored as received mail is.
/// Nothing is sent over SMTP.
#[utoipa::path(post, path = "/accounts/{id}/test-message", tag = "pro", operation_id = "send_account_test_message", security(("pro" = ["messages:write"])),
    params(("id" = String, Path, description = "The mailbox")),
    responses((status = 201, body = DeliveredMessage, description = "The message is in the mailbox"), responses::Bearer, responses::FullMailbox, responses::Missing, responses::Always))]
pub(crate) async fn of_user(
    State(app): State<App>,
    principal: ProPrincipal<MessagesWrite>,
    Segments(account_id): Segments<String>,
) -> Result<(StatusCode, Json<DeliveredMessage>), FailureResponse> {
    send(&app, principal.scope_of(account_id)).await
}

async fn send(app: &App, scope: Scope) -> Result<(StatusCode, Json<DeliveredMessage>), FailureResponse> {
    let id = app.send_test_message(scope).await?;
    Ok((StatusCode::CREATED, Json(DeliveredMessage { id })))
}
