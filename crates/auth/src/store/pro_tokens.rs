//! Pro API tokens. Every look-up by id starts from the owning user.

use mayfly_database::idempotency::{Call, Refused};
use mayfly_types::{TokenId, UserId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    Store,
    entities::{pro_token, user},
    sandbox_credentials,
};
use crate::{
    error::Error,
    model::pro_token::{NewToken, TokenHash},
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
}

/// The response to the creation of a token.
#[derive(Serialize, Deserialize)]
pub(crate) struct CreatedToken {
    pub(crate) id: TokenId,
    pub(crate) created_at_secs: i64,
    pub(crate) value: String,
}

impl From<pro_token::Model> for ProToken {
    fn from(row: pro_token::Model) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            name: row.name,
            created_at_secs: row.created_at_secs,
            last_used_at_secs: row.last_used_at_secs,
            revoked_at_secs: row.revoked_at_secs,
        }
    }
}

async fn insert(
    tx: &DatabaseTransaction,
    token: ProToken,
    new: &NewToken,
    limit: u32,
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
    let active = owned_by(token.user_id)
        .filter(pro_token::Column::RevokedAtSecs.is_null())
        .count(tx)
        .await?;
    if active >= u64::from(limit) {
        return Err(Error::TokenLimitReached { limit });
    }
    let row = pro_token::ActiveModel {
        id: Set(token.id),
        user_id: Set(token.user_id),
        name: Set(token.name),
        token_hash: Set(new.hash.0.to_vec()),
        created_at_secs: Set(token.created_at_secs),
        last_used_at_secs: Set(token.last_used_at_secs),
        revoked_at_secs: Set(token.revoked_at_secs),
    };
    pro_token::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(CreatedToken {
        id: token.id,
        created_at_secs: token.created_at_secs,
        value: new.value.to_string(),
    })
}

async fn is_active(tx: &DatabaseTransaction, user_id: UserId, id: TokenId) -> Result<bool, DbErr> {
    let active = owned_by(user_id)
        .filter(pro_token::Column::Id.eq(id))
        .filter(pro_token::Column::RevokedAtSecs.is_null())
        .count(tx)
        .await?;
    Ok(active > 0)
}

fn owned_by(user_id: UserId) -> Select<pro_token::Entity> {
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

/// Removes a user's tokens.
pub(super) async fn remove_all(tx: &DatabaseTransaction, user_id: UserId) -> Result<(), DbErr> {
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
        now: OffsetDateTime,
    ) -> Result<CreatedToken, Error> {
        let write = self.database.tx("create_pro_token", move |tx| {
            let (token, new, call, answers) =
                (token.clone(), new.clone(), call.clone(), self.answers.clone());
            Box::pin(async move {
                let (user_id, id) = (token.user_id, token.id);
                let created = insert(tx, token, &new, limit);
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
        let mut tokens: Vec<ProToken> = read.await?.into_iter().map(ProToken::from).collect();
        tokens.sort_by_key(|token| token.id);
        Ok(tokens)
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
        Ok(read
            .await?
            .map(|(token, user)| (ProToken::from(token), is_suspended(user))))
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
        now: OffsetDateTime,
    ) -> Result<(), DbErr> {
        let write = self.database.tx("revoke_pro_token", move |tx| {
            let update = pro_token::Entity::update_many()
                .col_expr(
                    pro_token::Column::RevokedAtSecs,
                    Expr::value(now.unix_timestamp()),
                )
                .filter(pro_token::Column::Id.eq(id))
                .filter(pro_token::Column::UserId.eq(user_id))
                .filter(pro_token::Column::RevokedAtSecs.is_null());
            Box::pin(async move { update.exec(tx).await.map(drop) })
        });
        write.await
    }

    /// Records uses of tokens. A use less than `min_interval_secs` after the recorded one is dropped.
    pub(crate) async fn touch_pro_tokens(
        &self,
        uses: Vec<(TokenId, i64)>,
        min_interval_secs: i64,
    ) -> Result<(), DbErr> {
        let write = self.database.tx("touch_pro_tokens", move |tx| {
            let uses = uses.clone();
            Box::pin(async move {
                for (id, used_at_secs) in uses {
                    let is_due = Condition::any()
                        .add(pro_token::Column::LastUsedAtSecs.is_null())
                        .add(pro_token::Column::LastUsedAtSecs.lte(used_at_secs - min_interval_secs));
                    pro_token::Entity::update_many()
                        .col_expr(pro_token::Column::LastUsedAtSecs, Expr::value(used_at_secs))
                        .filter(pro_token::Column::Id.eq(id))
                        .filter(is_due)
                        .exec(tx)
                        .await?;
                }
                Ok(())
            })
        });
        write.await
    }
}
