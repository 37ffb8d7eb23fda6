//! `GET /pro/api/accounts/{id}/messages/{message_id}`

use axum::{Json, extract::State, response::Response};

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::message::Message,
    edge::{
        auth::{ProPrincipal, needs::MessagesRead},
        failure::FailureResponse,
        segments::Segments,
        whole_message,
    },
};

/// Shows a whole message of one of the user's mailboxes.
#[utoipa::path(get, path = "/accounts/{id}/messages/{message_id}", tag = "pro", operation_id = "get_account_message",
    security(("pro" = ["messages:read"])),
    params(("id" = String, Path, description = "The mailbox"),
        ("message_id" = String, Path, description = "The message")),
    responses((status = 200, body = Message, description = "The message"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<MessagesRead>,
    Segments((account_id, message_id)): Segments<(String, String)>,
) -> Result<Response, FailureResponse> {
    let message = app
        .open_message(principal.scope_of(account_id), message_id)
        .await?;
    whole_message::answer(&app, message, |message| Json(Message::from(message))).await
}
