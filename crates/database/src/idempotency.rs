//! Calls that may come again with an Idempotency-Key: what each answered is kept, sealed, by the transaction that had its
//! effect, so that there is neither without the other. Each service has the table in its own database, and sweeps it.

mod entry;

use aws_lc_rs::digest::{self, SHA256};
use mayfly_types::{ErrorCode, Reason, SecretKey, UserId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use secrecy::{ExposeSecret, zeroize::Zeroizing};
use serde::{Serialize, de::DeserializeOwned};
use time::{Duration, OffsetDateTime};

use self::entry::{ActiveModel, Column, Entity};
use mayfly_runtime::seal::SealingKey;

/// For how long a key is remembered.
const KEPT: Duration = Duration::hours(24);

/// A call that may come again.
#[derive(Debug, Clone)]
pub struct Call {
    /// Of what it does, who calls, and the key that they chose.
    id: [u8; 32],
    /// Of what it asks for.
    fingerprint: [u8; 32],
}

impl Call {
    /// Tells apart what is done, by whom, under which key; and what is asked for by its fields, in an order of their own.
    #[must_use]
    pub fn new(operation: &str, caller: UserId, key: &str, fields: &[&str]) -> Self {
        let caller = caller.to_string();
        Self {
            id: digest(&[operation, &caller, key]),
            fingerprint: digest(fields),
        }
    }
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut context = digest::Context::new(&SHA256);
    for part in parts {
        // Its length comes first, so that no part can run over into the next.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Why a key that came before gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It came with another request.
    #[error("this Idempotency-Key came with another request before")]
    KeyReused,
    /// No key of ours opens the answer any more. That the call had its effect is certain, so it must not have it again.
    #[error("this was done before, and its answer cannot be read any more: look at what there is")]
    AnswerGone,
}

impl Refused {
    /// Returns what kind of failure it is.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        ErrorCode::FailedPrecondition
    }

    /// Returns the stable name that callers branch on.
    #[must_use]
    pub fn reason(self) -> Reason {
        match self {
            Self::KeyReused => Reason::IdempotencyKeyReused,
            Self::AnswerGone => Reason::IdempotencyAnswerGone,
        }
    }
}

/// The answers that are kept, and the keys that they are sealed with.
#[derive(Debug)]
pub struct Answers(Vec<SealingKey>);

impl Answers {
    /// Takes over a service's keys, for this purpose alone: all open, the first seals.
    #[must_use]
    pub fn new(keys: &[SecretKey]) -> Self {
        let derived = |key| SealingKey::derived(key, b"mayfly idempotency answers");
        Self(keys.iter().map(derived).collect())
    }

    /// Has an effect, or gives the answer of the same call before. Of calls at one moment the others wait for the first; an
    /// effect that fails is not remembered.
    ///
    /// # Errors
    /// What the effect returned, why there is no answer, or the database's failure.
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

    /// Keeps the same call elsewhere waiting until this transaction ends, and returns what it answered before.
    ///
    /// # Errors
    /// Why there is no answer, or the database's failure.
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
                created_at_ms: Set(millis(now)),
            };
            let nothing = OnConflict::column(Column::Id).do_nothing().to_owned();
            let inserted = Entity::insert(row).on_conflict(nothing);
            if inserted.exec_without_returning(tx).await? > 0 {
                return Ok(None);
            }
            let found = Entity::find_by_id(call.id.to_vec()).lock_exclusive().one(tx);
            // What was swept between the two statements is inserted again.
            if let Some(found) = found.await? {
                break found;
            }
        };
        // One that is yet to be swept is as good as gone.
        if found.created_at_ms <= millis(now - KEPT) {
            return Ok(None);
        }
        if found.fingerprint != call.fingerprint {
            return Err(Refused::KeyReused.into());
        }
        let mut opened = self.0.iter().map(|key| key.open(&call.id, &found.sealed_answer));
        let answer = opened.find_map(Result::ok).ok_or(Refused::AnswerGone)?;
        let answer = serde_json::from_slice(answer.expose_secret());
        Ok(Some(answer.map_err(|_| Refused::AnswerGone)?))
    }

    /// Keeps the answer of a call that was begun in this transaction.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn finish<T: Serialize>(
        &self,
        tx: &DatabaseTransaction,
        call: &Call,
        answer: &T,
        now: OffsetDateTime,
    ) -> Result<(), DbErr> {
        let answer = serde_json::to_vec(answer).map_err(|error| DbErr::Custom(error.to_string()))?;
        let answer = Zeroizing::new(answer);
        let key = self.0.first();
        let key = key.ok_or_else(|| DbErr::Custom("no key seals answers".to_owned()))?;
        Entity::update_many()
            .col_expr(Column::Fingerprint, Expr::value(call.fingerprint.to_vec()))
            .col_expr(Column::SealedAnswer, Expr::value(key.seal(&call.id, &answer)))
            .col_expr(Column::CreatedAtMs, Expr::value(millis(now)))
            .filter(Column::Id.eq(call.id.to_vec()))
            .exec(tx)
            .await
            .map(drop)
    }
}

/// Removes some of what has been kept for long enough. Returns how much.
///
/// # Errors
/// The database's failure.
pub async fn sweep(tx: &DatabaseTransaction, now: OffsetDateTime, limit: u64) -> Result<u64, DbErr> {
    let old: Vec<Vec<u8>> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::CreatedAtMs.lte(millis(now - KEPT)))
        .order_by_asc(Column::CreatedAtMs)
        .limit(limit)
        // Looked at again once it is locked: one that is taken anew at this moment stays.
        .lock_exclusive()
        .into_tuple()
        .all(tx)
        .await?;
    if old.is_empty() {
        return Ok(0);
    }
    let removed = Entity::delete_many()
        .filter(Column::Id.is_in(old))
        .exec(tx)
        .await?;
    Ok(removed.rows_affected)
}

fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
