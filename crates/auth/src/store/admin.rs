//! What operators change, with its entry of the audit log in the same transaction.

use mayfly_database::{
    audit::{self, Action, AuditEntry},
    is_unique_violation,
};
use mayfly_types::UserId;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use time::OffsetDateTime;

use super::{
    Store, User,
    entities::{
        pro_token,
        user::{self, Role},
    },
    first_generation,
};
use crate::{
    error::Error,
    model::{email::Email, password::StoredPassword},
};

/// What is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statistics {
    pub(crate) users: u64,
    pub(crate) suspended_users: u64,
    /// Not revoked.
    pub(crate) tokens: u64,
}

impl Store {
    /// Lists users whose e-mail address contains a text, oldest first.
    pub(crate) async fn list_users(
        &self,
        contains: String,
        after: Option<UserId>,
        limit: u64,
    ) -> Result<Vec<User>, DbErr> {
        let read = self.database.read("list_users", |c| {
            let mut select = user::Entity::find().order_by_asc(user::Column::Id).limit(limit);
            if !contains.is_empty() {
                select = select.filter(user::Column::Email.contains(&contains));
            }
            if let Some(after) = after {
                select = select.filter(user::Column::Id.gt(after));
            }
            Box::pin(async move { select.all(c).await })
        });
        Ok(read.await?.into_iter().map(User::from).collect())
    }

    /// Stores a new user. Fails with `EmailTaken` if the e-mail address is in use.
    pub(crate) async fn create_user_by_operator(
        &self,
        id: UserId,
        email: Email,
        password: StoredPassword,
        now: OffsetDateTime,
        action: Action,
    ) -> Result<(), Error> {
        let row = user::ActiveModel {
            id: Set(id),
            email: Set(email.into_string()),
            password_scheme: Set(password.scheme),
            password_hash: Set(password.phc),
            generation: Set(first_generation()),
            created_at_secs: Set(now.unix_timestamp()),
            suspended_at_secs: Set(None),
            role: Set(Role::User),
        };
        let write = self.database.tx("create_user_by_operator", move |tx| {
            let (row, action) = (row.clone(), action.clone());
            Box::pin(async move {
                user::Entity::insert(row).exec_without_returning(tx).await?;
                audit::record(tx, now, &action).await
            })
        });
        match write.await {
            Err(error) if is_unique_violation(&error) => Err(Error::EmailTaken),
            outcome => Ok(outcome?),
        }
    }

    /// Replaces a user's password, which invalidates every older JWT. Returns false if there is no such user.
    pub(crate) async fn reset_user(
        &self,
        id: UserId,
        password: StoredPassword,
        now: OffsetDateTime,
        action: Action,
    ) -> Result<bool, Error> {
        let write = self.database.tx("reset_user", move |tx| {
            let (password, action) = (password.clone(), action.clone());
            Box::pin(async move {
                let found = user::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
                let Some(row) = found else { return Ok(false) };
                let generation = row.generation + 1;
                let mut row = user::ActiveModel::from(row);
                row.password_scheme = Set(password.scheme);
                row.password_hash = Set(password.phc);
                row.generation = Set(generation);
                row.update(tx).await?;
                audit::record(tx, now, &action).await?;
                Ok::<_, DbErr>(true)
            })
        });
        Ok(write.await?)
    }

    /// Suspends or resumes a user. Returns false if there is no such user.
    pub(crate) async fn set_user_suspended(
        &self,
        id: UserId,
        is_suspended: bool,
        now: OffsetDateTime,
        action: Action,
    ) -> Result<bool, DbErr> {
        let write = self.database.tx("set_user_suspended", move |tx| {
            let action = action.clone();
            Box::pin(async move {
                let found = user::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
                let Some(row) = found else { return Ok(false) };
                let since = row.suspended_at_secs.unwrap_or(now.unix_timestamp());
                let mut row = user::ActiveModel::from(row);
                row.suspended_at_secs = Set(is_suspended.then_some(since));
                row.update(tx).await?;
                audit::record(tx, now, &action).await?;
                Ok(true)
            })
        });
        write.await
    }

    /// Replaces the role of a user. Returns false if there is no such user.
    pub(crate) async fn set_user_role(
        &self,
        id: UserId,
        role: Role,
        now: OffsetDateTime,
        action: Action,
    ) -> Result<bool, DbErr> {
        let write = self.database.tx("set_user_role", move |tx| {
            let action = action.clone();
            Box::pin(async move {
                let found = user::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
                let Some(row) = found else { return Ok(false) };
                let mut row = user::ActiveModel::from(row);
                row.role = Set(role);
                row.update(tx).await?;
                audit::record(tx, now, &action).await?;
                Ok(true)
            })
        });
        write.await
    }

    /// Returns whether a user has the role admin.
    pub(crate) async fn is_admin(&self, id: UserId) -> Result<bool, DbErr> {
        let read = self.database.read("find_admin", |c| {
            let select = user::Entity::find_by_id(id).filter(user::Column::Role.eq(Role::Admin));
            Box::pin(async move { select.one(c).await })
        });
        Ok(read.await?.is_some())
    }

    /// Returns whether a user with this generation of JWTs is suspended.
    pub(crate) async fn is_user_suspended(&self, id: UserId, generation: i64) -> Result<bool, DbErr> {
        let read = self.database.read("find_suspended_user", |c| {
            let select = user::Entity::find_by_id(id)
                .filter(user::Column::Generation.eq(generation))
                .filter(user::Column::SuspendedAtSecs.is_not_null());
            Box::pin(async move { select.one(c).await })
        });
        Ok(read.await?.is_some())
    }

    /// Counts users and active tokens.
    pub(crate) async fn count(&self) -> Result<Statistics, DbErr> {
        let read = self.database.read("get_statistics", |c| {
            Box::pin(async move {
                let suspended = user::Entity::find().filter(user::Column::SuspendedAtSecs.is_not_null());
                let tokens = pro_token::Entity::find().filter(pro_token::Column::RevokedAtSecs.is_null());
                Ok::<_, DbErr>(Statistics {
                    users: user::Entity::find().count(c).await?,
                    suspended_users: suspended.count(c).await?,
                    tokens: tokens.count(c).await?,
                })
            })
        });
        read.await
    }

    /// Lists the newest entries of the audit log, newest first.
    pub(crate) async fn list_audit(&self, limit: u64) -> Result<Vec<AuditEntry>, DbErr> {
        let read = self
            .database
            .read("list_audit", |c| Box::pin(audit::list(c, limit)));
        read.await
    }
}
