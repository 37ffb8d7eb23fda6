//! Authentication: the principal of a token, and what it can read and follow.

use mayfly_follow::Topic;
use mayfly_proto::{
    auth::{ValidateTokenRequest, validate_token_response::Principal},
    mailbox::{AnyOwnedBy, Scope, scope::Caller},
};
use mayfly_rpc::Failure;

use super::{App, validate_request};

/// Longer tokens are rejected before the auth service is called; no valid one comes near.
const MAX_TOKEN_BYTES: usize = 2048;

impl App {
    /// Validates a bearer token.
    ///
    /// # Errors
    /// `InvalidToken` when it is not valid, whatever the cause; `Unavailable` when that is not known.
    pub(crate) async fn authenticate(&self, token: &str) -> Result<Principal, Failure> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Failure::invalid_token());
        }
        let request = ValidateTokenRequest {
            token: token.to_owned(),
        };
        let answer = self.auth().validate_token(validate_request(request)).await?;
        answer
            .into_inner()
            .principal
            .ok_or_else(|| Failure::internal("a principal is missing"))
    }
}

/// The messages that a principal can read.
pub(crate) fn reading_scope(principal: Principal) -> Scope {
    let caller = match principal {
        Principal::Mailbox(mailbox) => Caller::AccountId(mailbox.account_id),
        Principal::Pro(pro) => Caller::AnyOwnedBy(AnyOwnedBy {
            owner_user_id: pro.user_id,
        }),
    };
    Scope { caller: Some(caller) }
}

/// The topic of a mailbox token.
pub(crate) fn mailbox_topic(principal: &Principal) -> Result<Topic, Failure> {
    match principal {
        Principal::Mailbox(mailbox) => Topic::mailbox(&mailbox.account_id),
        Principal::Pro(_) => Err(Failure::invalid_token()),
    }
}

/// The topic of a Pro user's token.
pub(crate) fn pro_topic(principal: &Principal) -> Result<Topic, Failure> {
    match principal {
        Principal::Pro(pro) => Topic::owner(&pro.user_id),
        Principal::Mailbox(_) => Err(Failure::invalid_token()),
    }
}
