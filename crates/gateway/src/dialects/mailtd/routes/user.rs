//! `/api/user`: the routes that differ from `/pro/api`. The others are the same handlers.

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::account::{NewSecret, delete_reported};
use crate::{
    app::App,
    dialects::{
        mailtd::account::{Account, OwnedAccount},
        shared::{
            responses, secret,
            views::{
                account::PasswordReset,
                message::{MessagePage, PAGE_SIZE},
                pro::{EmailAndPassword, ProMe, ProSignedIn},
            },
        },
    },
    edge::{
        auth::{
            ProPrincipal,
            needs::{AccountsWrite, MessagesRead, WholeUser},
        },
        client_address::ClientAddress,
        failure::FailureResponse,
        json::JsonBody,
        page::Page,
        password_permit::PasswordPermit,
    },
};

/// A quota of operations that no user reaches: there is none.
const OPS_LIMIT: i64 = 1_000_000_000;

/// The Pro user, with the keys that clients of every age need.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserMe {
    #[serde(flatten)]
    me: ProMe,
    /// Mails received in this calendar month, in UTC.
    ops_used: i64,
    /// Always 1000000000: there is no such quota.
    ops_limit: i64,
    /// Always false.
    downgraded: bool,
}

/// Returns the Pro user.
#[utoipa::path(get, path = "/me", tag = "user", operation_id = "get_user", security(("pro" = [])),
    responses((status = 200, body = UserMe, description = "The Pro user"), responses::Bearer, responses::Always))]
pub(crate) async fn me(
    State(app): State<App>,
    principal: ProPrincipal<WholeUser>,
) -> Result<Json<UserMe>, FailureResponse> {
    let (user, received) = tokio::try_join!(
        app.get_user(principal.pro.user_id.clone()),
        app.count_received_this_month(principal.pro.user_id)
    )?;
    Ok(Json(UserMe {
        me: user.into(),
        ops_used: received,
        ops_limit: OPS_LIMIT,
        downgraded: false,
    }))
}

/// A Pro user and a token for them, with the state of an account that is paid for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserSignedIn {
    #[serde(flatten)]
    user: ProSignedIn,
    plan: &'static str,
    status: &'static str,
    /// Always false.
    downgraded: bool,
}

impl UserSignedIn {
    fn new(user: ProSignedIn) -> Self {
        Self {
            user,
            plan: "pro",
            status: "active",
            downgraded: false,
        }
    }
}

/// Registers a Pro user.
#[utoipa::path(post, path = "/register", tag = "user", operation_id = "register", request_body = EmailAndPassword,
    responses((status = 201, body = UserSignedIn, description = "The Pro user and a token"), responses::JsonBody, responses::NewUser, responses::Always))]
pub(crate) async fn register(
    State(app): State<App>,
    client: ClientAddress,
    _permit: PasswordPermit,
    JsonBody(body): JsonBody<EmailAndPassword>,
) -> Result<(StatusCode, Json<UserSignedIn>), FailureResponse> {
    let user = app.register_user(body.email, body.password, client.0).await?;
    Ok((StatusCode::CREATED, Json(UserSignedIn::new(user.into()))))
}

/// Signs in as a Pro user.
#[utoipa::path(post, path = "/login", tag = "user", operation_id = "login", request_body = EmailAndPassword,
    responses((status = 200, body = UserSignedIn, description = "The Pro user and a token"), responses::JsonBody, responses::Password, responses::Always))]
pub(crate) async fn login(
    State(app): State<App>,
    client: ClientAddress,
    _permit: PasswordPermit,
    JsonBody(body): JsonBody<EmailAndPassword>,
) -> Result<Json<UserSignedIn>, FailureResponse> {
    let user = app.sign_in_user(body.email, body.password, client.0).await?;
    Ok(Json(UserSignedIn::new(user.into())))
}

/// Deletes one of the user's mailboxes.
#[utoipa::path(delete, path = "/accounts/{account}", tag = "user", operation_id = "delete_user_account",
    security(("pro" = ["accounts:write"])), params(("account" = String, Path, description = "The mailbox's id or address")),
    responses((status = 204, description = "The mailbox is gone"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn delete_account(
    State(app): State<App>,
    OwnedAccount(account): OwnedAccount<AccountsWrite>,
) -> Result<StatusCode, FailureResponse> {
    delete_reported(&app, account).await
}

/// Sets a mailbox's password; every older token of the mailbox stops working.
#[utoipa::path(put, path = "/accounts/{account}/reset-password", tag = "user", operation_id = "reset_user_account_password",
    security(("pro" = ["accounts:write"])), params(("account" = String, Path, description = "The mailbox's id or address")), request_body = NewSecret,
    responses((status = 200, body = PasswordReset, description = "The password is set"), responses::JsonBody, responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn reset_password(
    State(app): State<App>,
    OwnedAccount(Account { scope, .. }): OwnedAccount<AccountsWrite>,
    _permit: PasswordPermit,
    JsonBody(body): JsonBody<NewSecret>,
) -> Result<Json<PasswordReset>, FailureResponse> {
    let secret = secret::secret(&app, body.password, body.auth_key.as_ref())?;
    app.reset_password(scope, secret).await?;
    Ok(Json(PasswordReset::DONE))
}

/// Lists 30 messages of one of the user's mailboxes, newest first.
#[utoipa::path(get, path = "/accounts/{account}/messages", tag = "user", operation_id = "list_user_account_messages",
    security(("pro" = ["messages:read"])),
    params(("account" = String, Path, description = "The mailbox's id or address"),
        ("page" = Option<String>, Query, description = "From 1; anything else is 1")),
    responses((status = 200, body = MessagePage, description = "A page of messages"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn list_messages(
    State(app): State<App>,
    OwnedAccount(Account { scope, .. }): OwnedAccount<MessagesRead>,
    Page(page): Page,
) -> Result<Json<MessagePage>, FailureResponse> {
    let messages = app.list_messages(scope, page, PAGE_SIZE).await?;
    Ok(Json(MessagePage::new(messages, page)))
}
