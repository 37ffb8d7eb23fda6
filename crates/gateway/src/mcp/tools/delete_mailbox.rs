//! `delete_mailbox`

use mayfly_proto::mailbox::DeleteMailboxRequest;
use mayfly_rpc::Failure;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Call};

pub(super) const DESCRIPTION: &str =
    "Deletes a mailbox with all its mail for good. Its address cannot be used again.";

/// The mailbox.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    mailbox_id: String,
}

/// What was deleted.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Output {
    deleted_mailbox_id: String,
}

/// Deletes a mailbox.
///
/// # Errors
/// `NotFound` when the caller has no such mailbox.
pub(super) async fn run(call: Call<'_>, input: Input) -> Result<Answer, Failure> {
    let request = DeleteMailboxRequest {
        scope: Some(call.caller.mailbox(Some(&input.mailbox_id))?),
    };
    call.app.mailbox().delete_mailbox(request).await?;
    if let Some(changer) = call.caller.changer() {
        let account_id = input.mailbox_id.clone();
        call.app
            .report_change(changer, "mailbox.deleted", account_id)
            .await;
    }
    Answer::of(&Output {
        deleted_mailbox_id: input.mailbox_id,
    })
}
