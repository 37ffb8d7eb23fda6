//! Idempotency keys: the answer of a call with an Idempotency-Key is stored, sealed, in the transaction of its effect, so
//! neither exists without the other. Each service has the table `idempotency_keys` in its own database, and sweeps it.

mod entry;

use aws_lc_rs::digest::{self, SHA256};
use mayfly_types::{ErrorCode, Reason, SecretKey, UserId, unix_millis};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use sea_orm_migration::{
    prelude::{Index, SchemaManager, Table},
    schema::{big_integer, binary_len, blob},
};
use secrecy::{ExposeSecret, zeroize::Zeroizing};
use serde::{Serialize, de::DeserializeOwned};
use time::{Duration, OffsetDateTime};

use self::entry::{ActiveModel, Column, Entity};
use mayfly_runtime::seal::SealingKey;

/// How long a key is stored.
const TTL: Duration = Duration::hours(24);
/// Keys of one caller that are stored at the same time: one every nine seconds.
const MAX_KEYS_PER_OWNER: u64 = 10_000;
/// The first bytes of an id are a hash of the caller, so that the primary key also counts a caller's keys.
const CALLER_BYTES: usize = 8;

/// A call with an Idempotency-Key.
#[derive(Debug, Clone)]
pub struct Call {
    /// Hash of the caller, and of the operation, the caller and the key.
    id: [u8; 32],
    /// Hash of the request.
    fingerprint: [u8; 32],
}

impl Call {
    /// Identifies a call by operation, caller and key, and its request by the fields in a fixed order.
    #[must_use]
    pub fn new(operation: &str, caller: UserId, key: &str, fields: &[&str]) -> Self {
        let caller = caller.to_string();
        let mut id = digest(&[operation, &caller, key]);
        id[..CALLER_BYTES].copy_from_slice(&digest(&[&caller])[..CALLER_BYTES]);
        Self {
            id,
            fingerprint: digest(fields),
        }
    }
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut context = digest::Context::new(&SHA256);
    for part in parts {
        // The length comes first, so that different parts never hash the same.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Why a repeated key gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The key was used with another request.
    #[error("this Idempotency-Key was used with another request")]
    KeyReused,
    /// No sealing key opens the answer any more. The operation has already been applied, so it is not applied again.
    #[error(
        "the operation has been applied before, and its answer cannot be read any more: check the current state"
    )]
    AnswerGone,
    /// The caller has used too many keys since yesterday.
    #[error("too many Idempotency-Keys in 24 hours")]
    TooManyKeys,
}

impl Refused {
    /// Returns the error code.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        match self {
            Self::KeyReused | Self::AnswerGone => ErrorCode::FailedPrecondition,
            Self::TooManyKeys => ErrorCode::RateLimited,
        }
    }

    /// Returns the stable reason.
    #[must_use]
    pub fn reason(self) -> Reason {
        match self {
            Self::KeyReused => Reason::IdempotencyKeyReused,
            Self::AnswerGone => Reason::IdempotencyAnswerGone,
            Self::TooManyKeys => Reason::RateLimited,
        }
    }
}

/// The stored answers, and the keys that seal them.
#[derive(Debug)]
pub struct Answers {
    keys: Vec<SealingKey>,
    max_keys_per_owner: u64,
}

impl Answers {
    /// Derives sealing keys from the keys of a service. The first seals; all open.
    #[must_use]
    pub fn new(keys: &[SecretKey]) -> Self {
        let derived = |key| SealingKey::derived(key, b"mayfly idempotency answers");
        Self {
            keys: keys.iter().map(derived).collect(),
            max_keys_per_owner: MAX_KEYS_PER_OWNER,
        }
    }

    /// Applies an effect, or returns the stored answer of the same call. Of concurrent calls one proceeds and the others wait
    /// for it. A failed effect is not stored.
    ///
    /// # Errors
    /// The error of the effect or of the database, or why there is no answer.
    pub async fn once<T, E>(
        &self,
        tx: &DatabaseTransaction,
        call: Option<&Call>,
        now: OffsetDateTime,
        effect: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<DbErr> + From<Refused>,
    {
        let Some(call) = call else {
            return effect.await;
        };
        if let Some(answer) = self.begin::<T, E>(tx, call, now).await? {
            return Ok(answer);
        }
        let answer = effect.await?;
        self.finish(tx, call, &answer, now).await?;
        Ok(answer)
    }

    /// Locks the key until this transaction ends, so that the same call waits, and returns the stored answer.
    ///
    /// # Errors
    /// Why there is no answer, or the error of the database.
    pub async fn begin<T, E>(
        &self,
        tx: &DatabaseTransaction,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Option<T>, E>
    where
        T: DeserializeOwned,
        E: From<DbErr> + From<Refused>,
    {
        let found = loop {
            let row = ActiveModel {
                id: Set(call.id.to_vec()),
                fingerprint: Set(call.fingerprint.to_vec()),
                sealed_answer: Set(Vec::new()),
                created_at_ms: Set(unix_millis(now)),
            };
            let nothing = OnConflict::column(Column::Id).do_nothing().to_owned();
            let inserted = Entity::insert(row).on_conflict(nothing);
            if inserted.exec_without_returning(tx).await? > 0 {
                let is_over = is_over(tx, call, self.max_keys_per_owner).await?;
                return if is_over {
                    Err(Refused::TooManyKeys.into())
                } else {
                    Ok(None)
                };
            }
            let found = Entity::find_by_id(call.id.to_vec()).lock_exclusive().one(tx);
            // A row that was swept between the two statements is inserted again.
            if let Some(found) = found.await? {
                break found;
            }
        };
        // An expired row that is not swept yet counts as absent.
        if found.created_at_ms <= unix_millis(now - TTL) {
            return Ok(None);
        }
        if found.fingerprint != call.fingerprint {
            return Err(Refused::KeyReused.into());
        }
        let mut opened = self
            .keys
            .iter()
            .map(|key| key.open(&call.id, &found.sealed_answer));
        let answer = opened.find_map(Result::ok).ok_or(Refused::AnswerGone)?;
        let answer = serde_json::from_slice(answer.expose_secret());
        Ok(Some(answer.map_err(|_| Refused::AnswerGone)?))
    }

    /// Stores the answer of a call that began in this transaction.
    ///
    /// # Errors
    /// The error of the database.
    pub async fn finish<T: Serialize>(
        &self,
        tx: &DatabaseTransaction,
        call: &Call,
        answer: &T,
        now: OffsetDateTime,
    ) -> Result<(), DbErr> {
        let answer = serde_json::to_vec(answer).map_err(|error| DbErr::Custom(error.to_string()))?;
        let answer = Zeroizing::new(answer);
        let key = self.keys.first();
        let key = key.ok_or_else(|| DbErr::Custom("no key seals answers".to_owned()))?;
        Entity::update_many()
            .col_expr(Column::Fingerprint, Expr::value(call.fingerprint.to_vec()))
            .col_expr(Column::SealedAnswer, Expr::value(key.seal(&call.id, &answer)))
            .col_expr(Column::CreatedAtMs, Expr::value(unix_millis(now)))
            .filter(Column::Id.eq(call.id.to_vec()))
            .exec(tx)
            .await
            .map(drop)
    }
}

/// Tells whether the caller of a call has more keys than a number. A range of the primary key has them all.
async fn is_over(tx: &DatabaseTransaction, call: &Call, max: u64) -> Result<bool, DbErr> {
    let [mut first, mut last] = [[0; 32], [u8::MAX; 32]];
    first[..CALLER_BYTES].copy_from_slice(&call.id[..CALLER_BYTES]);
    last[..CALLER_BYTES].copy_from_slice(&call.id[..CALLER_BYTES]);
    let beyond: Option<Vec<u8>> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Id.between(first.to_vec(), last.to_vec()))
        .order_by_asc(Column::Id)
        .offset(max)
        .limit(1)
        .into_tuple()
        .one(tx)
        .await?;
    Ok(beyond.is_some())
}

/// Deletes up to `limit` expired keys. Returns how many.
///
/// # Errors
/// The error of the database.
pub async fn sweep(tx: &DatabaseTransaction, now: OffsetDateTime, limit: u64) -> Result<u64, DbErr> {
    let expired: Vec<Vec<u8>> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::CreatedAtMs.lte(unix_millis(now - TTL)))
        .order_by_asc(Column::CreatedAtMs)
        .limit(limit)
        // PostgreSQL checks the filter again after locking: a key that was renewed meanwhile stays.
        .lock_exclusive()
        .into_tuple()
        .all(tx)
        .await?;
    if expired.is_empty() {
        return Ok(0);
    }
    let removed = Entity::delete_many()
        .filter(Column::Id.is_in(expired))
        .exec(tx)
        .await?;
    Ok(removed.rows_affected)
}

/// Creates the table `idempotency_keys`, for a migration of a service that keeps answers.
///
/// # Errors
/// The error of the database.
pub async fn create_table(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(Entity)
        .col(binary_len(Column::Id, 32).primary_key())
        .col(binary_len(Column::Fingerprint, 32))
        .col(blob(Column::SealedAnswer))
        .col(big_integer(Column::CreatedAtMs))
        .to_owned();
    manager.create_table(table).await?;
    // For the sweeper.
    let by_age = Index::create()
        .name("idempotency_keys_created_at")
        .table(Entity)
        .col(Column::CreatedAtMs)
        .to_owned();
    manager.create_index(by_age).await
}

#[cfg(test)]
mod tests;
