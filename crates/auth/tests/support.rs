//! A running service, its client, and helpers for tests.

use std::sync::atomic::{AtomicU64, Ordering};

use mayfly_auth::{Auth, Config, Deps};
use mayfly_proto::auth::{
    CreateCredentialRequest, CreateProTokenRequest, ListProTokensRequest, ProToken, RegisterUserRequest,
    ResetPasswordRequest, RevokeTokenRequest, SignInRequest, ValidateTokenRequest, auth_client::AuthClient,
    validate_token_response::Principal,
};
use mayfly_rpc::{Failure, Transport, local};
use mayfly_runtime::task::Tasks;
use mayfly_testkit::{Db, ManualClock, TestDatabase};
use mayfly_types::{AccountId, Clock, SecretKey};
use sea_orm::DatabaseConnection;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The result of a call.
pub(crate) type Answer<T> = Result<T, Failure>;

/// A service on its own database.
pub(crate) struct World {
    pub(crate) auth: Auth,
    pub(crate) clock: ManualClock,
    pub(crate) tasks: Tasks,
    pub(crate) keys: Vec<SecretKey>,
    client: AuthClient<Transport>,
    test_database: TestDatabase,
    config: Config,
}

/// A Pro user of a test.
pub(crate) struct TestUser {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) jwt: String,
}

/// A Pro API token of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TestToken {
    pub(crate) id: String,
    pub(crate) value: String,
}

pub(crate) const PASSWORD: &str = "correct horse";
/// The address of the mailbox of [`Secret`].
pub(crate) const ADDRESS: &str = "user@box.test";

/// A password, or a key in hexadecimal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Secret<'a> {
    Password(&'a str),
    Key(&'a str),
}

impl Secret<'_> {
    fn fields(self) -> (bytes::Bytes, Option<bytes::Bytes>) {
        match self {
            Self::Password(password) => (to_bytes(password), None),
            Self::Key(key) => (bytes::Bytes::new(), Some(hex::decode(key).unwrap().into())),
        }
    }
}

impl World {
    pub(crate) async fn new(db: Db) -> Self {
        Self::with_config(db, Config::default()).await
    }

    pub(crate) async fn with_config(db: Db, config: Config) -> Self {
        let database = TestDatabase::new(db);
        Self::open(
            database,
            config,
            ManualClock::default(),
            vec![SecretKey::random()],
        )
        .await
    }

    /// Two processes over one PostgreSQL.
    pub(crate) async fn two() -> [Self; 2] {
        let (database, clock, key) = (
            TestDatabase::new(Db::Postgres),
            ManualClock::default(),
            SecretKey::random(),
        );
        let open = || {
            let keys = vec![SecretKey::from_bytes(*key.expose())];
            Self::open(database.clone(), Config::default(), clock.clone(), keys)
        };
        let (one, other) = tokio::join!(open(), open());
        [one, other]
    }

    async fn open(
        test_database: TestDatabase,
        config: Config,
        clock: ManualClock,
        keys: Vec<SecretKey>,
    ) -> Self {
        let tasks = Tasks::new(CancellationToken::new());
        let database = test_database.open("auth").await;
        mayfly_auth::migrate(&database).await.unwrap();
        let deps = Deps {
            database,
            redis: None,
            signing_keys: keys.clone(),
            clock: Arc::new(clock.clone()),
            tasks: tasks.clone(),
        };
        let auth = mayfly_auth::build(&config, deps).await.unwrap();
        let client = AuthClient::new(local(auth.server()));
        Self {
            auth,
            clock,
            tasks,
            keys,
            client,
            test_database,
            config,
        }
    }

    /// Restarts the service on the same database, with other keys and configuration.
    pub(crate) async fn restart(self, keys: Vec<SecretKey>, change: impl FnOnce(&mut Config)) -> Self {
        let Self {
            auth,
            clock,
            tasks,
            test_database,
            mut config,
            client,
            ..
        } = self;
        assert!(tasks.shutdown(std::time::Duration::from_secs(30)).await);
        auth.close().await;
        drop((auth, client));
        change(&mut config);
        Self::open(test_database, config, clock, keys).await
    }

    pub(crate) fn client(&self) -> AuthClient<Transport> {
        self.client.clone()
    }

    pub(crate) fn test_database(&self) -> &TestDatabase {
        &self.test_database
    }

    /// Connects to the service's database, to inspect or modify it.
    pub(crate) async fn connect_directly(&self) -> DatabaseConnection {
        let mut options = sea_orm::ConnectOptions::new(self.test_database.url("auth"));
        options.max_connections(1).sqlx_logging(false);
        sea_orm::Database::connect(options).await.unwrap()
    }

    pub(crate) fn new_account(&self) -> String {
        AccountId::new(self.clock.now()).to_string()
    }

    /// Creates a mailbox with [`PASSWORD`] and returns its id and JWT.
    pub(crate) async fn account(&self) -> (String, String) {
        let id = self.new_account();
        let jwt = self.create_credential(&id, PASSWORD).await.unwrap();
        (id, jwt)
    }

    pub(crate) async fn create_credential(&self, id: &str, password: impl AsRef<[u8]>) -> Answer<String> {
        let request = CreateCredentialRequest {
            account_id: id.to_owned(),
            password: to_bytes(password),
            ..CreateCredentialRequest::default()
        };
        Ok(self.client().create_credential(request).await?.into_inner().token)
    }

    pub(crate) async fn sign_in(&self, id: Option<&str>, password: impl AsRef<[u8]>) -> Answer<String> {
        let request = SignInRequest {
            account_id: id.map(str::to_owned),
            password: to_bytes(password),
            ..SignInRequest::default()
        };
        Ok(self.client().sign_in(request).await?.into_inner().token)
    }

    pub(crate) async fn reset(&self, id: &str, password: impl AsRef<[u8]>) -> Answer<()> {
        let request = ResetPasswordRequest {
            account_id: id.to_owned(),
            password: to_bytes(password),
            ..ResetPasswordRequest::default()
        };
        Ok(self.client().reset_password(request).await.map(drop)?)
    }

    /// Creates a credential for [`ADDRESS`], as the gateway does for clients of mail.td.
    pub(crate) async fn create_secret(&self, id: &str, secret: Secret<'_>) -> Answer<String> {
        let (password, auth_key) = secret.fields();
        let request = CreateCredentialRequest {
            account_id: id.to_owned(),
            password,
            address: ADDRESS.to_owned(),
            auth_key,
        };
        Ok(self.client().create_credential(request).await?.into_inner().token)
    }

    /// Signs in to the mailbox with [`ADDRESS`].
    pub(crate) async fn sign_in_secret(&self, id: Option<&str>, secret: Secret<'_>) -> Answer<String> {
        let (password, auth_key) = secret.fields();
        let request = SignInRequest {
            account_id: id.map(str::to_owned),
            password,
            address: ADDRESS.to_owned(),
            auth_key,
        };
        Ok(self.client().sign_in(request).await?.into_inner().token)
    }

    /// Resets the secret of the mailbox with [`ADDRESS`].
    pub(crate) async fn reset_secret(&self, id: &str, secret: Secret<'_>) -> Answer<()> {
        let (password, auth_key) = secret.fields();
        let request = ResetPasswordRequest {
            account_id: id.to_owned(),
            password,
            address: ADDRESS.to_owned(),
            auth_key,
        };
        Ok(self.client().reset_password(request).await.map(drop)?)
    }

    pub(crate) async fn validate(&self, token: &str) -> Answer<Principal> {
        validate(&mut self.client(), token).await
    }

    pub(crate) async fn register(&self, email: &str, password: impl AsRef<[u8]>) -> Answer<TestUser> {
        let request = RegisterUserRequest {
            email: email.to_owned(),
            password: to_bytes(password),
        };
        let user = self.client().register_user(request).await?.into_inner();
        Ok(TestUser {
            id: user.user_id,
            email: user.email,
            jwt: user.token,
        })
    }

    /// Creates a Pro user with [`PASSWORD`].
    pub(crate) async fn user(&self) -> TestUser {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let email = format!("user{}@example.com", COUNT.fetch_add(1, Ordering::Relaxed));
        self.register(&email, PASSWORD).await.unwrap()
    }

    pub(crate) async fn create_token(&self, user_id: &str, name: &str) -> Answer<TestToken> {
        self.create_token_once(user_id, name, None).await
    }

    /// Creates a token with an idempotency key.
    pub(crate) async fn create_token_once(
        &self,
        user_id: &str,
        name: &str,
        key: Option<&str>,
    ) -> Answer<TestToken> {
        let request = CreateProTokenRequest {
            user_id: user_id.to_owned(),
            name: name.to_owned(),
            idempotency_key: key.map(str::to_owned),
            ..CreateProTokenRequest::default()
        };
        let token = self.client().create_pro_token(request).await?.into_inner();
        Ok(TestToken {
            id: token.token_id,
            value: token.token,
        })
    }

    pub(crate) async fn tokens(&self, user_id: &str) -> Vec<ProToken> {
        let request = ListProTokensRequest {
            user_id: user_id.to_owned(),
        };
        self.client()
            .list_pro_tokens(request)
            .await
            .unwrap()
            .into_inner()
            .tokens
    }

    pub(crate) async fn revoke(&self, user_id: &str, token_id: &str) -> Answer<()> {
        let request = RevokeTokenRequest {
            user_id: user_id.to_owned(),
            token_id: token_id.to_owned(),
            ..RevokeTokenRequest::default()
        };
        Ok(self.client().revoke_token(request).await.map(drop)?)
    }
}

pub(crate) async fn validate(client: &mut AuthClient<Transport>, token: &str) -> Answer<Principal> {
    let request = ValidateTokenRequest {
        token: token.to_owned(),
        ..ValidateTokenRequest::default()
    };
    Ok(client
        .validate_token(request)
        .await?
        .into_inner()
        .principal
        .unwrap())
}

fn to_bytes(password: impl AsRef<[u8]>) -> bytes::Bytes {
    bytes::Bytes::copy_from_slice(password.as_ref())
}

/// Asserts that a call failed with a code and reason, and returns the failure.
#[track_caller]
pub(crate) fn refused<T>(
    answer: Answer<T>,
    code: mayfly_types::ErrorCode,
    reason: mayfly_types::Reason,
) -> Failure {
    let Err(failure) = answer else {
        panic!("accepted, expected {reason}")
    };
    assert_eq!(
        (failure.code, failure.reason),
        (code, reason),
        "{}",
        failure.message
    );
    failure
}

/// Asserts that a token was refused, with the same failure as every other invalid token.
#[track_caller]
pub(crate) fn token_refused(answer: Answer<Principal>) {
    let failure = refused(
        answer,
        mayfly_types::ErrorCode::Unauthenticated,
        mayfly_types::Reason::InvalidToken,
    );
    assert_eq!(
        (failure.message.as_str(), failure.retry_after),
        ("the token is not valid", None)
    );
}
