//! Passwords of sandboxes.

use mayfly_types::{SandboxCredentialId, SandboxId, UserId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    QuerySelect, sea_query::Expr,
};
use time::OffsetDateTime;

use super::{
    Store,
    entities::{
        sandbox_credential::{ActiveModel, Column, Entity},
        user,
    },
};
use crate::{
    error::Error,
    model::{pro_token::TokenHash, sandbox_status::SandboxStatus},
};

/// A password to store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewSandboxCredential {
    pub(crate) id: SandboxCredentialId,
    pub(crate) user_id: UserId,
    pub(crate) sandbox_id: SandboxId,
    pub(crate) hash: TokenHash,
}

/// Lists the hashes of active passwords, which are their cache keys.
async fn list_active_hashes(
    c: &impl ConnectionTrait,
    whose: sea_orm::sea_query::SimpleExpr,
) -> Result<Vec<TokenHash>, DbErr> {
    let hashes: Vec<Vec<u8>> = Entity::find()
        .select_only()
        .column(Column::SecretHash)
        .filter(whose)
        .filter(Column::RevokedAtSecs.is_null())
        .into_tuple()
        .all(c)
        .await?;
    let unreadable = |_| DbErr::Type("a hash is not 32 bytes".to_owned());
    hashes
        .into_iter()
        .map(|hash| hash.try_into().map(TokenHash).map_err(unreadable))
        .collect()
}

/// Revokes the active passwords of a sandbox. Returns their hashes.
async fn revoke(
    tx: &DatabaseTransaction,
    id: SandboxId,
    now: OffsetDateTime,
) -> Result<Vec<TokenHash>, DbErr> {
    let revoked = list_active_hashes(tx, Column::SandboxId.eq(id)).await?;
    Entity::update_many()
        .col_expr(Column::RevokedAtSecs, Expr::value(now.unix_timestamp()))
        .filter(Column::SandboxId.eq(id))
        .filter(Column::RevokedAtSecs.is_null())
        .exec(tx)
        .await?;
    Ok(revoked)
}

/// Returns the hashes of the active passwords of a user's sandboxes.
pub(super) async fn list_active_of_user(
    c: &impl ConnectionTrait,
    user_id: UserId,
) -> Result<Vec<TokenHash>, DbErr> {
    list_active_hashes(c, Column::UserId.eq(user_id)).await
}

/// Removes the passwords of a user's sandboxes.
pub(super) async fn remove_all(tx: &DatabaseTransaction, user_id: UserId) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::UserId.eq(user_id))
        .exec(tx)
        .await
        .map(drop)
}

impl Store {
    /// Stores a password, and revokes the earlier ones of its sandbox. Of those, the last revoked ones are kept. Returns the hashes
    /// of what it revoked.
    pub(crate) async fn issue_sandbox_credential(
        &self,
        new: NewSandboxCredential,
        now: OffsetDateTime,
    ) -> Result<Vec<TokenHash>, Error> {
        let write = self.database.tx("issue_sandbox_credential", move |tx| {
            Box::pin(async move {
                // The lock orders concurrent calls: the passwords of all but the last are revoked.
                let user = user::Entity::find_by_id(new.user_id)
                    .lock_exclusive()
                    .one(tx)
                    .await?;
                let user = user.ok_or(Error::NotFound)?;
                if user.suspended_at_secs.is_some() {
                    return Err(Error::AccountSuspended);
                }
                Entity::delete_many()
                    .filter(Column::SandboxId.eq(new.sandbox_id))
                    .filter(Column::RevokedAtSecs.is_not_null())
                    .exec(tx)
                    .await?;
                let revoked = revoke(tx, new.sandbox_id, now).await?;
                let row = ActiveModel {
                    id: Set(new.id),
                    user_id: Set(new.user_id),
                    sandbox_id: Set(new.sandbox_id),
                    secret_hash: Set(new.hash.0.to_vec()),
                    created_at_secs: Set(now.unix_timestamp()),
                    revoked_at_secs: Set(None),
                };
                Entity::insert(row).exec_without_returning(tx).await?;
                Ok(revoked)
            })
        });
        write.await
    }

    /// Revokes the passwords of a sandbox. Returns their hashes.
    pub(crate) async fn revoke_sandbox_credentials(
        &self,
        id: SandboxId,
        now: OffsetDateTime,
    ) -> Result<Vec<TokenHash>, Error> {
        let write = self.database.tx("revoke_sandbox_credentials", move |tx| {
            Box::pin(revoke(tx, id, now))
        });
        Ok(write.await?)
    }

    /// Returns the hashes of the active passwords of a sandbox.
    pub(crate) async fn list_sandbox_hashes(&self, id: SandboxId) -> Result<Vec<TokenHash>, DbErr> {
        let read = self.database.read("list_sandbox_hashes", |c| {
            Box::pin(list_active_hashes(c, Column::SandboxId.eq(id)))
        });
        read.await
    }

    /// Finds the state of a password by its hash.
    pub(crate) async fn find_sandbox_credential(
        &self,
        hash: TokenHash,
    ) -> Result<Option<SandboxStatus>, DbErr> {
        let read = self.database.read("find_sandbox_credential", |c| {
            let select = Entity::find()
                .find_also_related(user::Entity)
                .filter(Column::SecretHash.eq(hash.0.to_vec()));
            Box::pin(async move { select.one(c).await })
        });
        Ok(read.await?.map(|(row, user)| {
            let is_suspended = user.is_some_and(|user| user.suspended_at_secs.is_some());
            match row.revoked_at_secs {
                Some(_) => SandboxStatus::Revoked,
                None if is_suspended => SandboxStatus::Suspended,
                None => SandboxStatus::Valid {
                    id: row.id,
                    user_id: row.user_id,
                    sandbox_id: row.sandbox_id,
                },
            }
        }))
    }
}
