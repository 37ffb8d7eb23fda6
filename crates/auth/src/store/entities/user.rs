//! A Pro user.

use mayfly_types::UserId;
use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    pub email: String,
    pub password_scheme: i16,
    pub password_hash: String,
    pub generation: i64,
    pub created_at_secs: i64,
    /// Set while an operator suspends the user.
    pub suspended_at_secs: Option<i64>,
    pub role: Role,
}

/// What a user can do beyond the own objects.
#[derive(Copy, Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Role {
    /// Nothing.
    User = 0,
    /// What operators do.
    Admin = 1,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
