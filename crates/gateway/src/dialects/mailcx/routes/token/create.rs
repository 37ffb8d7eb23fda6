//! `POST /api/token`

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::shared::{responses, secret};
use crate::{
    app::App,
    dialects::shared::views::account::SignedIn,
    edge::{
        client_address::ClientAddress, failure::FailureResponse, json::JsonBody,
        password_permit::PasswordPermit,
    },
};

/// A mailbox's address and password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct AddressAndPassword {
    /// Trimmed and lower-cased: 1 to 64 of `a-z 0-9 . _ + -`, `@`, a domain.
    address: String,
    /// 6 to 256 bytes, taken byte for byte.
    #[serde(default, deserialize_with = "secret::password")]
    #[schema(value_type = String, required)]
    password: Option<String>,
    /// Of clients of mail.td; ignored where that dialect is off.
    #[schema(ignore)]
    auth_key: Option<serde_json::Value>,
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
    let secret = secret::secret(&app, body.password, body.auth_key.as_ref())?;
    let signed_in = app.sign_in(&body.address, secret, client.0).await?;
    Ok(Json(signed_in.into()))
}
