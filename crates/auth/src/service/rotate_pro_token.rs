//! Replaces a Pro API token by another with the same rights.

use std::sync::Arc;

use mayfly_database::idempotency::Call;
use mayfly_types::{TokenId, UserId};
use time::Duration;

use super::{Service, create_pro_token::MAX_LIFE, run_to_completion};
use crate::{
    error::Error,
    model::{
        audit_event::Actor,
        pro_token::{NewToken, PREFIX},
    },
    revocation_metrics::RevocationCause,
    store::{CreatedToken, ProToken, Rotation},
};

/// How a token is replaced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WantedRotation {
    /// The token to replace.
    pub(crate) id: TokenId,
    /// How long both are valid.
    pub(crate) overlap: Duration,
    /// `None`: the new token lives as long as the old one was to live.
    pub(crate) expires_at_secs: Option<i64>,
}

impl Service {
    /// Creates a token with the rights of another. The old one ends after the overlap: no validation that begins then accepts it.
    /// Only a repetition with the same idempotency key returns the value again.
    #[tracing::instrument(name = "auth.rotate_pro_token", skip_all)]
    pub(crate) async fn rotate_pro_token(
        self: &Arc<Self>,
        user_id: UserId,
        wanted: WantedRotation,
        actor: Actor,
        idempotency_key: Option<&str>,
    ) -> Result<(CreatedToken, ProToken), Error> {
        if wanted.overlap.is_negative() || wanted.overlap > MAX_LIFE {
            return Err(Error::InvalidRequest("overlap: must be from 0s to 366d"));
        }
        let old = self.store.find_own_pro_token(user_id, wanted.id).await?;
        let old = old.ok_or(Error::NotFound)?;
        let hash = self.store.find_pro_token_hash(user_id, wanted.id).await?;
        let hash = hash.ok_or(Error::NotFound)?;
        let (now, overlap) = (self.clock.now(), wanted.overlap);
        let life = old
            .expires_at_secs
            .map(|end| end.saturating_sub(old.created_at_secs));
        let expires = match (wanted.expires_at_secs, life) {
            (Some(secs), _) => self.expiry(Some(secs), now)?,
            // A bound that is smaller now than it was then shortens the life.
            (None, life) => {
                let longest = self.expiry(None, now)?;
                let same = life.map(|life| now.unix_timestamp().saturating_add(life));
                longest.into_iter().chain(same).min()
            }
        };
        let call = idempotency_key.map(|key| {
            let fields = [
                wanted.id.to_string(),
                overlap.to_string(),
                format!("{:?}", wanted.expires_at_secs),
            ];
            Call::new(
                "rotate_pro_token",
                user_id,
                key,
                &fields.each_ref().map(String::as_str),
            )
        });
        let rotation = Rotation {
            user_id,
            replaced: wanted.id,
            id: TokenId::new(now),
            new: NewToken::random(PREFIX),
            overlap_until_secs: (!overlap.is_zero()).then(|| (now + overlap).unix_timestamp()),
            expires_at_secs: expires,
            max_tokens: self.max_tokens,
            actor,
        };
        let this = Arc::clone(self);
        let change = async move {
            let change = this
                .tokens
                .change(hash, this.store.rotate_pro_token(rotation, call, now));
            this.revocation_metrics
                .measure(RevocationCause::ProToken, change)
                .await
        };
        let created = run_to_completion(&self.tasks, change).await?;
        Ok((created, old))
    }
}
