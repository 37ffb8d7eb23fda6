//! `search_mail`

use mayfly_rpc::Failure;
use rmcp::schemars::JsonSchema;
use serde::Deserialize;

use super::{Answer, Call, page};
use crate::edge::search_query::understood;

pub(super) const DESCRIPTION: &str = "Finds mail by a query, newest first: of one mailbox, or of all mailboxes of the token. \
    A page can be empty while `next` is set: call again with it.";

/// What to find.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// The mailbox. Left out, all mailboxes of the token.
    mailbox_id: Option<String>,
    /// Words, and conditions such as `from:shop`, `subject:"your order"`, `has:code`, `after:1h`, `-is:read`.
    q: String,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// Finds mail.
///
/// # Errors
/// `InvalidQuery` for a query that is not understood; `NotFound` when the caller has no such mailbox.
pub(super) async fn run(call: Call<'_>, input: Input) -> Result<Answer, Failure> {
    let scope = page::scope(call, input.mailbox_id.as_deref())?;
    let query = understood(&input.q, "")?;
    let query = query.ok_or_else(|| Failure::invalid_request("q: is empty"))?;
    page::search(call, scope, query, input.cursor).await
}
