//! All services and edges in one process on SQLite, wired as the binary wires them.

use std::sync::Arc;

use anyhow::ensure;
use axum::{
    Router,
    body::{Body, to_bytes},
};
use bytes::Bytes;
use futures_util::stream;
use http::Request;
use mayfly_auth::Auth;
use mayfly_database::Database;
use mayfly_mailbox::{Mailbox, WebhooksConfig};
use mayfly_proto::{
    auth::{
        CreateCredentialRequest, CreateProTokenRequest, RegisterUserRequest, ValidateTokenRequest,
        auth_client::AuthClient,
    },
    mailbox::{
        ActivateMailboxRequest, DeliverMessageRequest, Envelope, ReserveMailboxRequest,
        deliver_message_request::Part, mailbox_client::MailboxClient,
    },
};
use mayfly_rpc::{Transport, local};
use mayfly_runtime::task::Tasks;
use mayfly_shared::{bus::Bus, redis::RedisConfig};
use mayfly_testkit::ManualClock;
use mayfly_types::SecretKey;
use tempfile::TempDir;
use time::Duration;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub(crate) const ADDRESS: &str = "box@mayfly.test";
const PASSWORD: &[u8] = b"correct horse battery staple";
/// The longest body that a path reads.
const MAX_BODY_BYTES: usize = 16 << 20;
/// The chunk size in which the SMTP edge sends a mail.
const CHUNK_BYTES: usize = 64 * 1024;

/// All services and edges. Clones share them.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) auth: AuthClient<Transport>,
    pub(crate) mailbox: MailboxClient<Transport>,
    pub(crate) router: Router,
    pub(crate) clock: ManualClock,
    pub(crate) tasks: Tasks,
    pub(crate) to_mailbox: Transport,
    _alive: Arc<(TempDir, Auth, Mailbox)>,
}

impl World {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let (clock, tasks) = (ManualClock::default(), Tasks::new(CancellationToken::new()));
        let bus = Bus::new(None, &RedisConfig::default());
        let auth = mayfly_auth::build(
            &mayfly_auth::Config {
                hash_workers: 1,
                ..mayfly_auth::Config::default()
            },
            mayfly_auth::Deps {
                database: Database::open_sqlite(&dir.path().join("auth.db")).await?,
                redis: None,
                signing_keys: vec![SecretKey::from_bytes([1; 32])],
                clock: Arc::new(clock.clone()),
                tasks: tasks.clone(),
            },
        )
        .await?;
        let mailbox = mayfly_mailbox::build(
            &mayfly_mailbox::Config::default(),
            mayfly_mailbox::Deps {
                database: Database::open_sqlite(&dir.path().join("mailbox.db")).await?,
                auth: local(auth.server()),
                domains: vec!["mayfly.test".parse()?],
                events: bus.publisher(&tasks),
                mx_hostname: "mx.mayfly.test".to_owned(),
                blobs: mayfly_mailbox::BlobsConfig::default(),
                webhooks: WebhooksConfig::default(),
                data_keys: vec![SecretKey::from_bytes([2; 32])],
                clock: Arc::new(clock.clone()),
                tasks: tasks.clone(),
            },
        )
        .await?;
        let config = mayfly_gateway::Config {
            rate_limit: 0,
            sign_in_limit: 0,
            ..mayfly_gateway::Config::default()
        };
        let gateway = mayfly_gateway::build(
            &config,
            mayfly_gateway::Deps {
                auth: local(auth.server()),
                mailbox: local(mailbox.server()),
                // No path calls them.
                operators: mayfly_admin::Services::new(
                    local(auth.server()),
                    local(auth.server()),
                    local(mailbox.server()),
                ),
                redis: None,
                clock: Arc::new(clock.clone()),
                events: bus.subscribe(&tasks)?,
                submission: mayfly_gateway::Submission {
                    is_on: false,
                    host: String::new(),
                    port: 0,
                    smtp_port: 25,
                    submissions_port: None,
                    has_tls: false,
                    is_local_user: false,
                },
                tls: None,
                turns: mayfly_runtime::fair::Turns::of_runtime(),
                tasks: tasks.clone(),
            },
        );
        Ok(Self {
            auth: AuthClient::new(local(auth.server())),
            mailbox: MailboxClient::new(local(mailbox.server())),
            to_mailbox: local(mailbox.server()),
            router: gateway.router(),
            clock,
            tasks,
            _alive: Arc::new((dir, auth, mailbox)),
        })
    }

    /// Creates a mailbox and returns its account id.
    pub(crate) async fn create_mailbox(&self) -> anyhow::Result<String> {
        let mut mailbox = self.mailbox.clone();
        let request = ReserveMailboxRequest {
            address: ADDRESS.to_owned(),
            owner_user_id: None,
            idempotency_key: None,
            client: String::new(),
            ..ReserveMailboxRequest::default()
        };
        let account_id = mailbox.reserve_mailbox(request).await?.into_inner().account_id;
        let request = ActivateMailboxRequest {
            account_id: account_id.clone(),
        };
        mailbox.activate_mailbox(request).await?;
        Ok(account_id)
    }

    /// Signs in to a mailbox: returns its JWT.
    pub(crate) async fn create_credential(&self, account_id: &str) -> anyhow::Result<String> {
        let request = CreateCredentialRequest {
            account_id: account_id.to_owned(),
            password: Bytes::from_static(PASSWORD),
            ..CreateCredentialRequest::default()
        };
        Ok(self
            .auth
            .clone()
            .create_credential(patient(request))
            .await?
            .into_inner()
            .token)
    }

    /// Registers a Pro user and returns an API token of it.
    pub(crate) async fn create_pro_token(&self) -> anyhow::Result<String> {
        let mut auth = self.auth.clone();
        let request = RegisterUserRequest {
            email: "ann@example.com".to_owned(),
            password: Bytes::from_static(PASSWORD),
        };
        let user_id = auth.register_user(patient(request)).await?.into_inner().user_id;
        let request = CreateProTokenRequest {
            user_id,
            name: "ci".to_owned(),
            idempotency_key: None,
            ..CreateProTokenRequest::default()
        };
        Ok(auth.create_pro_token(request).await?.into_inner().token)
    }

    pub(crate) async fn validate_token(&self, token: &str) -> anyhow::Result<()> {
        let request = ValidateTokenRequest {
            token: token.to_owned(),
            ..ValidateTokenRequest::default()
        };
        self.auth.clone().validate_token(request).await?;
        Ok(())
    }

    /// Delivers a mail as the SMTP edge does; returns its message id. The clock advances, so ids grow as in production.
    pub(crate) async fn deliver(&self, account_id: &str, mail: &Bytes) -> anyhow::Result<String> {
        self.clock.advance(Duration::seconds(1));
        let envelope = Envelope {
            sender: "bounce@shop.example".to_owned(),
            recipient_account_ids: vec![account_id.to_owned()],
            size_bytes: i64::try_from(mail.len())?,
            submission: None,
        };
        let chunks = (0..mail.len()).step_by(CHUNK_BYTES).map(|start| {
            let end = mail.len().min(start + CHUNK_BYTES);
            Part::Chunk(mail.slice(start..end))
        });
        let parts: Vec<DeliverMessageRequest> = std::iter::once(Part::Envelope(envelope))
            .chain(chunks)
            .map(|part| DeliverMessageRequest { part: Some(part) })
            .collect();
        let mut stored = self
            .mailbox
            .clone()
            .deliver_message(patient(stream::iter(parts)))
            .await?
            .into_inner();
        ensure!(stored.message_ids.len() == 1, "not stored once: {stored:?}");
        Ok(stored.message_ids.remove(0))
    }

    /// Answers a `GET`, which must succeed; returns the body.
    pub(crate) async fn get(&self, path: &str, token: &str) -> anyhow::Result<Bytes> {
        let request = Request::get(path)
            .header("host", "127.0.0.1")
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty())?;
        let response = self.router.clone().oneshot(request).await?;
        let status = response.status();
        let body = to_bytes(response.into_body(), MAX_BODY_BYTES).await?;
        ensure!(
            status == 200,
            "{path}: {status}: {}",
            String::from_utf8_lossy(&body)
        );
        Ok(body)
    }
}

/// Returns a request with a deadline that hashing and parsing meet under valgrind on a busy machine.
fn patient<T>(message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(std::time::Duration::from_secs(120));
    request
}
