//! Pro users.

use mayfly_database::is_unique_violation;
use mayfly_types::UserId;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    QuerySelect, sea_query::Expr,
};
use time::OffsetDateTime;

use super::{
    Store, audit_events,
    credentials::Credential,
    entities::user::{self, Role},
    first_generation, pro_tokens, sandbox_credentials,
};
use crate::{
    error::Error,
    model::{email::Email, password::StoredPassword, pro_token::TokenHash},
};

/// A Pro user with the credential.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) created_at_secs: i64,
    pub(crate) suspended_at_secs: Option<i64>,
    pub(crate) role: Role,
    pub(crate) credential: Credential,
}

impl From<user::Model> for User {
    fn from(row: user::Model) -> Self {
        let password = StoredPassword {
            scheme: row.password_scheme,
            phc: row.password_hash,
        };
        Self {
            id: row.id,
            email: row.email,
            created_at_secs: row.created_at_secs,
            suspended_at_secs: row.suspended_at_secs,
            role: row.role,
            credential: Credential {
                password,
                generation: row.generation,
            },
        }
    }
}

/// Locks a user until the transaction ends: no API token is created meanwhile.
async fn lock(tx: &DatabaseTransaction, id: UserId) -> Result<Option<user::Model>, DbErr> {
    user::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

impl Store {
    /// Stores a new user and returns the generation. Fails with `EmailTaken` if the e-mail address is in use.
    pub(crate) async fn create_user(
        &self,
        id: UserId,
        email: Email,
        password: StoredPassword,
        now: OffsetDateTime,
    ) -> Result<i64, Error> {
        let generation = first_generation();
        let row = user::ActiveModel {
            id: Set(id),
            email: Set(email.into_string()),
            password_scheme: Set(password.scheme),
            password_hash: Set(password.phc),
            generation: Set(generation),
            created_at_secs: Set(now.unix_timestamp()),
            suspended_at_secs: Set(None),
            role: Set(Role::User),
        };
        let write = self.database.tx("create_user", move |tx| {
            let row = row.clone();
            Box::pin(async move {
                user::Entity::insert(row)
                    .exec_without_returning(tx)
                    .await
                    .map(drop)
            })
        });
        match write.await {
            Ok(()) => Ok(generation),
            Err(error) if is_unique_violation(&error) => Err(Error::EmailTaken),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn find_user(&self, id: UserId) -> Result<Option<User>, DbErr> {
        let read = self
            .database
            .read("find_user", |c| Box::pin(user::Entity::find_by_id(id).one(c)));
        Ok(read.await?.map(User::from))
    }

    pub(crate) async fn find_user_by_email(&self, email: Email) -> Result<Option<User>, DbErr> {
        let read = self.database.read("find_user_by_email", |c| {
            let select = user::Entity::find().filter(user::Column::Email.eq(email.into_string()));
            Box::pin(async move { select.one(c).await })
        });
        Ok(read.await?.map(User::from))
    }

    /// Replaces the hash of the same password, unless the password was changed concurrently.
    pub(crate) async fn rehash_user(
        &self,
        id: UserId,
        old: StoredPassword,
        new: StoredPassword,
    ) -> Result<(), DbErr> {
        let write = self.database.tx("rehash_user", move |tx| {
            let update = user::Entity::update_many()
                .col_expr(user::Column::PasswordScheme, Expr::value(new.scheme))
                .col_expr(user::Column::PasswordHash, Expr::value(new.phc.clone()))
                .filter(user::Column::Id.eq(id))
                .filter(user::Column::PasswordHash.eq(old.phc.clone()));
            Box::pin(async move { update.exec(tx).await.map(drop) })
        });
        write.await
    }

    /// Replaces a user's password and returns the new generation, which invalidates every older JWT. Returns `None` unless the
    /// old one is still stored.
    pub(crate) async fn change_user_password(
        &self,
        id: UserId,
        old: StoredPassword,
        new: StoredPassword,
    ) -> Result<Option<i64>, DbErr> {
        let write = self.database.tx("change_user_password", move |tx| {
            let (old, new) = (old.clone(), new.clone());
            Box::pin(async move {
                let found = lock(tx, id).await?.filter(|row| row.password_hash == old.phc);
                let Some(row) = found else { return Ok(None) };
                let generation = row.generation + 1;
                let mut row = user::ActiveModel::from(row);
                row.password_scheme = Set(new.scheme);
                row.password_hash = Set(new.phc);
                row.generation = Set(generation);
                row.update(tx).await?;
                Ok(Some(generation))
            })
        });
        write.await
    }

    /// Invalidates every JWT of a user and, if requested, revokes every API token. Returns the tokens that it revoked, `None`
    /// if there is no such user.
    pub(crate) async fn sign_out_user(
        &self,
        id: UserId,
        revoke_tokens: bool,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<TokenHash>>, DbErr> {
        let write = self.database.tx("sign_out_user", move |tx| {
            Box::pin(async move {
                let Some(row) = lock(tx, id).await? else {
                    return Ok(None);
                };
                let generation = row.generation + 1;
                let mut row = user::ActiveModel::from(row);
                row.generation = Set(generation);
                row.update(tx).await?;
                let mut revoked = Vec::new();
                if revoke_tokens {
                    revoked = pro_tokens::list_active_hashes(tx, id).await?;
                    pro_tokens::revoke_all(tx, id, now).await?;
                }
                Ok(Some(revoked))
            })
        });
        write.await
    }

    /// Deletes a user with all API tokens and passwords of sandboxes. Returns those that were active, `None` if there is no such user.
    pub(crate) async fn delete_user(&self, id: UserId) -> Result<Option<Vec<TokenHash>>, DbErr> {
        let write = self.database.tx("delete_user", move |tx| {
            Box::pin(async move {
                if lock(tx, id).await?.is_none() {
                    return Ok(None);
                }
                let mut revoked = pro_tokens::list_active_hashes(tx, id).await?;
                revoked.extend(sandbox_credentials::list_active_of_user(tx, id).await?);
                pro_tokens::remove_all(tx, id).await?;
                audit_events::remove_of(tx, id).await?;
                sandbox_credentials::remove_all(tx, id).await?;
                user::Entity::delete_by_id(id).exec(tx).await?;
                Ok(Some(revoked))
            })
        });
        write.await
    }

    /// Returns a user's generation; `None` if there is no such user, or it is suspended.
    pub(crate) async fn find_user_generation(&self, id: UserId) -> Result<Option<i64>, DbErr> {
        let read = self.database.read("find_user_generation", |c| {
            let select = user::Entity::find_by_id(id)
                .select_only()
                .column(user::Column::Generation)
                .filter(user::Column::SuspendedAtSecs.is_null());
            Box::pin(async move { select.into_tuple().one(c).await })
        });
        read.await
    }
}
