//! What a Pro user does to the own account: another password, signing out everywhere, deletion.

use mayfly_proto::auth::{
    ChangeUserPasswordRequest, DeleteUserRequest, GetUserRequest, SignInUserRequest, SignOutUserRequest,
};
use mayfly_rpc::Failure;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, Reason};

use crate::support::{Answer, PASSWORD, TestUser, World, refused, token_refused};

db_test!(
    change_user_password_keeps_new_jwt_and_tokens_only,
    change_user_password_concurrent_leaves_one_password,
    sign_out_user_rejects_jwts_and_on_request_tokens,
    delete_user_rejects_every_credential_and_frees_email,
);

async fn change(world: &World, user: &TestUser, current: &str, password: &str) -> Answer<String> {
    let request = ChangeUserPasswordRequest {
        user_id: user.id.clone(),
        current_password: current.to_owned().into(),
        password: password.to_owned().into(),
    };
    Ok(world
        .client()
        .change_user_password(request)
        .await?
        .into_inner()
        .token)
}

async fn sign_in(world: &World, email: &str, password: &str) -> Answer<String> {
    let request = SignInUserRequest {
        email: email.to_owned(),
        password: password.to_owned().into(),
        ..SignInUserRequest::default()
    };
    Ok(world.client().sign_in_user(request).await?.into_inner().token)
}

async fn sign_out(world: &World, user_id: &str, revoke_tokens: bool) -> Answer<()> {
    let request = SignOutUserRequest {
        user_id: user_id.to_owned(),
        revoke_tokens,
    };
    Ok(world.client().sign_out_user(request).await.map(drop)?)
}

async fn delete(world: &World, user_id: &str) -> Answer<()> {
    let user_id = user_id.to_owned();
    Ok(world
        .client()
        .delete_user(DeleteUserRequest { user_id })
        .await
        .map(drop)?)
}

fn wrong(outcome: Answer<String>) {
    refused(outcome, ErrorCode::Unauthenticated, Reason::InvalidCredentials);
}

async fn change_user_password_keeps_new_jwt_and_tokens_only(db: Db) {
    let world = World::new(db).await;
    let user = world.user().await;
    let token = world.create_token(&user.id, "ci").await.unwrap();
    world.validate(&user.jwt).await.unwrap();
    wrong(change(&world, &user, "a guess", "battery staple").await);
    let short = change(&world, &user, PASSWORD, "short").await;
    refused(short, ErrorCode::InvalidArgument, Reason::PasswordTooShort);
    world.validate(&user.jwt).await.unwrap();
    let fresh = change(&world, &user, PASSWORD, "battery staple").await.unwrap();
    token_refused(world.validate(&user.jwt).await);
    world.validate(&fresh).await.unwrap();
    world.validate(&token.value).await.unwrap();
    wrong(sign_in(&world, &user.email, PASSWORD).await);
    sign_in(&world, &user.email, "battery staple").await.unwrap();
}

async fn change_user_password_concurrent_leaves_one_password(db: Db) {
    let world = World::new(db).await;
    let user = world.user().await;
    let passwords = ["first password", "second password", "third password"];
    let changes = passwords.map(|password| change(&world, &user, PASSWORD, password));
    let outcomes = futures_util::future::join_all(changes).await;
    let changed: Vec<&str> = passwords
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| outcome.is_ok())
        .map(|(password, _)| *password)
        .collect();
    assert_eq!(changed.len(), 1, "{outcomes:?}");
    for password in passwords {
        assert_eq!(
            sign_in(&world, &user.email, password).await.is_ok(),
            password == changed[0]
        );
    }
}

async fn sign_out_user_rejects_jwts_and_on_request_tokens(db: Db) {
    let world = World::new(db).await;
    let (user, other) = (world.user().await, world.user().await);
    let token = world.create_token(&user.id, "ci").await.unwrap();
    let others = world.create_token(&other.id, "ci").await.unwrap();
    let second = sign_in(&world, &user.email, PASSWORD).await.unwrap();
    for credential in [&user.jwt, &second, &token.value] {
        world.validate(credential).await.unwrap();
    }
    sign_out(&world, &user.id, false).await.unwrap();
    token_refused(world.validate(&user.jwt).await);
    token_refused(world.validate(&second).await);
    world.validate(&token.value).await.unwrap();
    let third = sign_in(&world, &user.email, PASSWORD).await.unwrap();
    world.validate(&third).await.unwrap();
    sign_out(&world, &user.id, true).await.unwrap();
    token_refused(world.validate(&third).await);
    token_refused(world.validate(&token.value).await);
    assert!(world.tokens(&user.id).await[0].revoked_at.is_some());
    for credential in [&other.jwt, &others.value] {
        world.validate(credential).await.unwrap();
    }
    let missing = sign_out(&world, &world.new_account(), true).await;
    refused(missing, ErrorCode::NotFound, Reason::NotFound);
}

async fn delete_user_rejects_every_credential_and_frees_email(db: Db) {
    let world = World::new(db).await;
    let (user, other) = (world.user().await, world.user().await);
    let token = world.create_token(&user.id, "ci").await.unwrap();
    for credential in [&user.jwt, &token.value] {
        world.validate(credential).await.unwrap();
    }
    delete(&world, &user.id).await.unwrap();
    token_refused(world.validate(&user.jwt).await);
    token_refused(world.validate(&token.value).await);
    wrong(sign_in(&world, &user.email, PASSWORD).await);
    let request = GetUserRequest {
        user_id: user.id.clone(),
    };
    let found = world.client().get_user(request).await.map(drop);
    refused(
        found.map_err(Failure::from),
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    let created = world.create_token(&user.id, "late").await;
    refused(created, ErrorCode::NotFound, Reason::NotFound);
    delete(&world, &user.id).await.unwrap();
    let again = world.register(&user.email, PASSWORD).await.unwrap();
    assert_ne!(again.id, user.id);
    token_refused(world.validate(&user.jwt).await);
    assert!(world.tokens(&again.id).await.is_empty());
    world.validate(&other.jwt).await.unwrap();
}
