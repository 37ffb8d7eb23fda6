//! `GET /api/messages/{id}/source`

use axum::{extract::State, response::Response};

use crate::dialects::shared::{download, responses, views::binary::Binary};
use crate::{
    app::App, edge::auth::MailboxPrincipal, edge::client_address::ClientAddress,
    edge::failure::FailureResponse, edge::segments::Segments,
};

/// Returns a message byte for byte as it was received.
#[utoipa::path(get, path = "/messages/{id}/source", tag = "messages", operation_id = "get_message_source",
    security(("mailbox" = [])), params(("id" = String, Path, description = "The message")),
    responses((status = 200, content_type = "message/rfc822", body = inline(Binary), description = "The message, byte for byte"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    client: ClientAddress,
    principal: MailboxPrincipal,
    Segments(message_id): Segments<String>,
) -> Result<Response, FailureResponse> {
    download::source(&app, principal.scope(), message_id, client).await
}
