//! `GET /sources/{id}`

use axum::{extract::State, http::StatusCode, response::Response};
use http_body_util::BodyExt;
use mayfly_rpc::Failure;

use crate::dialects::mailtm::responses;
use crate::{
    app::App,
    dialects::mailtm::{
        accept::Format,
        views::{node, source::Source},
    },
    edge::{
        auth::MailboxPrincipal, client_address::ClientAddress, failure::FailureResponse, segments::Segments,
    },
};

/// A larger message is not found here: its source is held in memory. It can be downloaded.
const MAX_SOURCE_BYTES: i64 = 10 << 20;

/// Returns a message as it was received, in JSON. A message larger than 10 MiB can only be downloaded.
#[utoipa::path(get, path = "/sources/{id}", tag = "messages", operation_id = "get_source", security(("mailbox" = [])),
    params(("id" = String, Path, description = "The message")),
    responses((status = 200, description = "The source", content((Source = "application/json"), (Source = "application/ld+json"))), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    client: ClientAddress,
    principal: MailboxPrincipal,
    format: Format,
    Segments(message_id): Segments<String>,
) -> Result<Response, FailureResponse> {
    let id = message_id.to_ascii_lowercase();
    let source = app
        .download_source(principal.scope(), message_id, client.0)
        .await?;
    if source.size_bytes > MAX_SOURCE_BYTES {
        return Err(Failure::not_found().into());
    }
    let bytes = source.body.collect().await;
    let bytes = bytes.map_err(|_| Failure::unavailable("a source could not be read to its end"))?;
    let data = String::from_utf8_lossy(&bytes.to_bytes()).into_owned();
    Ok(node::object(format, StatusCode::OK, &Source::new(id, data)))
}
