//! `list_mail`

use mayfly_proto::mailbox::MessageReceived;
use mayfly_rpc::Failure;
use rmcp::schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Answer, Call,
    page::{self, Page},
};
use crate::{
    app::zoned_query::ZonedQuery, dialects::shared::views::message::PAGE_SIZE, mcp::caller::account_id,
};

pub(super) const DESCRIPTION: &str =
    "Lists mail, newest first: of one mailbox, or of all mailboxes of the token.";

/// Whose mail to list.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// The mailbox. Left out, all mailboxes of the token.
    mailbox_id: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// Lists mail. The first page of a mailbox is the one that the other APIs serve, often from memory; later ones begin behind a message, so
/// that mail that arrives meanwhile moves nothing.
///
/// # Errors
/// `NotFound` when the caller has no such mailbox.
pub(super) async fn run(call: Call<'_>, input: Input) -> Result<Answer, Failure> {
    let scope = page::scope(call, input.mailbox_id.as_deref())?;
    let is_first_page = input.cursor.is_none() && page::is_one_mailbox(&scope);
    if !is_first_page {
        let everything = ZonedQuery {
            text: "*".to_owned(),
            time_zone: String::new(),
        };
        return page::search(call, scope, everything, input.cursor).await;
    }
    let account_id = account_id(&scope)?;
    let summaries = call.app.list_messages(scope, 1, PAGE_SIZE).await?;
    let is_full = summaries.len() == PAGE_SIZE as usize;
    let last = summaries.last().filter(|_| is_full);
    let next = last.map(|message| message.message_id.clone());
    let in_mailbox = |summary| MessageReceived {
        summary: Some(summary),
        account_id: account_id.clone(),
        ..MessageReceived::default()
    };
    let messages = summaries.into_iter().map(in_mailbox).collect();
    Answer::of(&Page::new(messages, next))
}
