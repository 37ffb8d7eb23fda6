//! The table `acme_states`.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, sea_query::OnConflict};

use super::entities::acme_state::{Column, Entity, Model};

/// The id of the only row.
const ID: i16 = 1;

/// Returns the sealed state; `None` before the first order.
pub(crate) async fn find(c: &impl ConnectionTrait) -> Result<Option<Vec<u8>>, DbErr> {
    let found = Entity::find_by_id(ID).one(c).await?;
    Ok(found.map(|row| row.sealed_state))
}

/// Stores the sealed state.
pub(crate) async fn set(c: &impl ConnectionTrait, sealed_state: Vec<u8>) -> Result<(), DbErr> {
    let update = OnConflict::column(Column::Id)
        .update_column(Column::SealedState)
        .to_owned();
    let row = Model { id: ID, sealed_state };
    Entity::insert(row.into_active_model())
        .on_conflict(update)
        .exec_without_returning(c)
        .await
        .map(drop)
}
