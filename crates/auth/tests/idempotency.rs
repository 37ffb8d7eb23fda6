//! Idempotency keys: a repeated call has one effect and one response, per user, for a day.

use std::sync::Arc;

use mayfly_auth::Config;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, Reason, SecretKey};
use sea_orm::{ConnectionTrait, Statement};
use time::Duration;
use tokio::{sync::Barrier, task::JoinSet};

use crate::support::{Answer, PASSWORD, TestToken, World, refused};

db_test!(
    create_token_concurrent_repeats_return_one_token,
    create_token_key_is_per_user_and_errors_are_not_stored,
    create_token_key_expires_after_a_day,
    create_token_repeat_after_key_rotation,
    create_credential_concurrent_repeats_store_one,
);

/// Runs calls concurrently, released together.
async fn concurrently<T, F>(times: usize, call: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(times));
    let mut calls = JoinSet::new();
    for n in 0..times {
        let (barrier, call) = (barrier.clone(), call(n));
        calls.spawn(async move {
            barrier.wait().await;
            call.await
        });
    }
    calls.join_all().await
}

#[track_caller]
fn refused_as_reused<T>(answer: Answer<T>) {
    refused(
        answer,
        ErrorCode::FailedPrecondition,
        Reason::IdempotencyKeyReused,
    );
}

async fn stored_keys(world: &World) -> i64 {
    let database = world.connect_directly().await;
    let count = "SELECT count(*) FROM idempotency_keys";
    let count = Statement::from_string(database.get_database_backend(), count);
    let row = database.query_one_raw(count).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

fn one_token() -> Config {
    Config {
        max_tokens: 1,
        ..Config::default()
    }
}

async fn create_token_concurrent_repeats_return_one_token(db: Db) {
    let world = Arc::new(World::with_config(db, one_token()).await);
    for round in 0..5 {
        let user = world.user().await.id;
        let key = format!("round {round}");
        let create = |_| {
            let (world, user, key) = (world.clone(), user.clone(), key.clone());
            async move { world.create_token_once(&user, "ci", Some(&key)).await.unwrap() }
        };
        let created: Vec<TestToken> = concurrently(20, create).await;
        assert!(created.iter().all(|token| *token == created[0]), "{created:?}");
        assert_eq!(world.tokens(&user).await.len(), 1);
        assert!(world.validate(&created[0].value).await.is_ok());
        // The limit is reached by the call's own token, and the repetition still succeeds.
        assert_eq!(
            world.create_token_once(&user, "ci", Some(&key)).await.unwrap(),
            created[0]
        );
    }
}

async fn create_token_key_is_per_user_and_errors_are_not_stored(db: Db) {
    let world = World::with_config(db, one_token()).await;
    let (ann, bob) = (world.user().await.id, world.user().await.id);
    let first = world.create_token_once(&ann, "ci", Some("k")).await.unwrap();
    refused_as_reused(world.create_token_once(&ann, "other", Some("k")).await);
    assert_ne!(
        world.create_token_once(&bob, "ci", Some("k")).await.unwrap(),
        first
    );
    assert_eq!(world.tokens(&ann).await.len(), 1);

    for _ in 0..2 {
        let beyond = world.create_token_once(&ann, "more", Some("beyond")).await;
        refused(beyond, ErrorCode::PermissionDenied, Reason::TokenLimitReached);
    }
    let malformed = world.create_token_once(&ann, "", Some("beyond")).await;
    refused(malformed, ErrorCode::InvalidArgument, Reason::InvalidRequest);
    assert_eq!(stored_keys(&world).await, 2);
    world.revoke(&ann, &first.id).await.unwrap();
    // Below the limit again, another request may use the key of the refused ones.
    let second = world
        .create_token_once(&ann, "less", Some("beyond"))
        .await
        .unwrap();
    assert!(world.validate(&second.value).await.is_ok());
    // The first response names a token that is refused by now.
    refused(
        world.create_token_once(&ann, "ci", Some("k")).await,
        ErrorCode::FailedPrecondition,
        Reason::IdempotencyAnswerGone,
    );
    assert_eq!(world.tokens(&ann).await.len(), 2);
}

async fn create_token_key_expires_after_a_day(db: Db) {
    let world = World::new(db).await;
    let user = world.user().await.id;
    let create = async |name: &str| world.create_token_once(&user, name, Some("k")).await;
    let first = create("ci").await.unwrap();
    world
        .clock
        .advance(Duration::hours(24) - Duration::milliseconds(1));
    world.auth.sweep().await;
    assert_eq!(create("ci").await.unwrap(), first);
    world.clock.advance(Duration::milliseconds(1));
    // The key expires even if it is not swept, and can be used again for a day.
    let second = create("other").await.unwrap();
    assert_ne!(second, first);
    world.auth.sweep().await;
    assert_eq!(
        (create("other").await.unwrap(), stored_keys(&world).await),
        (second, 1)
    );
    refused_as_reused(create("ci").await);
    world.clock.advance(Duration::hours(24));
    for n in 0..150 {
        let other = format!("swept {n}");
        let outcome = world.create_token_once(&user, "ci", Some(&other)).await;
        assert_eq!(outcome.is_ok(), n < 18, "{n}");
    }
    world.auth.sweep().await;
    assert_eq!(stored_keys(&world).await, 18);
}

async fn create_token_repeat_after_key_rotation(db: Db) {
    let world = World::new(db).await;
    let user = world.user().await.id;
    let first = world.create_token_once(&user, "ci", Some("k")).await.unwrap();
    let old = world.keys[0].clone();
    let world = world.restart(vec![SecretKey::random(), old], |_| ()).await;
    let again = world.create_token_once(&user, "ci", Some("k")).await;
    assert_eq!(again.unwrap(), first);
    let world = world.restart(vec![SecretKey::random()], |_| ()).await;
    let unreadable = world.create_token_once(&user, "ci", Some("k")).await;
    refused(
        unreadable,
        ErrorCode::FailedPrecondition,
        Reason::IdempotencyAnswerGone,
    );
    // Still no second token is created.
    assert_eq!(world.tokens(&user).await.len(), 1);
}

async fn create_credential_concurrent_repeats_store_one(db: Db) {
    let world = Arc::new(World::new(db).await);
    let id = world.new_account();
    let create = |n| {
        let (world, id) = (world.clone(), id.clone());
        let password = if n % 4 == 3 { "another one" } else { PASSWORD };
        async move { (password, world.create_credential(&id, password).await) }
    };
    let answers = concurrently(20, create).await;
    let stored = answers.iter().find(|(_, answer)| answer.is_ok()).unwrap().0;
    let mut jwts = Vec::new();
    for (password, answer) in answers {
        if password == stored {
            jwts.push(answer.unwrap());
        } else {
            refused_as_reused(answer);
        }
    }
    jwts.push(world.sign_in(Some(&id), stored).await.unwrap());
    jwts.push(world.create_credential(&id, stored).await.unwrap());
    for jwt in &jwts {
        assert!(world.validate(jwt).await.is_ok());
    }
}
