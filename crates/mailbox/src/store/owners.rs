//! The table `owners`: a row for each Pro user who has had anything here, there to be locked while something is counted.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::entities::owner::{ActiveModel, Column, Entity, Model};

/// Locks a Pro user until the transaction ends, so that concurrent calls count exactly.
pub(crate) async fn lock(c: &impl ConnectionTrait, user: Uuid) -> Result<(), DbErr> {
    lock_all(c, &[user]).await.map(drop)
}

/// The same for several, in the order of their ids.
pub(crate) async fn lock_all(c: &impl ConnectionTrait, users: &[Uuid]) -> Result<Vec<Model>, DbErr> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let nothing = OnConflict::column(Column::UserId).do_nothing().to_owned();
    let rows = users.iter().map(|user| ActiveModel {
        user_id: Set(*user),
        last_message_id: NotSet,
    });
    Entity::insert_many(rows)
        .on_conflict(nothing)
        .exec_without_returning(c)
        .await?;
    Entity::find()
        .filter(Column::UserId.is_in(users.iter().copied()))
        .order_by_asc(Column::UserId)
        .lock_exclusive()
        .all(c)
        .await
}

/// Notes the largest id that a message in any of a user's mailboxes has had.
pub(crate) async fn note_last_message(
    c: &impl ConnectionTrait,
    user: Uuid,
    message_id: Uuid,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::LastMessageId, Expr::value(message_id))
        .filter(Column::UserId.eq(user))
        .exec(c)
        .await
        .map(drop)
}

/// Lists the largest ids that messages of users have had, of those who have had any.
pub(crate) async fn list_last_message_ids(
    c: &impl ConnectionTrait,
    users: Vec<Uuid>,
) -> Result<Vec<(Uuid, Option<Uuid>)>, DbErr> {
    Entity::find()
        .select_only()
        .columns([Column::UserId, Column::LastMessageId])
        .filter(Column::UserId.is_in(users))
        .into_tuple()
        .all(c)
        .await
}
