//! `POST /accounts`

use axum::{extract::State, http::StatusCode, response::Response};
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::mailtm::responses;
use crate::{
    app::{
        App,
        create_account::{Creation, NewAccount},
    },
    dialects::mailtm::{
        accept::Format,
        routes::body::RequiredFields,
        views::{account::Account, node},
    },
    edge::{
        auth::{MaybeProToken, ProPrincipal, needs::AccountsWrite},
        client_address::ClientAddress,
        failure::FailureResponse,
        password_permit::PasswordPermit,
    },
};

/// An address and a password, for the document.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct Credentials {
    /// Trimmed and lower-cased.
    address: String,
    /// 6 to 256 bytes.
    password: String,
}

/// Creates a mailbox; with a Pro API token it belongs to its user. The answer has no token: sign in.
#[utoipa::path(post, path = "/accounts", tag = "accounts", operation_id = "create_account", security((), ("pro" = ["accounts:write"])),
    request_body = Credentials,
    responses((status = 201, description = "The mailbox", content((Account = "application/json"), (Account = "application/ld+json"))), responses::Body, responses::MaybeBearer, responses::Violations, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    MaybeProToken(pro): MaybeProToken<AccountsWrite>,
    format: Format,
    client: ClientAddress,
    _permit: PasswordPermit,
    RequiredFields(mut fields): RequiredFields,
) -> Result<Response, FailureResponse> {
    let address = fields.text("address").unwrap_or_default();
    if address.trim().is_empty() {
        let message = "This value should not be blank.";
        return Err(Failure::new(ErrorCode::InvalidArgument, Reason::InvalidAddress, message).into());
    }
    let new = NewAccount {
        address: address.clone(),
        secret: fields.text("password").unwrap_or_default().into(),
        owner: pro.map(ProPrincipal::owner),
        client: client.0,
        proof: None,
        captcha: None,
        idempotency_key: None,
    };
    let created = app
        .create_account(new)
        .await
        .map_err(|failure| worded(failure, &address))?;
    let Creation::Created { account, .. } = created else {
        let message = "a proof of work is too easy, where none was sent";
        return Err(Failure::internal(message).into());
    };
    let account = Account::from(app.mailbox_of(&account.account_id).await?);
    Ok(node::object(format, StatusCode::CREATED, &account))
}

/// Words a failure as clients look for it.
fn worded(failure: Failure, address: &str) -> Failure {
    let message = match failure.reason {
        Reason::InvalidAddress => "This value is not a valid email address.".to_owned(),
        Reason::AddressTaken => "This value is already used.".to_owned(),
        Reason::InvalidDomain => {
            let domain = address.trim().rsplit('@').next().unwrap_or_default();
            format!("The domain \"{domain}\" is not valid.")
        }
        _ => return failure,
    };
    Failure { message, ..failure }
}
