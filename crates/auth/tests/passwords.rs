//! Passwords: compared by bytes, bounded, rehashed at sign-in, and unable to starve other calls.

use mayfly_testkit::{Db, db_test};
use std::time::{Duration, Instant};

use argon2::{Argon2, CustomizedPasswordHasher, Params};
use futures_util::future::join_all;
use mayfly_auth::Config;
use mayfly_proto::auth::SignInUserRequest;
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, Value};

use crate::support::{Answer, PASSWORD, World, refused};

db_test!(
    sign_in_compares_passwords_by_bytes,
    password_length_out_of_bounds_is_refused,
    sign_in_unknown_account_answers_like_wrong_password,
    sign_in_replaces_a_weak_hash,
    sign_in_flood_is_refused_and_tokens_still_validate,
    register_user_concurrent_same_email_creates_one,
);

#[track_caller]
fn wrong<T>(answer: Answer<T>) -> Failure {
    refused(answer, ErrorCode::Unauthenticated, Reason::InvalidCredentials)
}

async fn sign_in_compares_passwords_by_bytes(db: Db) {
    let world = World::new(db).await;
    let longest = "é".repeat(128);
    let table: [&[u8]; 10] = [
        b"secret",
        b" secret",
        b"secret ",
        b"SECRET",
        "jos\u{e9}123".as_bytes(),
        "jose\u{301}123".as_bytes(),
        "😀😀 😀".as_bytes(),
        b"secret\0",
        b"\xff\xfe\xfd\xfc\xfb\xfa",
        longest.as_bytes(),
    ];
    let mut accounts = Vec::new();
    for password in table {
        let id = world.new_account();
        world.create_credential(&id, password).await.unwrap();
        accounts.push(id);
    }
    for (own, id) in table.iter().zip(&accounts) {
        for password in table {
            let answer = world.sign_in(Some(id), password).await;
            if *own == password {
                answer.unwrap();
            } else {
                wrong(answer);
            }
        }
    }
    wrong(world.sign_in(Some(&accounts[9]), &longest[..254]).await);
}

async fn password_length_out_of_bounds_is_refused(db: Db) {
    let world = World::new(db).await;
    let (id, _) = world.account().await;
    let user = world.user().await;
    for bytes in [257, 1 << 20] {
        let long = vec![b'x'; bytes];
        for answer in [
            world
                .create_credential(&world.new_account(), &long)
                .await
                .map(drop),
            world.reset(&id, &long).await,
            world.sign_in(Some(&id), &long).await.map(drop),
            world.sign_in(None, &long).await.map(drop),
            world.register("long@example.com", &long).await.map(drop),
            sign_in_user(&world, &user.email, &long).await.map(drop),
        ] {
            refused(answer, ErrorCode::InvalidArgument, Reason::PasswordTooLong);
        }
    }
    for answer in [
        world
            .create_credential(&world.new_account(), "12345")
            .await
            .map(drop),
        world.create_credential(&world.new_account(), "").await.map(drop),
        world.reset(&id, "12345").await,
        world.register("short@example.com", "1234567").await.map(drop),
    ] {
        refused(answer, ErrorCode::InvalidArgument, Reason::PasswordTooShort);
    }
    // A sign-in treats a short password as a wrong one.
    wrong(world.sign_in(Some(&id), "wrong").await);
    wrong(sign_in_user(&world, &user.email, b"wrong").await);
    assert!(
        world.sign_in(Some(&id), PASSWORD).await.is_ok(),
        "refusals change nothing"
    );
}

async fn sign_in_unknown_account_answers_like_wrong_password(db: Db) {
    let world = World::new(db).await;
    let (id, _) = world.account().await;
    let user = world.user().await;
    let missing = world.new_account();
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        let started = Instant::now();
        let expected = wrong(world.sign_in(Some(&id), "not the one").await);
        with.push(started.elapsed());
        let started = Instant::now();
        let failure = wrong(world.sign_in(None, "not the one").await);
        without.push(started.elapsed());
        assert_eq!(failure, expected);
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let (with, without) = (median(&mut with), median(&mut without));
    // Without the dummy hash the answer would come a hundred times sooner; a tighter bound needs an idle machine.
    assert!(
        without * 3 > with && with * 3 > without,
        "{with:?} with, {without:?} without an account"
    );
    let expected = wrong(world.sign_in(Some(&missing), "not the one").await);
    assert_eq!(
        wrong(sign_in_user(&world, &user.email, b"not the one").await),
        expected
    );
    assert_eq!(
        wrong(sign_in_user(&world, "nobody@example.com", b"not the one").await),
        expected
    );
}

async fn sign_in_replaces_a_weak_hash(db: Db) {
    let world = World::new(db).await;
    let (id, jwt) = world.account().await;
    let user = world.user().await;
    let params = Params::new(256, 1, 1, None).unwrap();
    let weak = Argon2::default().hash_password_customized(PASSWORD.as_bytes(), &[7; 16], None, None, params);
    let weak = weak.unwrap().to_string();
    let database = world.connect_directly().await;
    for table in ["credentials", "users"] {
        database
            .execute_unprepared(&format!("UPDATE {table} SET password_hash = '{weak}'"))
            .await
            .unwrap();
    }
    wrong(world.sign_in(Some(&id), "not the one").await);
    wrong(sign_in_user(&world, &user.email, b"not the one").await);
    assert_eq!(
        hashes(&database).await,
        [weak.clone(), weak.clone()],
        "a wrong password replaces nothing"
    );
    world.sign_in(Some(&id), PASSWORD).await.unwrap();
    sign_in_user(&world, &user.email, PASSWORD.as_bytes())
        .await
        .unwrap();
    let strong = hashes(&database).await;
    assert!(
        strong
            .iter()
            .all(|hash| hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")),
        "{strong:?}"
    );
    assert!(
        world.validate(&jwt).await.is_ok(),
        "the password is the same, so tokens stay valid"
    );
    wrong(world.sign_in(Some(&id), "not the one").await);
    world.sign_in(Some(&id), PASSWORD).await.unwrap();
    sign_in_user(&world, &user.email, PASSWORD.as_bytes())
        .await
        .unwrap();
    assert_eq!(
        hashes(&database).await,
        strong,
        "a current hash is not replaced again"
    );
}

async fn sign_in_flood_is_refused_and_tokens_still_validate(db: Db) {
    let world = World::with_config(
        db,
        Config {
            hash_workers: 1,
            hash_queue: 8,
            ..Config::default()
        },
    )
    .await;
    let (id, jwt) = world.account().await;
    let (mut done, mut busy) = (0, 0);
    let sign_ins = join_all((0..200).map(|_| world.sign_in(Some(&id), PASSWORD)));
    let checks = async {
        for _ in 0..200 {
            world.validate(&jwt).await.unwrap();
        }
    };
    let (answers, ()) = tokio::join!(sign_ins, checks);
    for answer in answers {
        match answer {
            Ok(_) => done += 1,
            Err(failure) => {
                assert_eq!(
                    (failure.code, failure.reason),
                    (ErrorCode::Unavailable, Reason::Overloaded)
                );
                let seconds = failure.retry_after.unwrap().as_secs();
                assert!((1..=2).contains(&seconds), "{seconds}");
                busy += 1;
            }
        }
    }
    assert!(done >= 8 && busy >= 1, "{done} signed in, {busy} refused");
    world.sign_in(Some(&id), PASSWORD).await.unwrap();
}

async fn register_user_concurrent_same_email_creates_one(db: Db) {
    let world = World::new(db).await;
    for round in 0..3 {
        let spellings = [
            format!("ann{round}@example.com"),
            format!(" ANN{round}@Example.com "),
        ];
        let answers = join_all((0..8).map(|i| world.register(&spellings[i % 2], PASSWORD))).await;
        let (users, refusals): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(users.len(), 1);
        for refusal in refusals {
            refused(refusal, ErrorCode::AlreadyExists, Reason::EmailTaken);
        }
        let winner = users.into_iter().next().unwrap().unwrap();
        assert!(world.validate(&winner.jwt).await.is_ok());
    }
}

async fn sign_in_user(world: &World, email: &str, password: &[u8]) -> Answer<String> {
    let request = SignInUserRequest {
        email: email.to_owned(),
        password: bytes::Bytes::copy_from_slice(password),
        ..SignInUserRequest::default()
    };
    Ok(world.client().sign_in_user(request).await?.into_inner().token)
}

async fn hashes(database: &DatabaseConnection) -> [String; 2] {
    let mut hashes = [String::new(), String::new()];
    for (hash, table) in hashes.iter_mut().zip(["credentials", "users"]) {
        let sql = format!("SELECT password_hash FROM {table}");
        let select =
            Statement::from_sql_and_values(database.get_database_backend(), sql, Vec::<Value>::new());
        *hash = database
            .query_one_raw(select)
            .await
            .unwrap()
            .unwrap()
            .try_get_by_index(0)
            .unwrap();
    }
    hashes
}
