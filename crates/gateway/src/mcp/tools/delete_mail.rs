//! `delete_mail`

use mayfly_proto::mailbox::DeleteMessageRequest;
use mayfly_rpc::Failure;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Call};

pub(super) const DESCRIPTION: &str = "Deletes a message for good.";

/// The message.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    message_id: String,
}

/// What was deleted.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Output {
    deleted_message_id: String,
}

/// Deletes a message.
///
/// # Errors
/// `NotFound` when the caller has no such message.
pub(super) async fn run(call: Call<'_>, input: Input) -> Result<Answer, Failure> {
    let request = DeleteMessageRequest {
        scope: Some(call.caller.messages()?),
        message_id: input.message_id.clone(),
    };
    call.app.mailbox().delete_message(request).await?;
    Answer::of(&Output {
        deleted_message_id: input.message_id,
    })
}
