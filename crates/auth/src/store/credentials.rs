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
use crate::model::{
    mailbox_secret::{KeyHash, StoredSecret},
    password::StoredPassword,
};

/// What sign-in reads of a Pro user.
#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) password: StoredPassword,
    pub(crate) generation: i64,
}

/// What sign-in reads of a mailbox.
#[derive(Debug)]
pub(crate) struct MailboxCredential {
    pub(crate) secret: StoredSecret,
    pub(crate) generation: i64,
}

impl From<credential::Model> for MailboxCredential {
    fn from(row: credential::Model) -> Self {
        let password = StoredPassword {
            scheme: row.password_scheme,
            phc: row.password_hash,
        };
        let key_hash = row.auth_key_hash.and_then(|hash| hash.try_into().ok());
        Self {
            secret: StoredSecret {
                password,
                key_hash: key_hash.map(KeyHash),
            },
            generation: row.generation,
        }
    }
}

fn key_hash_column(secret: &StoredSecret) -> Option<Vec<u8>> {
    secret.key_hash.map(|hash| hash.0.to_vec())
}

impl Store {
    pub(crate) async fn find_credential(&self, id: AccountId) -> Result<Option<MailboxCredential>, DbErr> {
        let read = self.database.read("find_credential", |c| {
            Box::pin(credential::Entity::find_by_id(id).one(c))
        });
        Ok(read.await?.map(MailboxCredential::from))
    }

    /// Stores a mailbox's first secret if it has none. Returns the stored credential: this one or the existing one.
    pub(crate) async fn add_credential(
        &self,
        id: AccountId,
        secret: StoredSecret,
        now: OffsetDateTime,
    ) -> Result<MailboxCredential, DbErr> {
        let write = self.database.tx("add_credential", move |tx| {
            let row = credential::ActiveModel {
                account_id: Set(id),
                password_scheme: Set(secret.password.scheme),
                password_hash: Set(secret.password.phc.clone()),
                generation: Set(first_generation()),
                created_at_secs: Set(now.unix_timestamp()),
                auth_key_hash: Set(key_hash_column(&secret)),
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
                stored.map(MailboxCredential::from).ok_or_else(gone)
            })
        });
        write.await
    }

    /// Replaces a secret. Returns false if there is none.
    pub(crate) async fn reset_credential(&self, id: AccountId, secret: StoredSecret) -> Result<bool, DbErr> {
        let write = self.database.tx("reset_credential", move |tx| {
            let secret = secret.clone();
            Box::pin(async move {
                let found = credential::Entity::find_by_id(id)
                    .lock_exclusive()
                    .one(tx)
                    .await?;
                let Some(row) = found else { return Ok(false) };
                replace_secret(tx, row, secret).await.map(|()| true)
            })
        });
        write.await
    }

    /// Replaces the hashes of the same password, unless the password was changed concurrently.
    pub(crate) async fn refresh_credential(
        &self,
        id: AccountId,
        old: StoredSecret,
        new: StoredSecret,
    ) -> Result<(), DbErr> {
        let write = self.database.tx("refresh_credential", move |tx| {
            let key_hash = Expr::value(key_hash_column(&new));
            let update = credential::Entity::update_many()
                .col_expr(
                    credential::Column::PasswordScheme,
                    Expr::value(new.password.scheme),
                )
                .col_expr(
                    credential::Column::PasswordHash,
                    Expr::value(new.password.phc.clone()),
                )
                .col_expr(credential::Column::AuthKeyHash, key_hash)
                .filter(credential::Column::AccountId.eq(id))
                .filter(credential::Column::PasswordHash.eq(old.password.phc.clone()));
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

/// Writes a new secret and the next generation, which invalidates every older JWT.
async fn replace_secret(
    tx: &sea_orm::DatabaseTransaction,
    row: credential::Model,
    secret: StoredSecret,
) -> Result<(), DbErr> {
    let generation = row.generation + 1;
    let mut row = credential::ActiveModel::from(row);
    row.auth_key_hash = Set(key_hash_column(&secret));
    row.password_scheme = Set(secret.password.scheme);
    row.password_hash = Set(secret.password.phc);
    row.generation = Set(generation);
    row.update(tx).await.map(drop)
}
