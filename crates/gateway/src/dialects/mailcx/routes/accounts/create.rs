//! `POST /api/accounts`

use axum::{Json, extract::State, http::StatusCode};

use crate::dialects::mailcx::responses;
use crate::{
    app::{App, create_account::NewAccount},
    dialects::mailcx::{routes::token::create::AddressAndPassword, views::account::SignedIn},
    edge::{
        auth::MaybePro, client_address::ClientAddress, failure::FailureResponse,
        idempotency_key::IdempotencyKey, json::JsonBody, password_permit::PasswordPermit,
    },
};

/// Creates a mailbox; with a Pro token it belongs to that user. Without one an `Idempotency-Key` is ignored: an address
/// can be taken only once.
#[utoipa::path(post, path = "/accounts", tag = "mailbox", operation_id = "create_account",
    params(IdempotencyKey), request_body = AddressAndPassword, security((), ("pro" = [])),
    responses((status = 201, body = SignedIn, description = "The mailbox and its token"), responses::JsonBody, responses::Bearer, responses::NewAccount, responses::Idempotent, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    MaybePro(pro): MaybePro,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    client: ClientAddress,
    _permit: PasswordPermit,
    JsonBody(body): JsonBody<AddressAndPassword>,
) -> Result<(StatusCode, Json<SignedIn>), FailureResponse> {
    let new = NewAccount {
        address: body.address,
        password: body.password,
        owner_user_id: pro.map(|pro| pro.user_id),
        client: client.0,
        idempotency_key,
    };
    let account = app.create_account(new).await?;
    Ok((StatusCode::CREATED, Json(account.into())))
}
