//! Pro API tokens: typos need no database, limits are exact, and uses are recorded at intervals.

use futures_util::future::join_all;
use mayfly_testkit::{Db, db_test, eventually};
use mayfly_types::{ErrorCode, Reason};
use proptest::{prelude::*, test_runner::TestRunner};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use time::Duration;

use crate::support::{World, refused, token_refused};

db_test!(
    create_token_concurrent_limit_is_exact,
    last_used_is_recorded_every_five_minutes,
    validate_token_with_read_only_database_succeeds,
);

#[test]
fn validate_token_changed_character_needs_no_database() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (world, token) = runtime.block_on(async {
        let world = World::new(Db::Sqlite).await;
        let user = world.user().await;
        let token = world.create_token(&user.id, "ci").await.unwrap().value;
        let unknown = World::new(Db::Sqlite).await;
        token_refused(unknown.validate(&token).await);
        // With the database closed, every validation that reads it fails as `Unavailable`.
        world.auth.close().await;
        assert_eq!(
            world.validate(&token).await.unwrap_err().code,
            ErrorCode::Unavailable
        );
        (world, token)
    });
    let check = |changed: &str| runtime.block_on(async { token_refused(world.validate(changed).await) });
    let base62 = ('0'..='9').chain('A'..='Z').chain('a'..='z');
    for position in 0..token.len() {
        for with in base62
            .clone()
            .filter(|with| !token[position..].starts_with(*with))
        {
            check(&format!("{}{with}{}", &token[..position], &token[position + 1..]));
        }
    }
    let wrong_lengths = (0..token.len()).map(|end| token[..end].to_owned());
    let wrong_lengths = wrong_lengths.chain([format!("{token}0"), format!("0{token}"), format!("{token} ")]);
    for text in wrong_lengths.chain([token.replace("pro", "PRO"), token.replace("tm_pro_", "tm_cli_")]) {
        check(&text);
    }
    let any_change = (0..token.len(), any::<char>());
    TestRunner::default()
        .run(&any_change, |(position, with)| {
            prop_assume!(!token[position..].starts_with(with));
            check(&format!("{}{with}{}", &token[..position], &token[position + 1..]));
            Ok(())
        })
        .unwrap();
}

async fn create_token_concurrent_limit_is_exact(db: Db) {
    let world = World::new(db).await;
    for _ in 0..5 {
        let (user, other) = (world.user().await, world.user().await);
        let answers = join_all((0..70).map(|_| world.create_token(&user.id, "ci"))).await;
        let (created, refusals): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((created.len(), world.tokens(&user.id).await.len()), (20, 20));
        for refusal in refusals {
            refused(refusal, ErrorCode::PermissionDenied, Reason::TokenLimitReached);
        }
        assert!(
            world.create_token(&other.id, "ci").await.is_ok(),
            "the limit is per user"
        );
        let first = created.into_iter().next().unwrap().unwrap();
        world.revoke(&user.id, &first.id).await.unwrap();
        assert!(
            world.create_token(&user.id, "ci").await.is_ok(),
            "a revoked token does not count"
        );
        refused(
            world.create_token(&user.id, "ci").await,
            ErrorCode::PermissionDenied,
            Reason::TokenLimitReached,
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn create_token_two_processes_limit_is_exact() {
    let worlds = World::two().await;
    for _ in 0..5 {
        let user = worlds[0].user().await;
        let calls = worlds.iter().cycle().take(70);
        let answers = join_all(calls.map(|world| world.create_token(&user.id, "ci"))).await;
        let (created, refusals): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(created.len(), 20);
        for refusal in refusals {
            refused(refusal, ErrorCode::PermissionDenied, Reason::TokenLimitReached);
        }
        for world in &worlds {
            assert_eq!(world.tokens(&user.id).await.len(), 20);
        }
    }
}

async fn last_used_is_recorded_every_five_minutes(db: Db) {
    let world = World::new(db).await;
    let user = world.user().await;
    let token = world.create_token(&user.id, "ci").await.unwrap();
    let database = world.connect_directly().await;
    let count_use = Some("INSERT INTO uses VALUES (1)");
    let counting =
        world
            .test_database()
            .trigger("count_uses", "AFTER UPDATE", "pro_tokens", "TRUE", count_use);
    for sql in ["CREATE TABLE uses (one INTEGER)", &counting] {
        database.execute_unprepared(sql).await.unwrap();
    }
    let first = 1_795_435_200;
    let (world, token) = (&world, &token);
    let validate_often = || join_all((0..500).map(|_| async { world.validate(&token.value).await.unwrap() }));
    let last_used = || async { world.tokens(&user.id).await[0].last_used_at };
    assert_eq!(last_used().await, None);
    for (advance, recorded) in [
        (0, first),
        (150, first),
        (149, first),
        (1, first + 300),
        (3_600, first + 3_900),
    ] {
        world.clock.advance(Duration::seconds(advance));
        validate_often().await;
        eventually("the use is recorded", async || {
            last_used().await == Some(recorded)
        })
        .await;
    }
    // A clock that steps back records nothing.
    world.clock.advance(-Duration::hours(2));
    validate_often().await;
    assert!(
        world.tasks.shutdown(std::time::Duration::from_secs(30)).await,
        "queued uses are written"
    );
    assert_eq!(last_used().await, Some(first + 3_900));
    assert_eq!(count(&database).await, 3, "updates for 3,000 uses");
}

async fn validate_token_with_read_only_database_succeeds(db: Db) {
    let world = World::new(db).await;
    let user = world.user().await;
    let token = world.create_token(&user.id, "ci").await.unwrap();
    let database = world.connect_directly().await;
    let refusing = world
        .test_database()
        .trigger("refuse", "BEFORE UPDATE", "pro_tokens", "TRUE", None);
    database.execute_unprepared(&refusing).await.unwrap();
    for _ in 0..10 {
        world.validate(&token.value).await.unwrap();
        world.clock.advance(Duration::hours(1));
    }
    // A revocation that cannot be written is an error.
    let failure = world.revoke(&user.id, &token.id).await.unwrap_err();
    assert!(
        matches!(failure.code, ErrorCode::Internal | ErrorCode::Unavailable),
        "{failure:?}"
    );
    assert!(
        !failure.message.contains("poisoned"),
        "the database's message is not returned: {failure:?}"
    );
    assert!(world.validate(&token.value).await.is_ok());
    let allowing = world.test_database().drop_trigger("refuse", "pro_tokens");
    database.execute_unprepared(&allowing).await.unwrap();
    world.revoke(&user.id, &token.id).await.unwrap();
    token_refused(world.validate(&token.value).await);
}

async fn count(database: &DatabaseConnection) -> i64 {
    let select = Statement::from_string(database.get_database_backend(), "SELECT count(*) FROM uses");
    database
        .query_one_raw(select)
        .await
        .unwrap()
        .unwrap()
        .try_get_by_index(0)
        .unwrap()
}
