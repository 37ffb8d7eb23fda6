//! That auth forgets the credentials of mailboxes that are gone, sooner or later, whatever happens.

use std::sync::Arc;

use mayfly_auth::Auth;
use mayfly_mailbox::Config;
use mayfly_proto::{
    auth::{CreateCredentialRequest, RegisterUserRequest, ValidateTokenRequest, auth_client::AuthClient},
    mailbox::DeleteOwnerRequest,
};
use mayfly_rpc::{Transport, local};
use mayfly_runtime::task::Tasks;
use mayfly_testkit::{Db, ManualClock, TestDatabase, db_test, eventually};
use mayfly_types::SecretKey;
use time::Duration;
use tokio_util::sync::CancellationToken;

use crate::{
    mailboxes::delete,
    world::{World, scope},
};

db_test!(
    delete_mailbox_deletes_credential_after_auth_recovers,
    delete_owner_deletes_user_after_auth_recovers,
    sweep_lapsed_reservation_deletes_credential,
    sweep_idle_mailbox_deletes_credential,
);

struct RealAuth {
    transport: Transport,
    client: AuthClient<Transport>,
    _auth: Auth,
    _test_database: TestDatabase,
}

impl RealAuth {
    async fn new(db: Db, clock: &ManualClock) -> Self {
        let test_database = TestDatabase::new(db);
        let database = test_database.open("auth").await;
        mayfly_auth::migrate(&database).await.unwrap();
        let deps = mayfly_auth::Deps {
            database,
            redis: None,
            signing_keys: vec![SecretKey::random()],
            clock: Arc::new(clock.clone()),
            tasks: Tasks::new(CancellationToken::new()),
        };
        let auth = mayfly_auth::build(&mayfly_auth::Config::default(), deps)
            .await
            .unwrap();
        let transport = local(auth.server());
        Self {
            client: AuthClient::new(transport.clone()),
            transport,
            _auth: auth,
            _test_database: test_database,
        }
    }

    /// Makes a credential as the gateway does, and returns its token.
    async fn create(&self, account_id: &str) -> String {
        let request = CreateCredentialRequest {
            account_id: account_id.to_owned(),
            password: b"secret"[..].into(),
            ..CreateCredentialRequest::default()
        };
        self.client
            .clone()
            .create_credential(request)
            .await
            .unwrap()
            .into_inner()
            .token
    }

    async fn is_valid(&self, token: &str) -> bool {
        let token = token.to_owned();
        self.client
            .clone()
            .validate_token(ValidateTokenRequest {
                token,
                ..ValidateTokenRequest::default()
            })
            .await
            .is_ok()
    }

    async fn until_forgotten(&self, token: &str) {
        eventually("forgotten", async || !self.is_valid(token).await).await;
    }
}

async fn world(db: Db) -> (World, RealAuth) {
    let clock = ManualClock::default();
    let auth = RealAuth::new(db, &clock).await;
    let world = World::open(
        TestDatabase::new(db),
        clock,
        Config::default(),
        auth.transport.clone(),
        &["mayfly.test"],
    )
    .await;
    (world, auth)
}

async fn delete_mailbox_deletes_credential_after_auth_recovers(db: Db) {
    let (world, auth) = world(db).await;
    let [ann, bob] = [
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    ];
    let [anns, bobs] = [auth.create(&ann).await, auth.create(&bob).await];
    world.auth.cut(true);
    let refused = world.auth.refused();
    delete(&world, scope(&ann)).await.unwrap();
    eventually("tried", async || world.auth.refused() > refused).await;
    assert!(auth.is_valid(&anns).await);
    // Tries go on, and over a restart in which auth is still away.
    world.clock.advance(Duration::minutes(1));
    let refused = world.auth.refused();
    eventually("tried again", async || world.auth.refused() > refused).await;
    let (dir, clock) = world.stop().await;
    let world = World::open(
        dir,
        clock,
        Config::default(),
        auth.transport.clone(),
        &["mayfly.test"],
    )
    .await;
    world.clock.advance(Duration::minutes(3));
    auth.until_forgotten(&anns).await;
    assert!(auth.is_valid(&bobs).await);
}

async fn sweep_lapsed_reservation_deletes_credential(db: Db) {
    let (world, auth) = world(db).await;
    let first = world.reserve("ann@mayfly.test", None).await.unwrap();
    let swept = world.reserve("bob@mayfly.test", None).await.unwrap();
    let [firsts, swepts] = [auth.create(&first).await, auth.create(&swept).await];
    world.clock.advance(Duration::minutes(1));
    let second = world.create("ann@mayfly.test").await;
    let seconds = auth.create(&second).await;
    auth.until_forgotten(&firsts).await;
    assert!(auth.is_valid(&swepts).await);
    world.mailbox.sweep().await;
    auth.until_forgotten(&swepts).await;
    assert!(auth.is_valid(&seconds).await);
}

async fn sweep_idle_mailbox_deletes_credential(db: Db) {
    let (world, auth) = world(db).await;
    let ann = world.create("ann@mayfly.test").await;
    world
        .clock
        .advance(Duration::days(90) + Duration::milliseconds(1));
    // Its tokens have run out long ago; a new one shows that the password is still there, and then is not.
    let token = auth.create(&ann).await;
    assert!(auth.is_valid(&token).await);
    world.mailbox.sweep().await;
    auth.until_forgotten(&token).await;
}

async fn delete_owner_deletes_user_after_auth_recovers(db: Db) {
    let (world, auth) = world(db).await;
    let request = RegisterUserRequest {
        email: "ann@example.com".to_owned(),
        password: b"correct horse"[..].into(),
    };
    let registered = auth.client.clone().register_user(request).await.unwrap();
    let user = registered.into_inner();
    let id = world.create_for("ann@mayfly.test", Some(&user.user_id)).await;
    let token = auth.create(&id).await;
    world.auth.cut(true);
    let refused = world.auth.refused();
    let request = DeleteOwnerRequest {
        owner_user_id: user.user_id,
    };
    world.client.clone().delete_owner(request).await.unwrap();
    eventually("tried", async || world.auth.refused() > refused).await;
    assert!(auth.is_valid(&token).await && auth.is_valid(&user.token).await);
    world.auth.cut(false);
    world.clock.advance(Duration::minutes(2));
    auth.until_forgotten(&token).await;
    auth.until_forgotten(&user.token).await;
}
