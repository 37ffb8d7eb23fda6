//! `GET /messages/{id}/attachment/{attachment_id}`: always a download, whatever type the mail declares.

use axum::{extract::State, response::Response};
use mayfly_rpc::Failure;

use crate::dialects::mailtm::responses::{self, Binary};
use crate::{
    app::App,
    dialects::mailtm::views::message::attachment_index,
    edge::{
        auth::MailboxPrincipal, client_address::ClientAddress, download, failure::FailureResponse,
        segments::Segments,
    },
};

/// Returns the decoded bytes of one attachment.
#[utoipa::path(get, path = "/messages/{id}/attachment/{attachment_id}", tag = "messages", operation_id = "download_attachment", security(("mailbox" = [])),
    params(("id" = String, Path, description = "The message"),
        ("attachment_id" = String, Path, description = "`ATTACH` and six digits")),
    responses((status = 200, content_type = "*/*", body = inline(Binary), description = "The decoded bytes, with the type that the mail declares"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    client: ClientAddress,
    principal: MailboxPrincipal,
    Segments((message_id, attachment_id)): Segments<(String, String)>,
) -> Result<Response, FailureResponse> {
    let index = attachment_index(&attachment_id).ok_or_else(Failure::not_found)?;
    let (attachment, body) = app
        .download_attachment(principal.scope(), message_id, index, client.0)
        .await?;
    Ok(download::attachment(&attachment, body))
}
