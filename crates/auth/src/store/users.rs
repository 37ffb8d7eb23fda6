//! Pro users.

use mayfly_database::is_unique_violation;
use mayfly_types::UserId;
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use time::OffsetDateTime;

use super::{Store, credentials::Credential, entities::user, first_generation};
use crate::{
    error::Error,
    model::{email::Email, password::StoredPassword},
};

/// A Pro user with the credential.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) created_at_secs: i64,
    pub(crate) suspended_at_secs: Option<i64>,
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
            credential: Credential {
                password,
                generation: row.generation,
            },
        }
    }
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
