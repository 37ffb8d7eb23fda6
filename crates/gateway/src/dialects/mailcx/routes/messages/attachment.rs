//! `GET /api/messages/{id}/attachments/{index}`: always a download, whatever type the mail declares.

use axum::{extract::State, response::Response};

use crate::dialects::shared::{download, responses, views::binary::Binary};
use crate::{
    app::App, edge::auth::MailboxPrincipal, edge::client_address::ClientAddress,
    edge::failure::FailureResponse, edge::segments::Segments,
};

/// Returns the decoded bytes of one attachment.
#[utoipa::path(get, path = "/messages/{id}/attachments/{index}", tag = "messages", operation_id = "get_attachment",
    security(("mailbox" = [])),
    params(("id" = String, Path, description = "The message"),
        ("index" = u32, Path, description = "The attachment's index, from 0")),
    responses((status = 200, content_type = "*/*", body = inline(Binary), description = "The decoded bytes, with the type that the mail declares"), responses::Bearer, responses::MissingMessage, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    client: ClientAddress,
    principal: MailboxPrincipal,
    Segments((message_id, index)): Segments<(String, String)>,
) -> Result<Response, FailureResponse> {
    download::attachment(&app, principal.scope(), message_id, &index, client).await
}
