//! The last use of tokens, and how often they were used on each day.

use std::collections::HashMap;

use mayfly_types::{ClientPrefix, TokenId, UserId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DatabaseTransaction, DbErr, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use super::{
    Store,
    entities::{
        pro_token,
        token_usage_day::{ActiveModel, Column, Entity},
    },
};

/// Seconds of a day.
const DAY_SECS: i64 = 86_400;
/// The days whose sums are shown, today included.
const SHOWN_DAYS: i64 = 30;
/// The days that are kept.
const KEPT_DAYS: i64 = 90;

/// Uses of a token since the last record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenUse {
    pub(crate) id: TokenId,
    /// The last one.
    pub(crate) at_secs: i64,
    /// Where the last one came from.
    pub(crate) client: Option<ClientPrefix>,
    pub(crate) calls: u32,
    pub(crate) refused: u32,
}

/// Sums over some days.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TokenUsage {
    pub(crate) calls: i64,
    pub(crate) refused: i64,
}

/// Removes the usage of a user's tokens.
pub(super) async fn remove_of(tx: &DatabaseTransaction, user_id: UserId) -> Result<(), DbErr> {
    let tokens: Vec<TokenId> = pro_token::Entity::find()
        .filter(pro_token::Column::UserId.eq(user_id))
        .select_only()
        .column(pro_token::Column::Id)
        .into_tuple()
        .all(tx)
        .await?;
    Entity::delete_many()
        .filter(Column::TokenId.is_in(tokens))
        .exec(tx)
        .await
        .map(drop)
}

/// Sets the last use of a token, unless one less than `min_interval_secs` before is recorded.
async fn touch(tx: &DatabaseTransaction, used: TokenUse, min_interval_secs: i64) -> Result<(), DbErr> {
    let is_due = Condition::any()
        .add(pro_token::Column::LastUsedAtSecs.is_null())
        .add(pro_token::Column::LastUsedAtSecs.lte(used.at_secs - min_interval_secs));
    let mut update = pro_token::Entity::update_many()
        .col_expr(pro_token::Column::LastUsedAtSecs, Expr::value(used.at_secs))
        .filter(pro_token::Column::Id.eq(used.id))
        .filter(is_due);
    // Counts that are recorded later have no client; the last known one stays.
    if let Some(client) = used.client {
        update = update.col_expr(pro_token::Column::LastUsedPrefix, Expr::value(client.to_string()));
    }
    update.exec(tx).await.map(drop)
}

/// Adds to the counts of the day of the last use.
async fn count(tx: &DatabaseTransaction, used: TokenUse) -> Result<(), DbErr> {
    let row = ActiveModel {
        token_id: Set(used.id),
        day: Set(used.at_secs.div_euclid(DAY_SECS)),
        calls: Set(i64::from(used.calls)),
        refused: Set(i64::from(used.refused)),
    };
    let sum = |column: Column, added: u32| Expr::col((Entity, column)).add(i64::from(added));
    let add = OnConflict::columns([Column::TokenId, Column::Day])
        .value(Column::Calls, sum(Column::Calls, used.calls))
        .value(Column::Refused, sum(Column::Refused, used.refused))
        .to_owned();
    Entity::insert(row)
        .on_conflict(add)
        .exec_without_returning(tx)
        .await
        .map(drop)
}

impl Store {
    /// Records uses of tokens. The time of a use less than `min_interval_secs` after the recorded one is dropped.
    pub(crate) async fn record_token_uses(
        &self,
        uses: Vec<TokenUse>,
        min_interval_secs: i64,
    ) -> Result<(), DbErr> {
        let write = self.database.tx("record_token_uses", move |tx| {
            let uses = uses.clone();
            Box::pin(async move {
                for used in uses {
                    if used.calls > 0 {
                        touch(tx, used, min_interval_secs).await?;
                    }
                    count(tx, used).await?;
                }
                Ok(())
            })
        });
        write.await
    }

    /// Sums the usage of some tokens in the last 30 days.
    pub(crate) async fn sum_token_usage(
        &self,
        tokens: Vec<TokenId>,
        now_secs: i64,
    ) -> Result<HashMap<TokenId, TokenUsage>, DbErr> {
        let first = now_secs.div_euclid(DAY_SECS) + 1 - SHOWN_DAYS;
        // PostgreSQL sums to a type of any length.
        let sum = |column| Expr::col(column).sum().cast_as("bigint");
        let read = self.database.read("sum_token_usage", |c| {
            let select = Entity::find()
                .select_only()
                .column(Column::TokenId)
                .column_as(sum(Column::Calls), "calls")
                .column_as(sum(Column::Refused), "refused")
                .filter(Column::TokenId.is_in(tokens.iter().copied()))
                .filter(Column::Day.gte(first))
                .group_by(Column::TokenId);
            Box::pin(async move { select.into_tuple::<(TokenId, i64, i64)>().all(c).await })
        });
        let sums = read.await?.into_iter();
        Ok(sums
            .map(|(id, calls, refused)| (id, TokenUsage { calls, refused }))
            .collect())
    }

    /// Removes the counts of days that are not kept any more. There are few a day. Returns how many.
    pub(crate) async fn sweep_token_usage(&self, now_secs: i64) -> Result<u64, DbErr> {
        let first = now_secs.div_euclid(DAY_SECS) + 1 - KEPT_DAYS;
        let write = self.database.tx("sweep_token_usage", move |tx| {
            let delete = Entity::delete_many().filter(Column::Day.lt(first));
            Box::pin(async move { Ok(delete.exec(tx).await?.rows_affected) })
        });
        write.await
    }
}
