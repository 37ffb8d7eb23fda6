//! Creates a Pro API token.

use std::sync::Arc;

use mayfly_database::idempotency::Call;
use mayfly_types::{TokenId, TokenLimits, TokenScopes, UserId};
use time::{Duration, OffsetDateTime};

use super::{Service, run_to_completion};
use crate::{
    error::Error,
    model::{
        audit_event::Actor,
        pro_token::{NewToken, PREFIX},
    },
    store::{CreatedToken, ProToken},
};

const MAX_NAME_CHARS: usize = 100;
/// The most bytes of limits as they are stored. Each cached token of Redis carries them.
const MAX_LIMITS_BYTES: usize = 490;
/// A shorter life ends before anybody uses the token.
const MIN_LIFE: Duration = Duration::minutes(1);
/// The longest life of a token that expires.
pub(crate) const MAX_LIFE: Duration = Duration::days(366);

/// A token to create.
#[derive(Debug)]
pub(crate) struct WantedToken {
    pub(crate) name: String,
    /// `None` is whatever the user may do.
    pub(crate) scopes: Option<TokenScopes>,
    pub(crate) limits: Option<TokenLimits>,
    pub(crate) expires_at_secs: Option<i64>,
}

impl Service {
    /// Creates a token and returns it with its value. Only a repetition with the same idempotency key returns it again.
    #[tracing::instrument(name = "auth.create_pro_token", skip_all)]
    pub(crate) async fn create_pro_token(
        self: &Arc<Self>,
        user_id: UserId,
        wanted: WantedToken,
        actor: Actor,
        idempotency_key: Option<&str>,
    ) -> Result<CreatedToken, Error> {
        check_name(&wanted.name)?;
        let now = self.clock.now();
        let id = TokenId::new(now);
        let call = idempotency_key
            .map(|key| call(user_id, &wanted, key))
            .transpose()?;
        let token = ProToken {
            id,
            user_id,
            created_at_secs: now.unix_timestamp(),
            last_used_at_secs: None,
            last_used_prefix: None,
            revoked_at_secs: None,
            scopes: wanted.scopes,
            expires_at_secs: self.expiry(wanted.expires_at_secs, now)?,
            limits: wanted.limits.map(|limits| checked(limits, id)).transpose()?,
            name: wanted.name,
        };
        let this = Arc::clone(self);
        let change = async move {
            let new = NewToken::random(PREFIX);
            this.store
                .create_pro_token(token, new, this.max_tokens, call, actor, now)
                .await
        };
        run_to_completion(&self.tasks, change).await
    }

    /// Returns when a token ends: where the operator bounds lives, one without an end gets the longest.
    pub(super) fn expiry(&self, wanted_secs: Option<i64>, now: OffsetDateTime) -> Result<Option<i64>, Error> {
        let longest = self.max_token_life.unwrap_or(MAX_LIFE);
        let (first, last) = (
            (now + MIN_LIFE).unix_timestamp(),
            (now + longest).unix_timestamp(),
        );
        match wanted_secs {
            None => Ok(self.max_token_life.map(|_| last)),
            Some(secs) if (first..=last).contains(&secs) => Ok(Some(secs)),
            Some(_) => Err(Error::InvalidExpiry {
                max_days: longest.whole_days(),
            }),
        }
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.chars().count() > MAX_NAME_CHARS || name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(Error::InvalidRequest(
            "name: needs 1 to 100 characters, no control characters",
        ));
    }
    Ok(())
}

/// Checks limits, and names the token whose they are.
fn checked(limits: TokenLimits, id: TokenId) -> Result<TokenLimits, Error> {
    limits.validate()?;
    let limits = TokenLimits {
        origin: Some(id),
        ..limits
    };
    match serde_json::to_string(&limits) {
        Ok(stored) if stored.len() <= MAX_LIMITS_BYTES => Ok(limits),
        _ => Err(Error::InvalidRequest(
            "limits: are too long; about ten objects fit",
        )),
    }
}

/// A name alone makes the call of earlier versions, whose answers are repeated.
fn call(user_id: UserId, wanted: &WantedToken, key: &str) -> Result<Call, Error> {
    let mut fields = vec![wanted.name.clone()];
    if wanted.scopes.is_some() || wanted.limits.is_some() || wanted.expires_at_secs.is_some() {
        let limits =
            serde_json::to_string(&wanted.limits).map_err(|_| Error::Defect("limits are no JSON"))?;
        let scopes = wanted.scopes.map(TokenScopes::bits);
        fields.extend([
            format!("{scopes:?}"),
            limits,
            format!("{:?}", wanted.expires_at_secs),
        ]);
    }
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    Ok(Call::new("create_pro_token", user_id, key, &fields))
}
