//! `POST /api/token`

use axum::{Json, extract::State};
use mayfly_proto::{auth::SignInRequest, mailbox::FindMailboxRequest};
use mayfly_types::Address;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    client_address::ClientAddress,
    error::ApiError,
    json::JsonBody,
    state::{Gateway, hash_request},
    views::account::SignedIn,
};

/// A mailbox's address and password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct AddressAndPassword {
    /// Trimmed and lower-cased: 1 to 64 of `a-z 0-9 . _ + -`, `@`, a domain.
    pub(crate) address: String,
    /// 6 to 256 bytes, taken byte for byte.
    pub(crate) password: String,
}

/// Signs in to a mailbox. An unknown address costs as much as a wrong password and is answered alike.
#[utoipa::path(post, path = "/token", tag = "mailbox", operation_id = "create_token",
    request_body = AddressAndPassword, responses((status = 200, body = SignedIn)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    client: ClientAddress,
    JsonBody(body): JsonBody<AddressAndPassword>,
) -> Result<Json<SignedIn>, ApiError> {
    let attempt = gateway.sign_in_limit.begin(&body.address, client).await?;
    let address = body
        .address
        .parse::<Address>()
        .ok()
        .map(|address| address.to_string());
    let request = FindMailboxRequest {
        address: address.clone().unwrap_or_default(),
    };
    let account_id = gateway
        .mailbox()
        .find_mailbox(request)
        .await?
        .into_inner()
        .account_id;
    let request = SignInRequest {
        account_id: account_id.clone(),
        password: body.password.into(),
    };
    let token = gateway
        .auth()
        .sign_in(hash_request(request))
        .await?
        .into_inner()
        .token;
    attempt.succeeded().await;
    let id = account_id.ok_or_else(|| ApiError::internal("signed in to no account"))?;
    Ok(Json(SignedIn {
        id,
        address: address.unwrap_or_default(),
        token,
    }))
}
