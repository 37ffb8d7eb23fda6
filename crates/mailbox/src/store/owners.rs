//! The table `owners`: a row for each Pro user who has had anything here, there to be locked while something is counted.

use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, QuerySelect, sea_query::OnConflict};
use uuid::Uuid;

use super::entities::owner::{ActiveModel, Column, Entity};

/// Keeps others from counting what a Pro user has until the transaction ends.
pub(crate) async fn lock(c: &impl ConnectionTrait, user: Uuid) -> Result<(), DbErr> {
    let nothing = OnConflict::column(Column::UserId).do_nothing().to_owned();
    Entity::insert(ActiveModel { user_id: Set(user) })
        .on_conflict(nothing)
        .exec_without_returning(c)
        .await?;
    Entity::find_by_id(user).lock_exclusive().one(c).await.map(drop)
}
