//! The table `clock_marks`.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, sea_query::OnConflict};

use super::entities::clock_mark::{Column, Entity, Model};

/// The id of the only row.
const ID: i16 = 1;

/// Returns the mark; `None` before the first start.
pub(crate) async fn find(c: &impl ConnectionTrait) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(ID).one(c).await
}

/// Stores the mark.
pub(crate) async fn set(c: &impl ConnectionTrait, mark: Model) -> Result<(), DbErr> {
    let update = OnConflict::column(Column::Id)
        .update_columns([Column::TrustedMs, Column::SeenMs, Column::SuspectSinceMs])
        .to_owned();
    Entity::insert(Model { id: ID, ..mark }.into_active_model())
        .on_conflict(update)
        .exec_without_returning(c)
        .await
        .map(drop)
}
