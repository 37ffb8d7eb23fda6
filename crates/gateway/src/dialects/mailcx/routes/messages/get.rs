//! `GET /api/messages/{id}`

use axum::{Json, extract::State, response::Response};

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::message::Message,
    edge::{auth::MailboxPrincipal, failure::FailureResponse, segments::Segments, whole_message},
};

/// Shows a whole message. Reading changes nothing.
#[utoipa::path(get, path = "/messages/{id}", tag = "messages", operation_id = "get_message",
    security(("mailbox" = [])), params(("id" = String, Path, description = "The message")),
    responses((status = 200, body = Message, description = "The message"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
    Segments(message_id): Segments<String>,
) -> Result<Response, FailureResponse> {
    let message = app.open_message(principal.scope(), message_id).await?;
    whole_message::answer(&app, message, |message| Json(Message::from(message))).await
}
