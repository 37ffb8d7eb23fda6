//! A call that comes again: one effect, one answer, for whoever made it and for a day.

use std::sync::Arc;

use mayfly_auth::Config;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, Reason, SecretKey};
use sea_orm::{ConnectionTrait, Statement};
use time::Duration;
use tokio::{sync::Barrier, task::JoinSet};

use crate::support::{Answer, PASSWORD, TestToken, World, refused};

db_test!(
    twenty_at_once_make_one_token_and_get_its_value,
    a_key_is_its_users_and_its_requests_and_what_is_refused_is_not_remembered,
    a_key_is_remembered_for_a_day_swept_or_not,
    answers_open_with_every_key_and_without_theirs_are_gone,
    twenty_creations_of_a_credential_leave_one_and_void_nothing,
);

/// Runs a call so often at one moment.
async fn at_once<T, F>(times: usize, call: impl Fn(usize) -> F) -> Vec<T>
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
fn reused<T>(answer: Answer<T>) {
    refused(
        answer,
        ErrorCode::FailedPrecondition,
        Reason::IdempotencyKeyReused,
    );
}

async fn kept(world: &World) -> i64 {
    let database = world.meddle().await;
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

async fn twenty_at_once_make_one_token_and_get_its_value(db: Db) {
    let world = Arc::new(World::with_config(db, one_token()).await);
    for round in 0..5 {
        let user = world.user().await.id;
        let key = format!("round {round}");
        let create = |_| {
            let (world, user, key) = (world.clone(), user.clone(), key.clone());
            async move { world.create_token_once(&user, "ci", Some(&key)).await.unwrap() }
        };
        let made: Vec<TestToken> = at_once(20, create).await;
        assert!(made.iter().all(|token| *token == made[0]), "{made:?}");
        assert_eq!(world.tokens(&user).await.len(), 1);
        assert!(world.validate(&made[0].value).await.is_ok());
        // The limit is reached by its own effect, and not in its way.
        assert_eq!(
            world.create_token_once(&user, "ci", Some(&key)).await.unwrap(),
            made[0]
        );
    }
}

async fn a_key_is_its_users_and_its_requests_and_what_is_refused_is_not_remembered(db: Db) {
    let world = World::with_config(db, one_token()).await;
    let (ann, bob) = (world.user().await.id, world.user().await.id);
    let first = world.create_token_once(&ann, "ci", Some("k")).await.unwrap();
    reused(world.create_token_once(&ann, "other", Some("k")).await);
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
    assert_eq!(kept(&world).await, 2);
    world.revoke(&ann, &first.id).await.unwrap();
    // Now there is room, and another body may have the key of those that were refused.
    let second = world
        .create_token_once(&ann, "less", Some("beyond"))
        .await
        .unwrap();
    assert!(world.validate(&second.value).await.is_ok());
    // The answer is that of the first time, whatever became of the token.
    assert_eq!(
        world.create_token_once(&ann, "ci", Some("k")).await.unwrap(),
        first
    );
    assert_eq!(world.tokens(&ann).await.len(), 2);
}

async fn a_key_is_remembered_for_a_day_swept_or_not(db: Db) {
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
    // Nobody swept: it is forgotten all the same, and what takes its place lasts a day again.
    let second = create("other").await.unwrap();
    assert_ne!(second, first);
    world.auth.sweep().await;
    assert_eq!((create("other").await.unwrap(), kept(&world).await), (second, 1));
    reused(create("ci").await);
    world.clock.advance(Duration::hours(24));
    for n in 0..150 {
        let other = format!("swept {n}");
        let refused_or_made = world.create_token_once(&user, "ci", Some(&other)).await;
        assert_eq!(refused_or_made.is_ok(), n < 18, "{n}");
    }
    world.auth.sweep().await;
    assert_eq!(kept(&world).await, 18);
}

async fn answers_open_with_every_key_and_without_theirs_are_gone(db: Db) {
    let world = World::new(db).await;
    let user = world.user().await.id;
    let first = world.create_token_once(&user, "ci", Some("k")).await.unwrap();
    let old = world.keys[0].clone();
    let world = world.restart(vec![SecretKey::random(), old], |_| ()).await;
    let again = world.create_token_once(&user, "ci", Some("k")).await;
    assert_eq!(again.unwrap(), first);
    let world = world.restart(vec![SecretKey::random()], |_| ()).await;
    let gone = world.create_token_once(&user, "ci", Some("k")).await;
    refused(gone, ErrorCode::FailedPrecondition, Reason::IdempotencyAnswerGone);
    // Not even then is there another effect.
    assert_eq!(world.tokens(&user).await.len(), 1);
}

async fn twenty_creations_of_a_credential_leave_one_and_void_nothing(db: Db) {
    let world = Arc::new(World::new(db).await);
    let id = world.new_account();
    let create = |n| {
        let (world, id) = (world.clone(), id.clone());
        let password = if n % 4 == 3 { "another one" } else { PASSWORD };
        async move { (password, world.create_credential(&id, password).await) }
    };
    let answers = at_once(20, create).await;
    let stored = answers.iter().find(|(_, answer)| answer.is_ok()).unwrap().0;
    let mut jwts = Vec::new();
    for (password, answer) in answers {
        if password == stored {
            jwts.push(answer.unwrap());
        } else {
            reused(answer);
        }
    }
    jwts.push(world.sign_in(Some(&id), stored).await.unwrap());
    jwts.push(world.create_credential(&id, stored).await.unwrap());
    for jwt in &jwts {
        assert!(world.validate(jwt).await.is_ok());
    }
}
