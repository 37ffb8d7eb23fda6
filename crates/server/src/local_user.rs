//! The built-in user of an open server, to whom captured mail belongs.

use anyhow::Context;
use mayfly_proto::auth::{
    CreateProTokenRequest, ListProTokensRequest, RevokeTokenRequest, SignInLocalUserRequest,
    auth_client::AuthClient,
};
use mayfly_rpc::Transport;

/// The name of the token that a start prints.
const TOKEN_NAME: &str = "printed at start";

/// Creates the user, unless an earlier start did.
pub(crate) async fn create(auth: Transport) -> anyhow::Result<String> {
    let mut auth = AuthClient::new(auth);
    let user = auth.sign_in_local_user(SignInLocalUserRequest {}).await;
    Ok(user.context("cannot create the local user")?.into_inner().user_id)
}

/// Creates an API token for the user, and revokes that of the last start.
pub(crate) async fn token(auth: Transport, user_id: String) -> anyhow::Result<String> {
    let mut auth = AuthClient::new(auth);
    let request = ListProTokensRequest {
        user_id: user_id.clone(),
    };
    let listed = auth.list_pro_tokens(request).await?.into_inner().tokens;
    let earlier = listed
        .into_iter()
        .filter(|token| token.name == TOKEN_NAME && token.revoked_at.is_none());
    for token in earlier {
        let request = RevokeTokenRequest {
            user_id: user_id.clone(),
            token_id: token.token_id,
            ..RevokeTokenRequest::default()
        };
        auth.revoke_token(request).await?;
    }
    let request = CreateProTokenRequest {
        user_id,
        name: TOKEN_NAME.to_owned(),
        idempotency_key: None,
        ..CreateProTokenRequest::default()
    };
    Ok(auth.create_pro_token(request).await?.into_inner().token)
}
