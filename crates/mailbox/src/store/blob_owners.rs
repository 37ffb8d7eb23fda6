//! The table `blob_owners`.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};

use super::entities::blob_owner::{ActiveModel, Column, Entity, Model};

/// The id of the only row.
const ID: i16 = 1;

/// Returns the marks; `None` for a database that has no store of blobs.
pub(crate) async fn find(c: &impl ConnectionTrait) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(ID).one(c).await
}

/// Stores the first mark, unless there is one.
pub(crate) async fn insert(c: &impl ConnectionTrait, mark: String) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(ID),
        mark: Set(mark),
        previous: Set(None),
    };
    let nothing = OnConflict::column(Column::Id).do_nothing().to_owned();
    Entity::insert(row)
        .on_conflict(nothing)
        .exec_without_returning(c)
        .await
        .map(drop)
}

/// Replaces a mark, if it is the newest.
pub(crate) async fn replace(c: &impl ConnectionTrait, mark: &str, next: String) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Mark, Expr::value(next))
        .col_expr(Column::Previous, Expr::value(mark))
        .filter(Column::Mark.eq(mark))
        .exec(c)
        .await
        .map(drop)
}

/// Removes the marks.
pub(crate) async fn remove(c: &impl ConnectionTrait) -> Result<(), DbErr> {
    Entity::delete_many().exec(c).await.map(drop)
}
