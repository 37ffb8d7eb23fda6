//! Every RPC once, over the lifecycle of a mailbox and of a Pro user.

use mayfly_proto::auth::{
    DeleteCredentialRequest, GetUserRequest, MailboxPrincipal, ProPrincipal, SignInUserRequest,
    validate_token_response::Principal,
};
use mayfly_rpc::Failure;
use mayfly_runtime::admin::Readiness;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, Reason};
use time::Duration;

use crate::support::{PASSWORD, World, refused, token_refused};

db_test!(
    mailbox_credential_lifecycle,
    validate_jwt_expires_after_seven_days,
    pro_user_and_token_lifecycle,
    revoke_token_of_another_user_is_not_found,
    invalid_input_is_refused_and_unknown_id_is_not_found,
    register_user_closed_keeps_existing_users,
    database_closed_is_unavailable_and_not_ready,
);

async fn mailbox_credential_lifecycle(db: Db) {
    let world = World::new(db).await;
    let (id, first) = world.account().await;
    let mailbox = Principal::Mailbox(MailboxPrincipal {
        account_id: id.clone(),
    });
    assert_eq!(world.validate(&first).await, Ok(mailbox.clone()));
    let second = world.sign_in(Some(&id), PASSWORD).await.unwrap();
    assert_eq!(world.validate(&second).await, Ok(mailbox.clone()));
    assert_eq!(
        world.validate(&first).await,
        Ok(mailbox.clone()),
        "signing in again invalidates nothing"
    );

    world.reset(&id, "another one").await.unwrap();
    token_refused(world.validate(&first).await);
    token_refused(world.validate(&second).await);
    refused(
        world.sign_in(Some(&id), PASSWORD).await,
        ErrorCode::Unauthenticated,
        Reason::InvalidCredentials,
    );
    let third = world.sign_in(Some(&id), "another one").await.unwrap();
    assert_eq!(world.validate(&third).await, Ok(mailbox));

    for _ in 0..2 {
        let request = DeleteCredentialRequest {
            account_id: id.clone(),
        };
        world.client().delete_credential(request).await.unwrap();
        token_refused(world.validate(&third).await);
    }
    refused(
        world.sign_in(Some(&id), "another one").await,
        ErrorCode::Unauthenticated,
        Reason::InvalidCredentials,
    );
    refused(
        world.reset(&id, "another one").await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
}

async fn validate_jwt_expires_after_seven_days(db: Db) {
    let world = World::new(db).await;
    let (_, jwt) = world.account().await;
    world.clock.advance(Duration::days(7) + Duration::seconds(4));
    assert!(world.validate(&jwt).await.is_ok(), "within the leeway");
    world.clock.advance(Duration::seconds(1));
    token_refused(world.validate(&jwt).await);
    world.clock.advance(-Duration::days(7) - Duration::seconds(10));
    assert!(world.validate(&jwt).await.is_ok(), "issued 5 seconds from now");
    world.clock.advance(-Duration::seconds(1));
    token_refused(world.validate(&jwt).await);
}

async fn pro_user_and_token_lifecycle(db: Db) {
    let world = World::new(db).await;
    let user = world.register(" Ann@Example.COM ", PASSWORD).await.unwrap();
    assert_eq!(user.email, "ann@example.com");
    let pro = |token_id: Option<&str>| {
        Principal::Pro(ProPrincipal {
            user_id: user.id.clone(),
            token_id: token_id.map(str::to_owned),
            ..ProPrincipal::default()
        })
    };
    assert_eq!(world.validate(&user.jwt).await, Ok(pro(None)));
    let request = SignInUserRequest {
        email: "ANN@example.com".to_owned(),
        password: PASSWORD.into(),
        ..SignInUserRequest::default()
    };
    let again = world.client().sign_in_user(request).await.unwrap().into_inner();
    assert_eq!(
        (&again.user_id, again.email.as_str()),
        (&user.id, "ann@example.com")
    );
    assert_eq!(world.validate(&again.token).await, Ok(pro(None)));
    let request = GetUserRequest {
        user_id: user.id.clone(),
    };
    let shown = world.client().get_user(request).await.unwrap().into_inner();
    assert_eq!(
        (shown.email.as_str(), shown.created_at),
        ("ann@example.com", 1_795_435_200)
    );

    let one = world.create_token(&user.id, "ci").await.unwrap();
    let two = world.create_token(&user.id, " ci, too ☂ ").await.unwrap();
    assert_eq!(world.validate(&one.value).await, Ok(pro(Some(&one.id))));
    assert_eq!(world.validate(&two.value).await, Ok(pro(Some(&two.id))));
    world.clock.advance(Duration::seconds(60));
    world.revoke(&user.id, &one.id).await.unwrap();
    token_refused(world.validate(&one.value).await);
    world.clock.advance(Duration::seconds(60));
    world.revoke(&user.id, &one.id).await.unwrap();
    assert_eq!(world.validate(&two.value).await, Ok(pro(Some(&two.id))));
    let listed = world.tokens(&user.id).await;
    assert_eq!(
        listed
            .iter()
            .map(|t| (t.name.as_str(), t.revoked_at))
            .collect::<Vec<_>>(),
        [("ci", Some(1_795_435_260)), (" ci, too ☂ ", None)],
        "oldest first, with the time of the first revocation"
    );
}

async fn revoke_token_of_another_user_is_not_found(db: Db) {
    let world = World::new(db).await;
    let (ann, bob) = (world.user().await, world.user().await);
    let token = world.create_token(&ann.id, "hers").await.unwrap();
    let missing = world.new_account();
    for (user, token) in [(&bob.id, &token.id), (&ann.id, &missing), (&missing, &token.id)] {
        refused(
            world.revoke(user, token).await,
            ErrorCode::NotFound,
            Reason::NotFound,
        );
    }
    assert!(world.validate(&token.value).await.is_ok());
    assert!(world.tokens(&bob.id).await.is_empty());
}

async fn invalid_input_is_refused_and_unknown_id_is_not_found(db: Db) {
    let world = World::new(db).await;
    let user = world.user().await;
    let missing = world.new_account();
    for text in ["", "x", "01900000000070008000000000000000"] {
        refused(
            world.create_credential(text, PASSWORD).await,
            ErrorCode::NotFound,
            Reason::NotFound,
        );
        refused(
            world.sign_in(Some(text), PASSWORD).await,
            ErrorCode::NotFound,
            Reason::NotFound,
        );
        refused(
            world.create_token(text, "name").await,
            ErrorCode::NotFound,
            Reason::NotFound,
        );
        refused(
            world.revoke(&user.id, text).await,
            ErrorCode::NotFound,
            Reason::NotFound,
        );
    }
    for name in ["", "  ", "\u{3000}", "a\nb", "a\0b", "\u{85}", &"x".repeat(101)] {
        refused(
            world.create_token(&user.id, name).await,
            ErrorCode::InvalidArgument,
            Reason::InvalidRequest,
        );
    }
    assert!(
        world.create_token(&user.id, &"☂".repeat(100)).await.is_ok(),
        "characters, not bytes"
    );
    refused(
        world.create_token(&missing, "name").await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
    let request = GetUserRequest { user_id: missing };
    let answer = world.client().get_user(request).await.map_err(Failure::from);
    refused(answer, ErrorCode::NotFound, Reason::NotFound);
    refused(
        world.register("ann", PASSWORD).await,
        ErrorCode::InvalidArgument,
        Reason::InvalidAddress,
    );
    refused(
        world.register(&user.email, PASSWORD).await,
        ErrorCode::AlreadyExists,
        Reason::EmailTaken,
    );
    let upper = user.email.to_uppercase();
    refused(
        world.register(&upper, PASSWORD).await,
        ErrorCode::AlreadyExists,
        Reason::EmailTaken,
    );
}

async fn register_user_closed_keeps_existing_users(db: Db) {
    let world = World::new(db).await;
    let user = world.user().await;
    let keys = world.keys.clone();
    let world = world
        .restart(keys, |config| {
            config.registration = mayfly_auth::Registration::Closed;
        })
        .await;
    let answer = world.register("new@example.com", PASSWORD).await;
    refused(answer, ErrorCode::PermissionDenied, Reason::RegistrationClosed);
    assert!(world.validate(&user.jwt).await.is_ok());
    let request = SignInUserRequest {
        email: user.email,
        password: PASSWORD.into(),
        ..SignInUserRequest::default()
    };
    assert!(world.client().sign_in_user(request).await.is_ok());
}

async fn database_closed_is_unavailable_and_not_ready(db: Db) {
    let world = World::new(db).await;
    let (id, jwt) = world.account().await;
    let mut readiness = Readiness::default();
    world.auth.add_checks(&mut readiness);
    readiness.set_serving(true);
    assert_eq!(
        readiness.report().await,
        (true, "serving ok\nauth database ok\n".to_owned())
    );
    world.auth.close().await;
    let (is_ready, report) = readiness.report().await;
    assert!(
        !is_ready && report.contains("auth database") && !report.contains("auth database ok"),
        "{report}"
    );
    for _ in 0..2 {
        refused(
            world.validate(&jwt).await,
            ErrorCode::Unavailable,
            Reason::Unavailable,
        );
    }
    refused(
        world.sign_in(Some(&id), PASSWORD).await,
        ErrorCode::Unavailable,
        Reason::Unavailable,
    );
    refused(
        world.reset(&id, PASSWORD).await,
        ErrorCode::Unavailable,
        Reason::Unavailable,
    );
}
