//! The bytes of a message and of its attachments.

use axum::response::Response;
use mayfly_proto::mailbox::Scope;
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};

use crate::{
    app::App,
    edge::{client_address::ClientAddress, download, failure::FailureResponse},
};

/// Answers with a message as it was received.
pub(crate) async fn source(
    app: &App,
    scope: Scope,
    message_id: String,
    client: ClientAddress,
) -> Result<Response, FailureResponse> {
    let source = app.download_source(scope, message_id, client.0).await?;
    Ok(download::source(source))
}

/// Answers with an attachment of a message.
pub(crate) async fn attachment(
    app: &App,
    scope: Scope,
    message_id: String,
    index: &str,
    client: ClientAddress,
) -> Result<Response, FailureResponse> {
    let is_number = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    let index = if is_number {
        index.parse().unwrap_or(u32::MAX)
    } else {
        return Err(Failure::new(
            ErrorCode::InvalidArgument,
            Reason::InvalidIndex,
            "no attachment has this index",
        )
        .into());
    };
    let (attachment, body) = app
        .download_attachment(scope, message_id, index, client.0)
        .await?;
    Ok(download::attachment(&attachment, body))
}
