//! Strict revocation: no validation that begins after the answer accepts the token, under any concurrency.

use mayfly_testkit::{Db, db_test};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use mayfly_auth::Config;
use mayfly_proto::auth::{DeleteCredentialRequest, auth_client::AuthClient};
use mayfly_rpc::Transport;
use mayfly_types::{ErrorCode, Reason};
use tokio::{sync::Barrier, task::JoinSet};

use crate::support::{PASSWORD, World, refused, token_refused, validate};

db_test!(
    revoke_token_under_load_is_never_accepted_again,
    delete_or_reset_under_load_is_never_accepted_again,
    reset_password_within_one_second_keeps_new_jwt_only,
    reset_password_concurrent_leaves_one_password,
    revoke_token_cancelled_caller_is_all_or_nothing,
);

/// Clients that validate a token in a loop while it is revoked.
struct Clients {
    begin: Arc<Barrier>,
    answered: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

impl Clients {
    const COUNT: usize = 6;

    fn start(client: &AuthClient<Transport>, token: &str) -> Self {
        let begin = Arc::new(Barrier::new(Self::COUNT + 1));
        let answered = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for _ in 0..Self::COUNT {
            let (mut client, token) = (client.clone(), token.to_owned());
            let (begin, answered) = (Arc::clone(&begin), Arc::clone(&answered));
            tasks.spawn(async move {
                begin.wait().await;
                // The last round begins after the answer.
                let mut is_last = false;
                while !is_last {
                    is_last = answered.load(Ordering::SeqCst);
                    let outcome = validate(&mut client, &token).await;
                    // A call that is served from the cache never waits; let other tasks run.
                    tokio::task::yield_now().await;
                    if is_last {
                        token_refused(outcome);
                    }
                }
            });
        }
        Self {
            begin,
            answered,
            tasks,
        }
    }

    /// Signals that the revocation has answered, and waits for the last validation of each client.
    async fn finish(mut self) {
        self.answered.store(true, Ordering::SeqCst);
        while let Some(outcome) = self.tasks.join_next().await {
            outcome.unwrap();
        }
    }
}

async fn revoke_token_under_load_is_never_accepted_again(db: Db) {
    let world = World::with_config(
        db,
        Config {
            max_tokens: 1000,
            ..Config::default()
        },
    )
    .await;
    let user = world.user().await;
    for _ in 0..200 {
        let token = world.create_token(&user.id, "ci").await.unwrap();
        let clients = Clients::start(&world.client(), &token.value);
        clients.begin.wait().await;
        world.revoke(&user.id, &token.id).await.unwrap();
        clients.finish().await;
        token_refused(world.validate(&token.value).await);
    }
}

async fn delete_or_reset_under_load_is_never_accepted_again(db: Db) {
    let world = World::new(db).await;
    for round in 0..30 {
        let (id, jwt) = world.account().await;
        let clients = Clients::start(&world.client(), &jwt);
        clients.begin.wait().await;
        if round % 2 == 0 {
            let request = DeleteCredentialRequest {
                account_id: id.clone(),
            };
            world.client().delete_credential(request).await.unwrap();
        } else {
            world.reset(&id, "another one").await.unwrap();
        }
        clients.finish().await;
        // A new credential under the same id does not accept the old tokens, and a reset password stays reset.
        let again = world.create_credential(&id, PASSWORD).await;
        if round % 2 == 0 {
            assert!(world.validate(&again.unwrap()).await.is_ok());
        } else {
            refused(again, ErrorCode::FailedPrecondition, Reason::IdempotencyKeyReused);
        }
        token_refused(world.validate(&jwt).await);
    }
}

async fn reset_password_within_one_second_keeps_new_jwt_only(db: Db) {
    let world = World::new(db).await;
    let (id, mut old) = world.account().await;
    // The test clock does not advance: everything happens within one second.
    for round in 0..30 {
        assert!(world.validate(&old).await.is_ok());
        let password = format!("password {round}");
        world.reset(&id, &password).await.unwrap();
        token_refused(world.validate(&old).await);
        let new = world.sign_in(Some(&id), &password).await.unwrap();
        assert!(world.validate(&new).await.is_ok());
        token_refused(world.validate(&old).await);
        old = new;
    }
}

async fn reset_password_concurrent_leaves_one_password(db: Db) {
    let world = World::new(db).await;
    for _ in 0..5 {
        let (id, first) = world.account().await;
        let passwords: Vec<String> = (0..4).map(|i| format!("password {i}")).collect();
        let resets = passwords.iter().map(|password| world.reset(&id, password));
        for answer in futures_util::future::join_all(resets).await {
            answer.unwrap();
        }
        token_refused(world.validate(&first).await);
        let mut good = 0;
        for password in &passwords {
            if let Ok(jwt) = world.sign_in(Some(&id), password).await {
                assert!(world.validate(&jwt).await.is_ok());
                good += 1;
            }
        }
        assert_eq!(good, 1);
    }
}

async fn revoke_token_cancelled_caller_is_all_or_nothing(db: Db) {
    let world = World::with_config(
        db,
        Config {
            max_tokens: 1000,
            ..Config::default()
        },
    )
    .await;
    let user = world.user().await;
    let mut revoked = 0;
    for round in 0..100 {
        let token = world.create_token(&user.id, "ci").await.unwrap();
        world.validate(&token.value).await.unwrap();
        let timeout = std::time::Duration::from_micros(round * 20);
        let _ = tokio::time::timeout(timeout, world.revoke(&user.id, &token.id)).await;
        // Caches the current state, which a commit in progress may still change.
        let _ = world.validate(&token.value).await;
        // Another write is ordered after most changes in progress; with a single writer, after all of them.
        let last = world.create_token(&user.id, "ci").await.unwrap();
        world.revoke(&user.id, &last.id).await.unwrap();
        // The change may still run for a moment; a stale cache entry would stay.
        let agree = async {
            loop {
                let listed = world.tokens(&user.id).await;
                let is_revoked = listed
                    .iter()
                    .any(|t| t.token_id == token.id && t.revoked_at.is_some());
                if world.validate(&token.value).await.is_err() == is_revoked {
                    return is_revoked;
                }
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        };
        let agreed = tokio::time::timeout(std::time::Duration::from_secs(10), agree).await;
        let Ok(is_revoked) = agreed else {
            panic!("the list and the validation disagree");
        };
        revoked += u32::from(is_revoked);
    }
    assert!(revoked > 0, "some revocations were not cancelled");
}
