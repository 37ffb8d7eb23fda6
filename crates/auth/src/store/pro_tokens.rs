//! Pro API tokens. Every look-up by id starts from the owning user.

use mayfly_database::idempotency::{Call, Refused};
use mayfly_types::{TokenId, TokenLimits, TokenScopes, UserId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    Store, audit_events,
    entities::{pro_token, user},
    sandbox_credentials, token_usage,
};
use crate::{
    error::Error,
    model::{
        audit_event::{Actor, NewAuditEvent},
        pro_token::{NewToken, Restrictions, TokenHash},
    },
};

/// The most tokens in a list: all active ones, and the newest revoked ones.
const MAX_LISTED: u64 = 1_000;

/// A stored token.
#[derive(Debug, Clone)]
pub(crate) struct ProToken {
    pub(crate) id: TokenId,
    pub(crate) user_id: UserId,
    pub(crate) name: String,
    pub(crate) created_at_secs: i64,
    pub(crate) last_used_at_secs: Option<i64>,
    pub(crate) revoked_at_secs: Option<i64>,
    /// `None` is all.
    pub(crate) scopes: Option<TokenScopes>,
    pub(crate) limits: Option<TokenLimits>,
    pub(crate) expires_at_secs: Option<i64>,
    /// The network of the last use.
    pub(crate) last_used_prefix: Option<String>,
}

impl ProToken {
    /// Returns what restricts the token, if anything does.
    pub(crate) fn restrictions(&self) -> Option<Restrictions> {
        // Limits alone leave every scope, and nothing that no scope grants: that is about the whole user.
        let scopes = self.scopes.or(self.limits.as_ref().map(|_| TokenScopes::ALL));
        (scopes.is_some() || self.expires_at_secs.is_some()).then(|| Restrictions {
            scopes,
            limits: self.limits.clone(),
            expires_at_secs: self.expires_at_secs,
        })
    }
}

/// The response to the creation of a token.
#[derive(Serialize, Deserialize)]
pub(crate) struct CreatedToken {
    pub(crate) id: TokenId,
    pub(crate) created_at_secs: i64,
    pub(crate) value: String,
    #[serde(default)]
    pub(crate) expires_at_secs: Option<i64>,
}

impl TryFrom<pro_token::Model> for ProToken {
    type Error = DbErr;

    /// Limits that this version cannot read are an error: nothing may ignore them.
    fn try_from(row: pro_token::Model) -> Result<Self, DbErr> {
        let unreadable = |error| DbErr::Type(format!("limits of a token: {error}"));
        let limits = row.limits.as_deref().map(serde_json::from_str).transpose();
        Ok(Self {
            id: row.id,
            user_id: row.user_id,
            name: row.name,
            created_at_secs: row.created_at_secs,
            last_used_at_secs: row.last_used_at_secs,
            revoked_at_secs: row.revoked_at_secs,
            scopes: row
                .scopes
                .map(|bits| TokenScopes::from_bits(bits.cast_unsigned())),
            limits: limits.map_err(unreadable)?,
            expires_at_secs: row.expires_at_secs,
            last_used_prefix: row.last_used_prefix,
        })
    }
}

/// Stores a token, unless its user has `limit` active ones beside the one that it replaces.
pub(super) async fn insert(
    tx: &DatabaseTransaction,
    token: ProToken,
    new: &NewToken,
    limit: u32,
    replaced: Option<TokenId>,
) -> Result<CreatedToken, Error> {
    // The lock makes the count exact with several concurrent writers.
    let user = user::Entity::find_by_id(token.user_id)
        .lock_exclusive()
        .one(tx)
        .await?;
    let user = user.ok_or(Error::NotFound)?;
    if user.suspended_at_secs.is_some() {
        return Err(Error::AccountSuspended);
    }
    let mut active = owned_by(token.user_id)
        .filter(pro_token::Column::RevokedAtSecs.is_null())
        .filter(is_alive(token.created_at_secs));
    if let Some(replaced) = replaced {
        active = active.filter(pro_token::Column::Id.ne(replaced));
    }
    if active.count(tx).await? >= u64::from(limit) {
        return Err(Error::TokenLimitReached { limit });
    }
    let limits = token.limits.as_ref().map(serde_json::to_string).transpose();
    let limits = limits.map_err(|_| Error::Defect("limits are no JSON"))?;
    let row = pro_token::ActiveModel {
        id: Set(token.id),
        user_id: Set(token.user_id),
        name: Set(token.name),
        token_hash: Set(new.hash.0.to_vec()),
        created_at_secs: Set(token.created_at_secs),
        last_used_at_secs: Set(token.last_used_at_secs),
        revoked_at_secs: Set(token.revoked_at_secs),
        scopes: Set(token.scopes.map(|scopes| scopes.bits().cast_signed())),
        limits: Set(limits),
        expires_at_secs: Set(token.expires_at_secs),
        last_used_prefix: Set(token.last_used_prefix),
    };
    pro_token::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(CreatedToken {
        id: token.id,
        created_at_secs: token.created_at_secs,
        value: new.value.to_string(),
        expires_at_secs: token.expires_at_secs,
    })
}

/// A token whose life has not ended at a time.
fn is_alive(now_secs: i64) -> Condition {
    Condition::any()
        .add(pro_token::Column::ExpiresAtSecs.is_null())
        .add(pro_token::Column::ExpiresAtSecs.gt(now_secs))
}

pub(super) async fn is_active(tx: &DatabaseTransaction, user_id: UserId, id: TokenId) -> Result<bool, DbErr> {
    let active = owned_by(user_id)
        .filter(pro_token::Column::Id.eq(id))
        .filter(pro_token::Column::RevokedAtSecs.is_null())
        .count(tx)
        .await?;
    Ok(active > 0)
}

pub(super) fn owned_by(user_id: UserId) -> Select<pro_token::Entity> {
    pro_token::Entity::find().filter(pro_token::Column::UserId.eq(user_id))
}

/// Returns the hashes of a user's active tokens, which are their cache keys.
pub(super) async fn list_active_hashes(
    c: &impl ConnectionTrait,
    user_id: UserId,
) -> Result<Vec<TokenHash>, DbErr> {
    let hashes: Vec<Vec<u8>> = owned_by(user_id)
        .select_only()
        .column(pro_token::Column::TokenHash)
        .filter(pro_token::Column::RevokedAtSecs.is_null())
        .into_tuple()
        .all(c)
        .await?;
    let unreadable = |_| DbErr::Type("a token hash is not 32 bytes".to_owned());
    hashes
        .into_iter()
        .map(|hash| hash.try_into().map(TokenHash).map_err(unreadable))
        .collect()
}

/// Revokes a user's active tokens.
pub(super) async fn revoke_all(
    tx: &DatabaseTransaction,
    user_id: UserId,
    now: OffsetDateTime,
) -> Result<(), DbErr> {
    pro_token::Entity::update_many()
        .col_expr(
            pro_token::Column::RevokedAtSecs,
            Expr::value(now.unix_timestamp()),
        )
        .filter(pro_token::Column::UserId.eq(user_id))
        .filter(pro_token::Column::RevokedAtSecs.is_null())
        .exec(tx)
        .await
        .map(drop)
}

/// Removes a user's tokens, with their usage.
pub(super) async fn remove_all(tx: &DatabaseTransaction, user_id: UserId) -> Result<(), DbErr> {
    token_usage::remove_of(tx, user_id).await?;
    pro_token::Entity::delete_many()
        .filter(pro_token::Column::UserId.eq(user_id))
        .exec(tx)
        .await
        .map(drop)
}

impl Store {
    /// Returns the hashes of a user's active tokens, and of the active passwords of the user's sandboxes.
    pub(crate) async fn list_secret_hashes(&self, id: UserId) -> Result<Vec<TokenHash>, DbErr> {
        let read = self.database.read("list_secret_hashes", |c| {
            Box::pin(async move {
                let mut hashes = list_active_hashes(c, id).await?;
                hashes.extend(sandbox_credentials::list_active_of_user(c, id).await?);
                Ok(hashes)
            })
        });
        read.await
    }

    /// Stores a new token if the user has fewer than `limit` active ones. A repeated call returns the token of the first.
    pub(crate) async fn create_pro_token(
        &self,
        token: ProToken,
        new: NewToken,
        limit: u32,
        call: Option<Call>,
        actor: Actor,
        now: OffsetDateTime,
    ) -> Result<CreatedToken, Error> {
        let write = self.database.tx("create_pro_token", move |tx| {
            let (token, new, call, answers) =
                (token.clone(), new.clone(), call.clone(), self.answers.clone());
            Box::pin(async move {
                let (user_id, id) = (token.user_id, token.id);
                let event = NewAuditEvent::done(user_id, actor, "token.created", id, now);
                let created = async {
                    let created = insert(tx, token, &new, limit, None).await?;
                    audit_events::insert(tx, event).await?;
                    Ok::<_, Error>(created)
                };
                let created = answers.once(tx, call.as_ref(), now, created).await?;
                // The answer of an earlier call can name a token that was revoked since.
                if created.id != id && !is_active(tx, user_id, created.id).await? {
                    return Err(Refused::AnswerGone.into());
                }
                Ok(created)
            })
        });
        write.await
    }

    /// Returns a user's tokens, oldest first.
    pub(crate) async fn list_pro_tokens(&self, user_id: UserId) -> Result<Vec<ProToken>, DbErr> {
        let read = self.database.read("list_pro_tokens", |c| {
            let select = owned_by(user_id)
                .order_by_asc(pro_token::Column::RevokedAtSecs.is_not_null())
                .order_by_desc(pro_token::Column::Id)
                .limit(MAX_LISTED);
            Box::pin(async move { select.all(c).await })
        });
        let rows = read.await?.into_iter();
        let mut tokens = rows.map(ProToken::try_from).collect::<Result<Vec<_>, _>>()?;
        tokens.sort_by_key(|token| token.id);
        Ok(tokens)
    }

    /// Finds a user's token.
    pub(crate) async fn find_own_pro_token(
        &self,
        user_id: UserId,
        id: TokenId,
    ) -> Result<Option<ProToken>, DbErr> {
        let read = self.database.read("find_own_pro_token", |c| {
            let select = owned_by(user_id).filter(pro_token::Column::Id.eq(id));
            Box::pin(async move { select.one(c).await })
        });
        read.await?.map(ProToken::try_from).transpose()
    }

    /// Finds a token by its hash. Returns also whether its user is suspended.
    pub(crate) async fn find_pro_token(&self, hash: TokenHash) -> Result<Option<(ProToken, bool)>, DbErr> {
        let read = self.database.read("find_pro_token", |c| {
            let select = pro_token::Entity::find()
                .find_also_related(user::Entity)
                .filter(pro_token::Column::TokenHash.eq(hash.0.to_vec()));
            Box::pin(async move { select.one(c).await })
        });
        let is_suspended =
            |user: Option<user::Model>| user.is_some_and(|user| user.suspended_at_secs.is_some());
        let found = read.await?;
        found
            .map(|(token, user)| Ok((ProToken::try_from(token)?, is_suspended(user))))
            .transpose()
    }

    /// Returns the hash of a user's token, which is its cache key.
    pub(crate) async fn find_pro_token_hash(
        &self,
        user_id: UserId,
        id: TokenId,
    ) -> Result<Option<TokenHash>, DbErr> {
        let read = self.database.read("find_pro_token_hash", |c| {
            let select = owned_by(user_id).filter(pro_token::Column::Id.eq(id));
            Box::pin(async move { select.one(c).await })
        });
        let unreadable = |_| DbErr::Type("a token hash is not 32 bytes".to_owned());
        let row = read.await?;
        row.map(|row| row.token_hash.try_into().map(TokenHash).map_err(unreadable))
            .transpose()
    }

    /// Revokes a user's token. The time of the first revocation is kept.
    pub(crate) async fn revoke_pro_token(
        &self,
        user_id: UserId,
        id: TokenId,
        actor: Actor,
        now: OffsetDateTime,
    ) -> Result<(), DbErr> {
        let write = self.database.tx("revoke_pro_token", move |tx| {
            let event = NewAuditEvent::done(user_id, actor, "token.revoked", id, now);
            let update = pro_token::Entity::update_many()
                .col_expr(
                    pro_token::Column::RevokedAtSecs,
                    Expr::value(now.unix_timestamp()),
                )
                .filter(pro_token::Column::Id.eq(id))
                .filter(pro_token::Column::UserId.eq(user_id))
                .filter(pro_token::Column::RevokedAtSecs.is_null());
            Box::pin(async move {
                match update.exec(tx).await?.rows_affected {
                    0 => Ok(()),
                    _ => audit_events::insert(tx, event).await,
                }
            })
        });
        write.await
    }
}
