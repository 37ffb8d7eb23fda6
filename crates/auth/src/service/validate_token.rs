//! Authenticates a bearer token. The order is shape and signature, then the cache, then the database.

use std::sync::Arc;

use mayfly_types::{AccountId, ClientPrefix, UserId};
use opentelemetry::KeyValue;

use super::{Service, TokenStatus};
use crate::{
    error::{Error, Refusal},
    model::{
        jwt::Subject,
        pro_token::{self, TokenHash, ValidToken},
    },
    token_cache::Lookup,
};

/// The principal that a token authenticates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principal {
    Mailbox(AccountId),
    /// By JWT.
    User(UserId),
    Token(ValidToken),
}

impl Service {
    /// Returns the principal that a token authenticates.
    #[tracing::instrument(name = "auth.validate_token", level = "debug", skip_all)]
    pub(crate) async fn validate_token(
        &self,
        token: &str,
        client: Option<ClientPrefix>,
    ) -> Result<Principal, Error> {
        let (kind, outcome) = if token.starts_with(pro_token::PREFIX) {
            let validated = self.validate_pro_token(token, client).await;
            ("pro_token", validated.map(Principal::Token))
        } else {
            ("jwt", self.validate_jwt(token).await)
        };
        self.count_validation(kind, &outcome);
        outcome
    }

    pub(super) fn count_validation<T>(&self, kind: &'static str, outcome: &Result<T, Error>) {
        let label = match outcome {
            Ok(_) => "accepted",
            Err(Error::InvalidToken(refusal)) => refusal.as_str(),
            Err(Error::AccountSuspended) => "suspended",
            Err(Error::InsufficientScope { .. }) => "insufficient_scope",
            Err(_) => "failed",
        };
        self.validations
            .add(1, &[KeyValue::new("kind", kind), KeyValue::new("outcome", label)]);
    }

    async fn validate_jwt(&self, token: &str) -> Result<Principal, Error> {
        let (subject, generation) = self
            .keys
            .verify(token, self.clock.now())
            .map_err(Error::InvalidToken)?;
        let current = match self.generations.get(&subject).await {
            Lookup::Hit(current) => current,
            Lookup::Miss(permit) => {
                let found = match subject {
                    Subject::Account(id) => self.store.find_account_generation(id).await?,
                    Subject::User(id) => self.store.find_user_generation(id).await?,
                };
                self.generations.insert_if_current(permit, subject, found).await
            }
        };
        if current != Some(generation) {
            return Err(self.refusal(subject, generation).await?);
        }
        Ok(match subject {
            Subject::Account(id) => Principal::Mailbox(id),
            Subject::User(id) => Principal::User(id),
        })
    }

    /// Returns why a JWT with a valid signature is rejected. Only a rejected token costs this query.
    async fn refusal(&self, subject: Subject, generation: i64) -> Result<Error, Error> {
        let is_suspended = match subject {
            Subject::User(id) => self.store.is_user_suspended(id, generation).await?,
            Subject::Account(_) => false,
        };
        Ok(match is_suspended {
            true => Error::AccountSuspended,
            false => Error::InvalidToken(Refusal::Superseded),
        })
    }

    /// Returns a token that is valid now, by the clock of the database. A cached one carries its expiry, so it ends like any other.
    pub(super) async fn validate_pro_token(
        &self,
        token: &str,
        client: Option<ClientPrefix>,
    ) -> Result<ValidToken, Error> {
        let hash = TokenHash::of_well_formed(token, pro_token::PREFIX)
            .ok_or(Error::InvalidToken(Refusal::Malformed))?;
        let status = match self.tokens.get(&hash).await {
            Lookup::Hit(status) => status,
            Lookup::Miss(permit) => {
                // Unknown tokens are not cached: anyone can make well-formed ones without end.
                let found = self.store.find_pro_token(hash).await?;
                let (found, is_suspended) = found.ok_or(Error::InvalidToken(Refusal::UnknownToken))?;
                let status = if found.revoked_at_secs.is_some() {
                    TokenStatus::Revoked
                } else if is_suspended {
                    TokenStatus::Suspended
                } else {
                    TokenStatus::Valid(ValidToken {
                        id: found.id,
                        user_id: found.user_id,
                        restrictions: found.restrictions().map(Arc::new),
                    })
                };
                self.tokens.insert_if_current(permit, hash, status).await
            }
        };
        let token = match status {
            TokenStatus::Valid(token) => token,
            TokenStatus::Suspended => return Err(Error::AccountSuspended),
            TokenStatus::Revoked => return Err(Error::InvalidToken(Refusal::Revoked)),
        };
        let now = self.clock.now();
        if let Some(restrictions) = &token.restrictions
            && restrictions.has_expired(now.unix_timestamp())
        {
            return Err(Error::InvalidToken(Refusal::TokenExpired));
        }
        self.last_used.record(token.id, now, client);
        Ok(token)
    }
}
