//! Scopes, limits and expiry of tokens, their usage, and the audit log.

use mayfly_auth::Config;
use mayfly_proto::auth::{
    Actor, ClientNetwork, CreateProTokenRequest, GetProTokenRequest, ListAuditEventsRequest, ProPrincipal,
    RecordAuditEventRequest, RotateProTokenRequest, ValidateSubmissionRequest, ValidateTokenRequest,
    client_network::Network, validate_token_response::Principal,
};
use mayfly_runtime::config::ConfigDuration;
use mayfly_testkit::{Db, db_test, eventually};
use mayfly_types::{AuditEventId, Clock, ErrorCode, Reason, TokenScope, TokenScopes};
use time::Duration;

use crate::support::{Answer, TestUser, World, refused};

db_test!(
    cached_token_expires_like_any_other,
    rotated_token_at_its_overlap_end_is_refused,
    usage_is_counted_by_token,
    refusals_above_the_bound_are_dropped,
);

async fn create(world: &World, user: &TestUser, wanted: CreateProTokenRequest) -> Answer<(String, String)> {
    let wanted = CreateProTokenRequest {
        user_id: user.id.clone(),
        name: "ci".to_owned(),
        ..wanted
    };
    let created = world.client().create_pro_token(wanted).await?.into_inner();
    Ok((created.token_id, created.token))
}

async fn validate(world: &World, token: &str) -> Answer<ProPrincipal> {
    let request = ValidateTokenRequest {
        token: token.to_owned(),
        client: Some(ClientNetwork {
            network: Some(Network::Ipv4(0xcb00_7107)),
        }),
    };
    let answer = world.client().validate_token(request).await?;
    match answer.into_inner().principal.unwrap() {
        Principal::Pro(pro) | Principal::RestrictedPro(pro) => Ok(pro),
        other => panic!("{other:?}"),
    }
}

fn in_secs(world: &World, secs: i64) -> i64 {
    world.clock.now().unix_timestamp() + secs
}

async fn cached_token_expires_like_any_other(db: Db) {
    let world = World::new(db).await;
    let user = world.user().await;
    let wanted = CreateProTokenRequest {
        expires_at: Some(in_secs(&world, 60)),
        ..CreateProTokenRequest::default()
    };
    let (_, cached) = create(&world, &user, wanted.clone()).await.unwrap();
    let (_, fresh) = create(&world, &user, wanted).await.unwrap();
    world.clock.advance(Duration::seconds(59));
    assert_eq!(validate(&world, &cached).await.unwrap().scopes, None);
    world.clock.advance(Duration::seconds(1));
    for token in [cached, fresh] {
        refused(
            validate(&world, &token).await,
            ErrorCode::Unauthenticated,
            Reason::TokenExpired,
        );
    }
}

#[tokio::test]
async fn two_processes_agree_when_a_token_expires() {
    let [one, other] = World::two().await;
    let user = one.user().await;
    let wanted = CreateProTokenRequest {
        expires_at: Some(in_secs(&one, 60)),
        scopes: Some(4),
        ..CreateProTokenRequest::default()
    };
    let (_, token) = create(&one, &user, wanted).await.unwrap();
    for world in [&one, &other] {
        let scopes = validate(world, &token).await.unwrap().scopes;
        assert_eq!(scopes, Some(4));
    }
    one.clock.advance(Duration::seconds(60));
    for world in [&one, &other] {
        refused(
            validate(world, &token).await,
            ErrorCode::Unauthenticated,
            Reason::TokenExpired,
        );
    }
}

async fn rotated_token_at_its_overlap_end_is_refused(db: Db) {
    let world = World::new(db).await;
    let user = world.user().await;
    let (id, old) = create(&world, &user, CreateProTokenRequest::default())
        .await
        .unwrap();
    validate(&world, &old).await.unwrap();
    let request = RotateProTokenRequest {
        user_id: user.id.clone(),
        token_id: id,
        overlap_secs: 10,
        idempotency_key: Some("once".to_owned()),
        ..RotateProTokenRequest::default()
    };
    let rotated = world
        .client()
        .rotate_pro_token(request.clone())
        .await
        .unwrap()
        .into_inner();
    let again = world
        .client()
        .rotate_pro_token(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(rotated.token, again.token, "a repetition returns the same token");
    world.clock.advance(Duration::seconds(9));
    validate(&world, &old).await.unwrap();
    world.clock.advance(Duration::seconds(1));
    refused(
        validate(&world, &old).await,
        ErrorCode::Unauthenticated,
        Reason::TokenExpired,
    );
    validate(&world, &rotated.token).await.unwrap();
}

#[tokio::test]
async fn expired_token_does_not_count_to_the_limit() {
    let world = World::new(Db::Sqlite).await;
    let user = world.user().await;
    let wanted = CreateProTokenRequest {
        expires_at: Some(in_secs(&world, 60)),
        ..CreateProTokenRequest::default()
    };
    for _ in 0..20 {
        create(&world, &user, wanted.clone()).await.unwrap();
    }
    refused(
        create(&world, &user, CreateProTokenRequest::default()).await,
        ErrorCode::PermissionDenied,
        Reason::TokenLimitReached,
    );
    world.clock.advance(Duration::seconds(60));
    create(&world, &user, CreateProTokenRequest::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn operator_bounds_the_life_of_tokens() {
    let config = Config {
        max_token_life: Some(ConfigDuration(std::time::Duration::from_secs(3600))),
        ..Config::default()
    };
    let world = World::with_config(Db::Sqlite, config).await;
    let user = world.user().await;
    let too_long = CreateProTokenRequest {
        expires_at: Some(in_secs(&world, 3601)),
        ..CreateProTokenRequest::default()
    };
    refused(
        create(&world, &user, too_long).await,
        ErrorCode::InvalidArgument,
        Reason::InvalidRequest,
    );
    let (_, token) = create(&world, &user, CreateProTokenRequest::default())
        .await
        .unwrap();
    let expires = validate(&world, &token).await.unwrap().expires_at;
    assert_eq!(
        expires,
        Some(in_secs(&world, 3600)),
        "without an expiry it gets the longest life"
    );
}

#[tokio::test]
async fn submission_needs_the_scope_sandbox_send() {
    let world = World::new(Db::Sqlite).await;
    let user = world.user().await;
    let with = |scope: TokenScope| CreateProTokenRequest {
        scopes: Some(TokenScopes::from_iter([scope]).bits()),
        ..CreateProTokenRequest::default()
    };
    let (_, sends) = create(&world, &user, with(TokenScope::SandboxSend))
        .await
        .unwrap();
    let (_, reads) = create(&world, &user, with(TokenScope::SandboxRead))
        .await
        .unwrap();
    let submit = async |password: &str| {
        let request = ValidateSubmissionRequest {
            password: password.to_owned(),
        };
        let answer = world.client().validate_submission(request).await?;
        Ok(answer.into_inner().user_id)
    };
    assert_eq!(submit(&sends).await.unwrap(), user.id);
    refused(
        submit(&reads).await,
        ErrorCode::PermissionDenied,
        Reason::InsufficientScope,
    );
}

async fn usage_is_counted_by_token(db: Db) {
    let world = World::new(db).await;
    let user = world.user().await;
    let (id, token) = create(&world, &user, CreateProTokenRequest::default())
        .await
        .unwrap();
    for _ in 0..3 {
        validate(&world, &token).await.unwrap();
    }
    world.clock.advance(Duration::minutes(5));
    validate(&world, &token).await.unwrap();
    let found = eventually("the uses are recorded", async || {
        let request = GetProTokenRequest {
            user_id: user.id.clone(),
            token_id: id.clone(),
        };
        let found = world
            .client()
            .get_pro_token(request)
            .await
            .unwrap()
            .into_inner()
            .token
            .unwrap();
        // The last use and the counts are two writes.
        let is_recorded = found.calls == 4 && found.last_used_at == Some(in_secs(&world, 0));
        is_recorded.then_some(found)
    })
    .await;
    assert_eq!(found.last_used_from.as_deref(), Some("203.0.113.0/24"));
}

async fn refusals_above_the_bound_are_dropped(db: Db) {
    let world = World::new(db).await;
    let user = world.user().await;
    let (id, _) = create(&world, &user, CreateProTokenRequest::default())
        .await
        .unwrap();
    let refusal = |n: i64| RecordAuditEventRequest {
        event_id: AuditEventId::new(world.clock.now() + Duration::milliseconds(n)).to_string(),
        user_id: user.id.clone(),
        actor: Some(Actor {
            token_id: Some(id.clone()),
            client: None,
        }),
        action: "GET /pro/api/me".to_owned(),
        object: "unrestricted".to_owned(),
        is_refused: true,
    };
    let count = async || {
        let (mut found, mut before) = (0, None);
        loop {
            let request = ListAuditEventsRequest {
                user_id: user.id.clone(),
                before_event_id: before.take(),
                limit: 100,
                token_id: Some(id.clone()),
            };
            let page = world
                .client()
                .list_audit_events(request)
                .await
                .unwrap()
                .into_inner()
                .events;
            found += page.len();
            match page.last() {
                Some(last) => before = Some(last.event_id.clone()),
                None => return found,
            }
        }
    };
    for n in 0..1_050 {
        let request = refusal(n);
        world.client().record_audit_event(request.clone()).await.unwrap();
        if n == 0 {
            world.client().record_audit_event(request).await.unwrap();
        }
        if n % 500 == 499 {
            let wanted = usize::try_from(n + 1).unwrap();
            eventually("the refusals are recorded", async || {
                (count().await >= wanted).then_some(())
            })
            .await;
        }
    }
    // A change comes after them in no queue, so the refusals are done when the bound is reached.
    assert_eq!(count().await, 1_000);
    let change = RecordAuditEventRequest {
        is_refused: false,
        ..refusal(2_000)
    };
    world.client().record_audit_event(change).await.unwrap();
    assert_eq!(count().await, 1_001, "changes have no bound");
}

#[tokio::test]
async fn sweep_removes_old_events_and_counts() {
    let world = World::new(Db::Sqlite).await;
    let user = world.user().await;
    create(&world, &user, CreateProTokenRequest::default())
        .await
        .unwrap();
    let events = async || {
        let request = ListAuditEventsRequest {
            user_id: user.id.clone(),
            limit: 100,
            ..ListAuditEventsRequest::default()
        };
        world
            .client()
            .list_audit_events(request)
            .await
            .unwrap()
            .into_inner()
            .events
            .len()
    };
    world.clock.advance(Duration::days(89));
    world.auth.sweep().await;
    assert_eq!(events().await, 1);
    world.clock.advance(Duration::days(2));
    world.auth.sweep().await;
    assert_eq!(events().await, 0);
}
