//! `GET /messages`

use axum::{extract::State, response::Response};

use crate::dialects::mailtm::responses::{self, MessagePage};
use crate::{
    app::App,
    dialects::mailtm::{
        accept::Format,
        views::{
            message::Owner,
            message_list::ListedMessage,
            node::{self, Listed, PAGE_SIZE},
        },
    },
    edge::{auth::MailboxPrincipal, failure::FailureResponse, page::Page},
};

/// Lists 30 messages, newest first. A page past the end is empty.
#[utoipa::path(get, path = "/messages", tag = "messages", operation_id = "list_messages", security(("mailbox" = [])),
    params(("page" = Option<String>, Query, description = "From 1; anything else is 1")),
    responses(MessagePage, responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: MailboxPrincipal,
    format: Format,
    Page(page): Page,
) -> Result<Response, FailureResponse> {
    let account_id = principal.account_id.clone();
    let (messages, totals) = app
        .list_messages_detailed(principal.scope(), page, PAGE_SIZE)
        .await?;
    let owner = Owner {
        account_id: &account_id,
        address: &totals.address,
    };
    let listed = Listed {
        path: "/messages",
        members: messages
            .iter()
            .map(|summary| ListedMessage { summary, owner })
            .collect(),
        total: totals.message_count,
        page,
    };
    Ok(node::collection(format, &listed))
}
