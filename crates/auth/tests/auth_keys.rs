//! Keys of mail.td: a mailbox opens by its password and by the key that is derived from it.

use std::time::{Duration, Instant};

use mayfly_auth::Config;
use mayfly_testkit::{Db, db_test};
use mayfly_types::{ErrorCode, Reason};

use crate::support::{Answer, Secret, World, refused};

db_test!(
    mailbox_opens_by_password_and_by_key,
    mailbox_without_key_gets_it_at_the_next_sign_in,
    reset_password_replaces_password_and_key,
    create_credential_repeated_with_the_other_secret_succeeds,
);

const PASSWORD: Secret<'_> = Secret::Password("secret1");
/// Of the password, as published clients derive it.
const KEY: Secret<'_> = Secret::Key("4810fb138b705e79ea030ad8106ffac5beb84f2eac2b947e561e4084b5cf55d0");
const OTHER_KEY: Secret<'_> = Secret::Key("4810fb138b705e79ea030ad8106ffac5beb84f2eac2b947e561e4084b5cf55d1");

#[track_caller]
fn wrong<T>(answer: Answer<T>) {
    refused(answer, ErrorCode::Unauthenticated, Reason::InvalidCredentials);
}

async fn mailbox_opens_by_password_and_by_key(db: Db) {
    let world = World::new(db).await;
    for made_with in [PASSWORD, KEY] {
        let id = world.new_account();
        world.create_secret(&id, made_with).await.unwrap();
        for secret in [PASSWORD, KEY] {
            let token = world.sign_in_secret(Some(&id), secret).await.unwrap();
            world.validate(&token).await.unwrap();
        }
        for secret in [OTHER_KEY, Secret::Password("secret2")] {
            wrong(world.sign_in_secret(Some(&id), secret).await);
        }
    }
    // One client sends plain SHA-256 of its password, which is as good as any key.
    let id = world.new_account();
    world.create_secret(&id, OTHER_KEY).await.unwrap();
    world.sign_in_secret(Some(&id), OTHER_KEY).await.unwrap();
    wrong(world.sign_in_secret(Some(&id), PASSWORD).await);
    wrong(world.sign_in_secret(None, KEY).await);
}

async fn mailbox_without_key_gets_it_at_the_next_sign_in(db: Db) {
    let without_keys = Config {
        mailtd_keys: false,
        ..Config::default()
    };
    let world = World::with_config(db, without_keys).await;
    let id = world.new_account();
    let token = world.create_secret(&id, PASSWORD).await.unwrap();
    world.sign_in_secret(Some(&id), PASSWORD).await.unwrap();
    wrong(world.sign_in_secret(Some(&id), KEY).await);

    let keys = world.keys.clone();
    let world = world.restart(keys, |config| config.mailtd_keys = true).await;
    wrong(world.sign_in_secret(Some(&id), KEY).await);
    wrong(world.sign_in_secret(Some(&id), Secret::Password("secret2")).await);
    wrong(world.sign_in_secret(Some(&id), KEY).await);
    world.sign_in_secret(Some(&id), PASSWORD).await.unwrap();
    world.sign_in_secret(Some(&id), KEY).await.unwrap();
    world.validate(&token).await.unwrap();
}

async fn reset_password_replaces_password_and_key(db: Db) {
    let world = World::new(db).await;
    let id = world.new_account();
    let token = world.create_secret(&id, PASSWORD).await.unwrap();
    world.reset_secret(&id, OTHER_KEY).await.unwrap();
    assert!(world.validate(&token).await.is_err());
    for secret in [PASSWORD, KEY] {
        wrong(world.sign_in_secret(Some(&id), secret).await);
    }
    world.sign_in_secret(Some(&id), OTHER_KEY).await.unwrap();
    world.reset_secret(&id, PASSWORD).await.unwrap();
    wrong(world.sign_in_secret(Some(&id), OTHER_KEY).await);
    for secret in [PASSWORD, KEY] {
        world.sign_in_secret(Some(&id), secret).await.unwrap();
    }
}

async fn create_credential_repeated_with_the_other_secret_succeeds(db: Db) {
    let world = World::new(db).await;
    for (first, second) in [(PASSWORD, KEY), (KEY, PASSWORD)] {
        let id = world.new_account();
        world.create_secret(&id, first).await.unwrap();
        world.create_secret(&id, second).await.unwrap();
        let refusal = world.create_secret(&id, OTHER_KEY).await;
        refused(
            refusal,
            ErrorCode::FailedPrecondition,
            Reason::IdempotencyKeyReused,
        );
    }
}

#[tokio::test]
async fn sign_in_by_key_to_unknown_account_costs_as_much() {
    let world = World::new(Db::Sqlite).await;
    let id = world.new_account();
    world.create_secret(&id, PASSWORD).await.unwrap();
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        for (times, id) in [(&mut with, Some(id.as_str())), (&mut without, None)] {
            let started = Instant::now();
            wrong(world.sign_in_secret(id, OTHER_KEY).await);
            times.push(started.elapsed());
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let (with, without) = (median(&mut with), median(&mut without));
    // The comparison of a key alone would take microseconds; a tighter bound needs an idle machine.
    assert!(
        without * 3 > with && with * 3 > without,
        "{with:?} with, {without:?} without an account"
    );
}

#[tokio::test]
async fn anonymous_token_is_valid_for_a_day_and_no_credential() {
    use mayfly_proto::auth::{IssueAnonymousTokenRequest, ValidateAnonymousTokenRequest};

    let world = World::new(Db::Sqlite).await;
    let mut client = world.client();
    let issued = client.issue_anonymous_token(IssueAnonymousTokenRequest {});
    let issued = issued.await.unwrap().into_inner();
    let validate = async |token: &str| {
        let request = ValidateAnonymousTokenRequest {
            token: token.to_owned(),
        };
        world.client().validate_anonymous_token(request).await.is_ok()
    };
    assert!(validate(&issued.token).await);
    let jwt = issued.token.strip_prefix("tm_anon_").unwrap();
    let (_, pro_jwt) = world.account().await;
    for wrong in [jwt, "tm_anon_", "", &pro_jwt, &format!("tm_anon_{pro_jwt}")] {
        assert!(!validate(wrong).await, "{wrong}");
    }
    for token in [issued.token.as_str(), jwt] {
        assert!(world.validate(token).await.is_err(), "it gives no rights");
    }
    world
        .clock
        .advance(time::Duration::days(1) + time::Duration::seconds(10));
    assert!(!validate(&issued.token).await);
}
