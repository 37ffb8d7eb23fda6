//! Pro users.

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
};
use mayfly_proto::{
    auth::{
        DeleteUserRequest, GetUserRequest, InviteUserRequest, ListUsersRequest, ResetUserPasswordRequest,
        SetUserRoleRequest, SetUserSuspendedRequest, UserRole,
    },
    mailbox::{DeleteOwnerByOperatorRequest, SetSuspendedRequest, set_suspended_request::Target},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Services,
    failure::{Body, Parameters, Rejection},
    guard::Operator,
};

/// Which users are listed.
#[derive(Debug, Deserialize)]
pub(crate) struct Filter {
    #[serde(default)]
    contains: String,
    after: Option<String>,
    #[serde(default = "default_limit")]
    limit: u32,
}

fn default_limit() -> u32 {
    100
}

/// `GET /users`
pub(crate) async fn list(
    State(mut services): State<Services>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Json<Value>, Rejection> {
    let request = ListUsersRequest {
        contains: filter.contains,
        after_user_id: filter.after,
        limit: filter.limit,
    };
    let users = services.auth.list_users(request).await?.into_inner().users;
    let users: Vec<Value> = users
        .into_iter()
        .map(|user| {
            json!({
                "id": user.user_id,
                "email": user.email,
                "created_at": user.created_at,
                "suspended_at": user.suspended_at,
                "role": role_name(user.role()),
            })
        })
        .collect();
    Ok(Json(json!({"users": users})))
}

fn role_name(role: UserRole) -> &'static str {
    match role {
        UserRole::Admin => "admin",
        UserRole::User | UserRole::Unspecified => "user",
    }
}

/// The body of an invitation.
#[derive(Debug, Deserialize)]
pub(crate) struct Invitation {
    email: String,
}

/// `POST /users`
pub(crate) async fn invite(
    State(mut services): State<Services>,
    Extension(Operator(operator)): Extension<Operator>,
    Body(invitation): Body<Invitation>,
) -> Result<(StatusCode, Json<Value>), Rejection> {
    let request = InviteUserRequest {
        email: invitation.email,
        operator: operator.to_string(),
    };
    let user = services.auth.invite_user(request).await?.into_inner();
    let body = json!({"id": user.user_id, "email": user.email, "password": user.password});
    Ok((StatusCode::CREATED, Json(body)))
}

/// `POST /users/{id}/password`
pub(crate) async fn reset_password(
    State(mut services): State<Services>,
    Extension(Operator(operator)): Extension<Operator>,
    Path(user_id): Path<String>,
) -> Result<Json<Value>, Rejection> {
    let request = ResetUserPasswordRequest {
        user_id,
        operator: operator.to_string(),
    };
    let reset = services.auth.reset_user_password(request).await?.into_inner();
    Ok(Json(json!({"password": reset.password})))
}

/// `DELETE /users/{id}`. A repeated call completes one that failed in between: the user is in `auth` until the end.
pub(crate) async fn delete(
    State(mut services): State<Services>,
    Extension(Operator(operator)): Extension<Operator>,
    Path(user_id): Path<String>,
) -> Result<StatusCode, Rejection> {
    let known = GetUserRequest {
        user_id: user_id.clone(),
    };
    services.users.get_user(known).await?;
    let request = DeleteOwnerByOperatorRequest {
        owner_user_id: user_id.clone(),
        operator: operator.to_string(),
    };
    services.mailbox.delete_owner_by_operator(request).await?;
    services.users.delete_user(DeleteUserRequest { user_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The body of a suspension.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Suspension {
    #[serde(default)]
    pub(crate) reason: String,
}

/// `POST /users/{id}/suspend`
pub(crate) async fn suspend(
    State(services): State<Services>,
    Extension(operator): Extension<Operator>,
    Path(user_id): Path<String>,
    Body(suspension): Body<Suspension>,
) -> Result<Json<Value>, Rejection> {
    set_suspended(services, operator, user_id, true, suspension.reason).await
}

/// `POST /users/{id}/resume`
pub(crate) async fn resume(
    State(services): State<Services>,
    Extension(operator): Extension<Operator>,
    Path(user_id): Path<String>,
) -> Result<Json<Value>, Rejection> {
    set_suspended(services, operator, user_id, false, String::new()).await
}

/// Changes the user first, so that a suspended one cannot create mailboxes meanwhile. A repeated call completes one that failed
/// in between.
async fn set_suspended(
    mut services: Services,
    Operator(operator): Operator,
    user_id: String,
    suspended: bool,
    reason: String,
) -> Result<Json<Value>, Rejection> {
    let request = SetUserSuspendedRequest {
        user_id: user_id.clone(),
        suspended,
        reason: reason.clone(),
        operator: operator.to_string(),
    };
    services.auth.set_user_suspended(request).await?;
    let request = SetSuspendedRequest {
        target: Some(Target::OwnerUserId(user_id)),
        suspended,
        reason,
        operator: operator.to_string(),
    };
    let changed = services
        .mailbox
        .set_suspended(request)
        .await?
        .into_inner()
        .changed;
    Ok(Json(json!({"accounts": changed})))
}

/// A role that operators give.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    Admin,
}

/// The body of a change of the role.
#[derive(Debug, Deserialize)]
pub(crate) struct NewRole {
    role: Role,
}

/// `PUT /users/{id}/role`
pub(crate) async fn set_role(
    State(mut services): State<Services>,
    Extension(Operator(operator)): Extension<Operator>,
    Path(user_id): Path<String>,
    Body(NewRole { role }): Body<NewRole>,
) -> Result<StatusCode, Rejection> {
    let role = match role {
        Role::User => UserRole::User,
        Role::Admin => UserRole::Admin,
    };
    let request = SetUserRoleRequest {
        user_id,
        role: role.into(),
        operator: operator.to_string(),
    };
    services.auth.set_user_role(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
