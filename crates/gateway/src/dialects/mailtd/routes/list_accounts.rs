//! `GET /api/user/accounts`, with a cursor.

use axum::{
    Json,
    extract::{RawQuery, State},
};
use mayfly_proto::mailbox::{ListMailboxesRequest, MailboxInfo};
use mayfly_rpc::Failure;
use mayfly_types::AccountId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    dialects::shared::{responses, views::account::Account},
    edge::{
        auth::{ProPrincipal, needs::AccountsRead},
        failure::FailureResponse,
    },
};

/// Mailboxes on a page: most clients ask for one page only.
const PAGE_SIZE: u32 = 1000;

/// A page of a Pro user's mailboxes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountPage {
    accounts: Vec<Account>,
    /// The cursor of the next page; empty on the last.
    next_cursor: String,
}

/// Lists the user's mailboxes, up to 1000 on a page.
#[utoipa::path(get, path = "/accounts", tag = "user", operation_id = "list_accounts", security(("pro" = ["accounts:read"])),
    params(("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before; empty counts as absent")),
    responses((status = 200, body = AccountPage, description = "A page of mailboxes"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    pro: ProPrincipal<AccountsRead>,
    RawQuery(query): RawQuery,
) -> Result<Json<AccountPage>, FailureResponse> {
    let (owner_user_id, limited_owner) = pro.owner().into_fields();
    let request = ListMailboxesRequest {
        owner_user_id,
        limited_owner,
        after_account_id: cursor(query.as_deref().unwrap_or_default())?,
        // One more than fits tells whether another page follows.
        limit: PAGE_SIZE + 1,
    };
    let answer = app.mailbox().list_mailboxes(request).await?.into_inner();
    Ok(Json(page(answer.mailboxes, PAGE_SIZE as usize)))
}

/// Reads the cursor, which is the id of the last mailbox of the page before.
fn cursor(query: &str) -> Result<Option<String>, Failure> {
    let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "cursor");
    let Some((_, cursor)) = found.filter(|(_, cursor)| !cursor.is_empty()) else {
        return Ok(None);
    };
    let id: Result<AccountId, _> = cursor.parse();
    let id = id.map_err(|_| Failure::invalid_request("cursor: is not the next_cursor of a page"))?;
    Ok(Some(id.to_string()))
}

fn page(mut mailboxes: Vec<MailboxInfo>, size: usize) -> AccountPage {
    let has_more = mailboxes.len() > size;
    mailboxes.truncate(size);
    let last = mailboxes.last().filter(|_| has_more);
    AccountPage {
        next_cursor: last.map_or_else(String::new, |last| last.account_id.clone()),
        accounts: mailboxes.into_iter().map(Into::into).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_names_its_last_mailbox_if_more_follow() {
        let mailboxes = |count: usize| {
            let mailbox = |n: usize| MailboxInfo {
                account_id: n.to_string(),
                ..MailboxInfo::default()
            };
            (0..count).map(mailbox).collect::<Vec<_>>()
        };
        for (count, shown, next) in [(0, 0, ""), (2, 2, ""), (3, 2, "1")] {
            let page = page(mailboxes(count), 2);
            assert_eq!((page.accounts.len(), page.next_cursor.as_str()), (shown, next));
        }
    }
}
