//! Users with the role admin: which sessions are authorized, and that the end of the role holds at once.

use mayfly_proto::auth::{
    AuthorizeOperatorRequest, GetUserRequest, ListAuthAuditRequest, ListUsersRequest, SetUserRoleRequest,
    SetUserSuspendedRequest, UserRole, auth_admin_client::AuthAdminClient,
};
use mayfly_rpc::{Transport, local};
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, Reason};

use crate::support::{Answer, TestUser, World, refused};

db_test!(
    authorize_operator_accepts_sessions_of_admins_only,
    set_user_role_is_shown_and_audited,
);

const UNKNOWN: &str = "0190a0b0-0000-7000-8000-000000000000";

fn operators(world: &World) -> AuthAdminClient<Transport> {
    AuthAdminClient::new(local(world.auth.admin_server()))
}

async fn set_role(world: &World, user_id: &str, role: UserRole) -> Answer<()> {
    let request = SetUserRoleRequest {
        user_id: user_id.to_owned(),
        role: role.into(),
        operator: "ann".to_owned(),
    };
    Ok(operators(world).set_user_role(request).await.map(drop)?)
}

async fn authorize(world: &World, token: &str) -> Answer<String> {
    let token = token.to_owned();
    let authorized = operators(world)
        .authorize_operator(AuthorizeOperatorRequest { token })
        .await?;
    Ok(authorized.into_inner().user_id)
}

async fn admin(world: &World) -> TestUser {
    let user = world.user().await;
    set_role(world, &user.id, UserRole::Admin).await.unwrap();
    user
}

async fn authorize_operator_accepts_sessions_of_admins_only(db: Db) {
    let world = World::new(db).await;
    let (admin, other) = (admin(&world).await, world.user().await);
    let token = world.create_token(&admin.id, "ci").await.unwrap();
    let (_, mailbox) = world.account().await;
    assert_eq!(authorize(&world, &admin.jwt).await.unwrap(), admin.id);
    for valid in [&token.value, &other.jwt, &mailbox] {
        refused(
            authorize(&world, valid).await,
            ErrorCode::NotFound,
            Reason::NotFound,
        );
    }
    let damaged = format!("{}x", admin.jwt);
    for invalid in ["", "nonsense", &damaged] {
        let refusal = authorize(&world, invalid).await;
        refused(refusal, ErrorCode::Unauthenticated, Reason::InvalidToken);
    }

    let suspend = SetUserSuspendedRequest {
        user_id: admin.id.clone(),
        suspended: true,
        operator: "ann".to_owned(),
        ..SetUserSuspendedRequest::default()
    };
    operators(&world).set_user_suspended(suspend).await.unwrap();
    refused(
        authorize(&world, &admin.jwt).await,
        ErrorCode::PermissionDenied,
        Reason::AccountSuspended,
    );
}

async fn set_user_role_is_shown_and_audited(db: Db) {
    let world = World::new(db).await;
    let user = admin(&world).await;
    let shown = async || {
        let request = GetUserRequest {
            user_id: user.id.clone(),
        };
        let got = world.client().get_user(request).await.unwrap().into_inner();
        let request = ListUsersRequest {
            contains: user.email.clone(),
            limit: 10,
            ..ListUsersRequest::default()
        };
        let listed = operators(&world).list_users(request).await.unwrap();
        assert_eq!(listed.into_inner().users[0].role(), got.role());
        got.role()
    };
    assert_eq!(shown().await, UserRole::Admin);
    set_role(&world, &user.id, UserRole::User).await.unwrap();
    assert_eq!(shown().await, UserRole::User);

    let unspecified = set_role(&world, &user.id, UserRole::Unspecified).await;
    refused(unspecified, ErrorCode::InvalidArgument, Reason::InvalidRequest);
    for unknown in [UNKNOWN, "1"] {
        let refusal = set_role(&world, unknown, UserRole::Admin).await;
        refused(refusal, ErrorCode::NotFound, Reason::NotFound);
    }
    let request = ListAuthAuditRequest { limit: 10 };
    let audit = operators(&world).list_auth_audit(request).await.unwrap();
    let entries: Vec<_> = audit
        .into_inner()
        .entries
        .into_iter()
        .map(|entry| (entry.operator, entry.action, entry.subject, entry.detail))
        .collect();
    let entry = |detail: &str| {
        let (operator, action) = ("ann".to_owned(), "set_user_role".to_owned());
        (operator, action, user.id.clone(), detail.to_owned())
    };
    assert_eq!(entries, [entry("user"), entry("admin")]);
}

#[tokio::test]
async fn set_user_role_ends_sessions_of_another_process() {
    let [one, other] = World::two().await;
    let user = admin(&one).await;
    for round in 0..20 {
        assert_eq!(authorize(&other, &user.jwt).await.unwrap(), user.id);
        set_role(&one, &user.id, UserRole::User).await.unwrap();
        let refusal = authorize(&other, &user.jwt).await;
        let failure = refused(refusal, ErrorCode::NotFound, Reason::NotFound);
        assert_eq!(failure.message, "not found", "round {round}");
        set_role(&one, &user.id, UserRole::Admin).await.unwrap();
    }
}
