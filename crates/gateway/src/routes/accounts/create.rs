//! `POST /api/accounts`: reserve the address, store the credential, activate the mailbox. A crash in between leaves
//! nothing that lasts: the reservation lapses.

use axum::{Json, extract::State, http::StatusCode};
use mayfly_proto::{
    auth::CreateCredentialRequest,
    mailbox::{ActivateMailboxRequest, ReserveMailboxRequest},
};
use mayfly_rpc::Failure;
use mayfly_types::{Address, ErrorCode, Reason};

use crate::{
    auth::MaybePro,
    error::ApiError,
    idempotency_key::IdempotencyKey,
    json::JsonBody,
    routes::token::create::AddressAndPassword,
    state::{Gateway, hash_request},
    views::account::SignedIn,
};

/// Creates a mailbox; with a Pro token it belongs to that user. Without one an `Idempotency-Key` is nobody's, and means
/// nothing: an address can be had only once.
#[utoipa::path(post, path = "/accounts", tag = "mailbox", operation_id = "create_account",
    params(IdempotencyKey), request_body = AddressAndPassword, security((), ("pro" = [])),
    responses((status = 201, body = SignedIn)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    MaybePro(pro): MaybePro,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    JsonBody(body): JsonBody<AddressAndPassword>,
) -> Result<(StatusCode, Json<SignedIn>), ApiError> {
    let address: Address = body
        .address
        .parse()
        .map_err(|error: mayfly_types::InvalidAddress| {
            Failure::new(
                ErrorCode::InvalidArgument,
                Reason::InvalidAddress,
                error.to_string(),
            )
        })?;
    check_length(&body.password)?;
    let owner_user_id = pro.map(|pro| pro.user_id);
    let request = ReserveMailboxRequest {
        address: address.to_string(),
        owner_user_id,
        idempotency_key,
    };
    let account_id = gateway
        .mailbox()
        .reserve_mailbox(request)
        .await?
        .into_inner()
        .account_id;
    let request = CreateCredentialRequest {
        account_id: account_id.clone(),
        password: body.password.into(),
    };
    let token = gateway
        .auth()
        .create_credential(hash_request(request))
        .await?
        .into_inner()
        .token;
    gateway
        .mailbox()
        .activate_mailbox(ActivateMailboxRequest {
            account_id: account_id.clone(),
        })
        .await?;
    Ok((
        StatusCode::CREATED,
        Json(SignedIn {
            id: account_id,
            address: address.to_string(),
            token,
        }),
    ))
}

/// Auth decides; this only spares an address from being reserved for a password that cannot be taken.
fn check_length(password: &str) -> Result<(), Failure> {
    match password.len() {
        0..6 => Err(Failure::new(
            ErrorCode::InvalidArgument,
            Reason::PasswordTooShort,
            "password: at least 6 bytes",
        )),
        6..=256 => Ok(()),
        _ => Err(Failure::new(
            ErrorCode::InvalidArgument,
            Reason::PasswordTooLong,
            "password: at most 256 bytes",
        )),
    }
}
