//! Passwords and generations of mailboxes.

use mayfly_types::AccountId;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use time::OffsetDateTime;

use super::{Store, entities::credential, first_generation};
use crate::model::password::StoredPassword;

/// What sign-in reads of a subject.
#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) password: StoredPassword,
    pub(crate) generation: i64,
}

impl From<credential::Model> for Credential {
    fn from(row: credential::Model) -> Self {
        let password = StoredPassword {
            scheme: row.password_scheme,
            phc: row.password_hash,
        };
        Self {
            password,
            generation: row.generation,
        }
    }
}

impl Store {
    pub(crate) async fn find_credential(&self, id: AccountId) -> Result<Option<Credential>, DbErr> {
        let read = self.database.read("find_credential", |c| {
            Box::pin(credential::Entity::find_by_id(id).one(c))
        });
        Ok(read.await?.map(Credential::from))
    }

    /// Stores a mailbox's first password if it has none. Returns the stored credential: this one or the existing one.
    pub(crate) async fn add_credential(
        &self,
        id: AccountId,
        password: StoredPassword,
        now: OffsetDateTime,
    ) -> Result<Credential, DbErr> {
        let write = self.database.tx("add_credential", move |tx| {
            let row = credential::ActiveModel {
                account_id: Set(id),
                password_scheme: Set(password.scheme),
                password_hash: Set(password.phc.clone()),
                generation: Set(first_generation()),
                created_at_secs: Set(now.unix_timestamp()),
            };
            let keep_existing = OnConflict::column(credential::Column::AccountId)
                .do_nothing()
                .to_owned();
            Box::pin(async move {
                credential::Entity::insert(row)
                    .on_conflict(keep_existing)
                    .exec_without_returning(tx)
                    .await?;
                let stored = credential::Entity::find_by_id(id).one(tx).await?;
                let gone = || DbErr::RecordNotFound("deleted concurrently".to_owned());
                stored.map(Credential::from).ok_or_else(gone)
            })
        });
        write.await
    }

    /// Replaces a password. Returns false if there is none.
    pub(crate) async fn reset_credential(
        &self,
        id: AccountId,
        password: StoredPassword,
    ) -> Result<bool, DbErr> {
        let write = self.database.tx("reset_credential", move |tx| {
            let password = password.clone();
            Box::pin(async move {
                let found = credential::Entity::find_by_id(id)
                    .lock_exclusive()
                    .one(tx)
                    .await?;
                let Some(row) = found else { return Ok(false) };
                replace_password(tx, row, password).await.map(|()| true)
            })
        });
        write.await
    }

    /// Replaces the hash of the same password, unless the password was changed concurrently.
    pub(crate) async fn rehash_credential(
        &self,
        id: AccountId,
        old: StoredPassword,
        new: StoredPassword,
    ) -> Result<(), DbErr> {
        let write = self.database.tx("rehash_credential", move |tx| {
            let update = credential::Entity::update_many()
                .col_expr(credential::Column::PasswordScheme, Expr::value(new.scheme))
                .col_expr(credential::Column::PasswordHash, Expr::value(new.phc.clone()))
                .filter(credential::Column::AccountId.eq(id))
                .filter(credential::Column::PasswordHash.eq(old.phc.clone()));
            Box::pin(async move { update.exec(tx).await.map(drop) })
        });
        write.await
    }

    pub(crate) async fn delete_credential(&self, id: AccountId) -> Result<(), DbErr> {
        let write = self.database.tx("delete_credential", move |tx| {
            Box::pin(async move { credential::Entity::delete_by_id(id).exec(tx).await.map(drop) })
        });
        write.await
    }

    /// Returns a mailbox's generation; `None` if it has no credential.
    pub(crate) async fn find_account_generation(&self, id: AccountId) -> Result<Option<i64>, DbErr> {
        let read = self.database.read("find_account_generation", |c| {
            let select = credential::Entity::find_by_id(id)
                .select_only()
                .column(credential::Column::Generation);
            Box::pin(async move { select.into_tuple().one(c).await })
        });
        read.await
    }
}

/// Writes a new password and the next generation, which invalidates every older JWT.
async fn replace_password(
    tx: &sea_orm::DatabaseTransaction,
    row: credential::Model,
    password: StoredPassword,
) -> Result<(), DbErr> {
    let generation = row.generation + 1;
    let mut row = credential::ActiveModel::from(row);
    row.password_scheme = Set(password.scheme);
    row.password_hash = Set(password.phc);
    row.generation = Set(generation);
    row.update(tx).await.map(drop)
}
