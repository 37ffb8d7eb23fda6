//! `GET /messages/{id}`

use axum::{extract::State, http::StatusCode, response::Response};

use crate::dialects::mailtm::responses;
use crate::{
    app::App,
    dialects::mailtm::{
        accept::Format,
        views::{message::Message, node},
    },
    edge::{auth::MailboxPrincipal, failure::FailureResponse, segments::Segments, whole_message},
};

/// Returns a whole message. Reading does not mark it.
#[utoipa::path(get, path = "/messages/{id}", tag = "messages", operation_id = "get_message", security(("mailbox" = [])),
    params(("id" = String, Path, description = "The message")),
    responses((status = 200, description = "The message", content((Message = "application/json"), (Message = "application/ld+json"))), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
    format: Format,
    Segments(message_id): Segments<String>,
) -> Result<Response, FailureResponse> {
    answer(app, principal, format, message_id).await
}

/// Answers with a whole message.
pub(super) async fn answer(
    app: App,
    principal: MailboxPrincipal,
    format: Format,
    message_id: String,
) -> Result<Response, FailureResponse> {
    let account_id = principal.account_id.clone();
    let message = app.open_message_with_text(principal.scope(), message_id).await?;
    whole_message::answer(&app, message, move |message| {
        node::object(format, StatusCode::OK, &Message::new(message, &account_id))
    })
    .await
}
