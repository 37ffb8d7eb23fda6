//! Says whom a bearer token stands for. Its shape is checked before anything is looked up, and what is known already
//! before the database is asked.

use mayfly_types::{AccountId, TokenId, UserId};
use opentelemetry::KeyValue;

use super::{Service, TokenVerdict};
use crate::{
    error::{Error, Refusal},
    model::{
        jwt::Subject,
        pro_token::{self, TokenHash},
    },
    verdicts::Known,
};

/// Whom a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Principal {
    Mailbox(AccountId),
    Pro {
        user_id: UserId,
        token_id: Option<TokenId>,
    },
}

impl Service {
    /// Returns whom a token stands for.
    #[tracing::instrument(name = "auth.validate_token", level = "debug", skip_all)]
    pub(crate) async fn validate_token(&self, token: &str) -> Result<Principal, Error> {
        let (kind, outcome) = if token.starts_with(pro_token::PREFIX) {
            ("pro_token", self.validate_pro_token(token).await)
        } else {
            ("jwt", self.validate_jwt(token).await)
        };
        let label = match &outcome {
            Ok(_) => "accepted",
            Err(Error::InvalidToken(refusal)) => refusal.as_str(),
            Err(_) => "failed",
        };
        self.validations
            .add(1, &[KeyValue::new("kind", kind), KeyValue::new("outcome", label)]);
        outcome
    }

    async fn validate_jwt(&self, token: &str) -> Result<Principal, Error> {
        let (subject, shown) = self
            .keys
            .verify(token, self.clock.now())
            .map_err(Error::InvalidToken)?;
        let current = match self.generations.get(&subject).await {
            Known::Verdict(generation) => generation,
            Known::Nothing(asked) => {
                let found = match subject {
                    Subject::Account(id) => self.store.find_account_generation(id).await?,
                    Subject::User(id) => self.store.find_user_generation(id).await?,
                };
                self.generations.fill(asked, subject, found).await
            }
        };
        if current != Some(shown) {
            return Err(Error::InvalidToken(Refusal::Superseded));
        }
        Ok(match subject {
            Subject::Account(id) => Principal::Mailbox(id),
            Subject::User(id) => Principal::Pro {
                user_id: id,
                token_id: None,
            },
        })
    }

    async fn validate_pro_token(&self, token: &str) -> Result<Principal, Error> {
        let hash = TokenHash::of_well_formed(token).ok_or(Error::InvalidToken(Refusal::Malformed))?;
        let verdict = match self.tokens.get(&hash).await {
            Known::Verdict(verdict) => verdict,
            Known::Nothing(asked) => {
                // That a token is unknown is not remembered: anybody can make such tokens without end.
                let found = self.store.find_pro_token(hash).await?;
                let found = found.ok_or(Error::InvalidToken(Refusal::UnknownToken))?;
                let verdict = if found.revoked_at_secs.is_some() {
                    TokenVerdict::Revoked
                } else {
                    TokenVerdict::Valid {
                        id: found.id,
                        user_id: found.user_id,
                    }
                };
                self.tokens.fill(asked, hash, verdict).await
            }
        };
        let TokenVerdict::Valid { id, user_id } = verdict else {
            return Err(Error::InvalidToken(Refusal::Revoked));
        };
        self.last_used.note(id, self.clock.now());
        Ok(Principal::Pro {
            user_id,
            token_id: Some(id),
        })
    }
}
