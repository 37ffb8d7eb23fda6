//! `POST /api/token`

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::mailcx::responses;
use crate::{
    app::App,
    dialects::mailcx::views::account::SignedIn,
    edge::{
        client_address::ClientAddress, failure::FailureResponse, json::JsonBody,
        password_permit::PasswordPermit,
    },
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
    request_body = AddressAndPassword, responses((status = 200, body = SignedIn, description = "The mailbox and a token"), responses::JsonBody, responses::Password, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    client: ClientAddress,
    _permit: PasswordPermit,
    JsonBody(body): JsonBody<AddressAndPassword>,
) -> Result<Json<SignedIn>, FailureResponse> {
    let signed_in = app.sign_in(&body.address, body.password, client.0).await?;
    Ok(Json(signed_in.into()))
}
