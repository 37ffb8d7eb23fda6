//! Authentication: the principal of a token, and what it can read and follow.

use std::net::IpAddr;

use mayfly_follow::{Feed, Topic};
use mayfly_proto::{
    auth::{ValidateTokenRequest, validate_token_response::Principal as Validated},
    mailbox::{Scope, scope::Caller},
};
use mayfly_rpc::Failure;

use super::{
    App,
    principal::{Principal, client_network, scope},
    validate_request,
};

/// Longer tokens are rejected before the auth service is called; no valid one comes near.
const MAX_TOKEN_BYTES: usize = 2048;

impl App {
    /// Validates a bearer token of a client.
    ///
    /// # Errors
    /// `InvalidToken` when it is not valid, whatever the cause, except `TokenExpired`; `Unavailable` when that is not known.
    pub(crate) async fn authenticate(
        &self,
        token: &str,
        client: Option<IpAddr>,
    ) -> Result<Principal, Failure> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Failure::invalid_token());
        }
        let request = ValidateTokenRequest {
            token: token.to_owned(),
            client: client.map(client_network),
        };
        let answer = self.auth().validate_token(validate_request(request)).await?;
        match answer.into_inner().principal {
            Some(Validated::Mailbox(mailbox)) => Ok(Principal::Mailbox {
                account_id: mailbox.account_id,
            }),
            Some(Validated::Pro(pro) | Validated::RestrictedPro(pro)) => Ok(Principal::Pro(pro.into())),
            None => Err(Failure::internal("a principal is missing")),
        }
    }
}

/// The messages that a principal can read.
pub(crate) fn reading_scope(principal: Principal) -> Scope {
    match principal {
        Principal::Mailbox { account_id } => scope(Caller::AccountId(account_id)),
        Principal::Pro(pro) => pro.owner().any_scope(),
    }
}

/// What a mailbox token follows.
pub(crate) fn mailbox_topic(principal: &Principal) -> Result<Topic, Failure> {
    match principal {
        Principal::Mailbox { account_id } => Topic::mailbox(account_id),
        Principal::Pro(_) => Err(Failure::invalid_token()),
    }
}

/// What a Pro user's token follows.
pub(crate) fn pro_feed(principal: &Principal) -> Result<Feed, Failure> {
    match principal {
        Principal::Pro(pro) => pro.clone().owner().feed(),
        Principal::Mailbox { .. } => Err(Failure::invalid_token()),
    }
}
