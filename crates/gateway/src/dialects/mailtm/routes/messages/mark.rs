//! `PATCH /messages/{id}`

use axum::{extract::State, response::Response};
use mayfly_proto::mailbox::MarkMessageReadRequest;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::mailtm::responses;
use crate::{
    app::App,
    dialects::mailtm::{accept::Format, routes::body::Fields, views::message::Message},
    edge::{auth::MailboxPrincipal, failure::FailureResponse, segments::Segments},
};

/// The new mark, for the document.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct Mark {
    /// Absent means true.
    #[schema(nullable = false)]
    seen: Option<bool>,
}

/// Marks a message as read, or as unread.
#[utoipa::path(patch, path = "/messages/{id}", tag = "messages", operation_id = "mark_message", security(("mailbox" = [])),
    params(("id" = String, Path, description = "The message")), request_body = Option<Mark>,
    responses((status = 200, description = "The message", content((Message = "application/json"), (Message = "application/ld+json"))), responses::BearerAndBody, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
    format: Format,
    Segments(message_id): Segments<String>,
    mut fields: Fields,
) -> Result<Response, FailureResponse> {
    let is_seen = fields.bool("seen")?.unwrap_or(true);
    let account_id = principal.account_id.clone();
    let request = MarkMessageReadRequest {
        scope: Some(principal.scope()),
        message_id: message_id.clone(),
        claim_id: String::new(),
        is_unread: !is_seen,
    };
    app.mailbox().mark_message_read(request).await?;
    super::get::answer(app, MailboxPrincipal { account_id }, format, message_id).await
}
