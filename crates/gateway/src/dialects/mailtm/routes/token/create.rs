//! `POST /token`

use axum::{Json, extract::State};
use mayfly_rpc::Failure;

use crate::dialects::mailtm::responses;
use crate::{
    app::App,
    dialects::mailtm::{
        routes::{accounts::create::Credentials, body::RequiredFields},
        views::account::Token,
    },
    edge::{
        auth::{MaybeProToken, needs::AnyToken},
        client_address::ClientAddress,
        failure::FailureResponse,
        password_permit::PasswordPermit,
    },
};

/// Signs in to a mailbox. The answer is plain JSON, whatever `Accept` says.
#[utoipa::path(post, path = "/token", tag = "accounts", operation_id = "create_token", security(()),
    request_body = Credentials,
    responses((status = 200, body = Token, description = "A token"), responses::Body, responses::Password, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    _: MaybeProToken<AnyToken>,
    client: ClientAddress,
    _permit: PasswordPermit,
    RequiredFields(mut fields): RequiredFields,
) -> Result<Json<Token>, FailureResponse> {
    let mut needed = |name: &str| {
        let missing = || Failure::invalid_request(format!("The key \"{name}\" must be provided."));
        fields.text(name).ok_or_else(missing)
    };
    let (address, password) = (needed("address")?, needed("password")?);
    let signed_in = app.sign_in(&address, password.into(), client.0).await?;
    Ok(Json(Token {
        token: signed_in.token,
        id: signed_in.account_id,
    }))
}
