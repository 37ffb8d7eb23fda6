//! Replacing a token by another with the same rights.

use mayfly_database::idempotency::{Call, Refused};
use mayfly_types::{TokenId, UserId};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr,
};
use time::OffsetDateTime;

use super::{
    CreatedToken, ProToken, Store, audit_events,
    entities::{pro_token, user},
    pro_tokens,
};
use crate::{
    error::Error,
    model::{
        audit_event::{Actor, NewAuditEvent},
        pro_token::NewToken,
    },
};

/// A token to replace.
#[derive(Clone)]
pub(crate) struct Rotation {
    pub(crate) user_id: UserId,
    pub(crate) replaced: TokenId,
    pub(crate) id: TokenId,
    pub(crate) new: NewToken,
    /// When the old token ends; `None` revokes it.
    pub(crate) overlap_until_secs: Option<i64>,
    pub(crate) expires_at_secs: Option<i64>,
    pub(crate) max_tokens: u32,
    pub(crate) actor: Actor,
}

impl Store {
    /// Stores a token with the rights of another, and ends that one. A repeated call returns the token of the first.
    pub(crate) async fn rotate_pro_token(
        &self,
        rotation: Rotation,
        call: Option<Call>,
        now: OffsetDateTime,
    ) -> Result<CreatedToken, Error> {
        let write = self.database.tx("rotate_pro_token", move |tx| {
            let (rotation, call, answers) = (rotation.clone(), call.clone(), self.answers.clone());
            Box::pin(async move {
                let (user_id, id) = (rotation.user_id, rotation.id);
                let created = answers
                    .once(tx, call.as_ref(), now, rotate(tx, rotation, now))
                    .await?;
                // The answer of an earlier call can name a token that was revoked since.
                if created.id != id && !pro_tokens::is_active(tx, user_id, created.id).await? {
                    return Err(Refused::AnswerGone.into());
                }
                Ok(created)
            })
        });
        write.await
    }
}

async fn rotate(
    tx: &DatabaseTransaction,
    rotation: Rotation,
    now: OffsetDateTime,
) -> Result<CreatedToken, Error> {
    // Before the token is read: of concurrent rotations the second finds it ended.
    user::Entity::find_by_id(rotation.user_id)
        .lock_exclusive()
        .one(tx)
        .await?;
    let found = pro_tokens::owned_by(rotation.user_id)
        .filter(pro_token::Column::Id.eq(rotation.replaced))
        .filter(pro_token::Column::RevokedAtSecs.is_null())
        .one(tx)
        .await?;
    let old = ProToken::try_from(found.ok_or(Error::NotFound)?)?;
    let token = ProToken {
        id: rotation.id,
        created_at_secs: now.unix_timestamp(),
        last_used_at_secs: None,
        last_used_prefix: None,
        expires_at_secs: rotation.expires_at_secs,
        ..old.clone()
    };
    let created = pro_tokens::insert(tx, token, &rotation.new, rotation.max_tokens, Some(old.id)).await?;
    end(tx, &old, rotation.overlap_until_secs, now).await?;
    let object = format!("{} {}", old.id, rotation.id);
    let event = NewAuditEvent::done(rotation.user_id, rotation.actor, "token.rotated", object, now);
    audit_events::insert(tx, event).await?;
    Ok(created)
}

/// Revokes a token, or shortens its life to a time.
async fn end(
    tx: &DatabaseTransaction,
    token: &ProToken,
    until_secs: Option<i64>,
    now: OffsetDateTime,
) -> Result<(), DbErr> {
    let (column, at_secs) = match until_secs {
        None => (pro_token::Column::RevokedAtSecs, now.unix_timestamp()),
        Some(until) => {
            let expires = token.expires_at_secs.unwrap_or(until).min(until);
            (pro_token::Column::ExpiresAtSecs, expires)
        }
    };
    pro_token::Entity::update_many()
        .col_expr(column, Expr::value(at_secs))
        .filter(pro_token::Column::Id.eq(token.id))
        .exec(tx)
        .await
        .map(drop)
}
