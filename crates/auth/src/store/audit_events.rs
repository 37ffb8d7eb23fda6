//! The audit log of Pro users. Ids follow time, so they are the cursor.

use mayfly_types::{AuditEventId, TokenId, UserId, unix_millis};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};
use time::{Duration, OffsetDateTime};

use super::{
    Store,
    entities::audit_event::{ActiveModel, Column, Entity},
};
use crate::model::audit_event::{NewAuditEvent, Outcome};

pub(crate) use super::entities::audit_event::Model as AuditEvent;

/// Refusals that are recorded for each token in 24 hours; for the passwords of a user likewise.
const MAX_REFUSALS: u64 = 1_000;
const DAY: Duration = Duration::days(1);

/// Adds an event, unless it is there.
pub(super) async fn insert(c: &impl ConnectionTrait, event: NewAuditEvent) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(event.id),
        user_id: Set(event.user_id),
        at_ms: Set(unix_millis(event.at)),
        token_id: Set(event.actor.token),
        action: Set(event.action),
        object: Set(event.object),
        client_prefix: Set(event.actor.client.map(|client| client.to_string())),
        outcome: Set(event.outcome.as_str().to_owned()),
    };
    Entity::insert(row)
        .on_conflict(OnConflict::column(Column::Id).do_nothing().to_owned())
        .exec_without_returning(c)
        .await
        .map(drop)
}

/// Removes the log of a user.
pub(super) async fn remove_of(tx: &DatabaseTransaction, user_id: UserId) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::UserId.eq(user_id))
        .exec(tx)
        .await
        .map(drop)
}

async fn is_full(tx: &DatabaseTransaction, event: &NewAuditEvent) -> Result<bool, DbErr> {
    let whose = match event.actor.token {
        Some(token) => Column::TokenId.eq(token),
        None => Column::UserId.eq(event.user_id).and(Column::TokenId.is_null()),
    };
    let refusals = Entity::find()
        .filter(whose)
        .filter(Column::Id.gte(AuditEventId::floor(event.at - DAY)))
        .filter(Column::Outcome.ne(Outcome::Done.as_str()))
        .count(tx)
        .await?;
    Ok(refusals >= MAX_REFUSALS)
}

impl Store {
    /// Adds an event. One that is not [`Outcome::Done`] is dropped above a bound.
    pub(crate) async fn record_audit_event(&self, event: NewAuditEvent) -> Result<(), DbErr> {
        let write = self.database.tx("record_audit_event", move |tx| {
            let event = event.clone();
            Box::pin(async move {
                if event.outcome != Outcome::Done && is_full(tx, &event).await? {
                    return Ok(());
                }
                insert(tx, event).await
            })
        });
        write.await
    }

    /// Lists the events of a user, or of one token, before an event; newest first.
    pub(crate) async fn list_audit_events(
        &self,
        user_id: UserId,
        token: Option<TokenId>,
        before: Option<AuditEventId>,
        limit: u64,
    ) -> Result<Vec<AuditEvent>, DbErr> {
        let read = self.database.read("list_audit_events", |c| {
            let mut select = Entity::find()
                .filter(Column::UserId.eq(user_id))
                .order_by_desc(Column::Id)
                .limit(limit);
            if let Some(token) = token {
                select = select.filter(Column::TokenId.eq(token));
            }
            if let Some(before) = before {
                select = select.filter(Column::Id.lt(before));
            }
            Box::pin(async move { select.all(c).await })
        });
        read.await
    }

    /// Removes up to `limit` events from before a time. Returns how many.
    pub(crate) async fn sweep_audit_events(&self, before: OffsetDateTime, limit: u64) -> Result<u64, DbErr> {
        let write = self.database.tx("sweep_audit_events", move |tx| {
            Box::pin(async move {
                let old: Vec<AuditEventId> = Entity::find()
                    .select_only()
                    .column(Column::Id)
                    .filter(Column::Id.lt(AuditEventId::floor(before)))
                    .limit(limit)
                    .into_tuple()
                    .all(tx)
                    .await?;
                let removed = Entity::delete_many()
                    .filter(Column::Id.is_in(old))
                    .exec(tx)
                    .await?;
                Ok(removed.rows_affected)
            })
        });
        write.await
    }
}
