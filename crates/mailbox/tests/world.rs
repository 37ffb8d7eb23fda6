//! A service of its own for each test.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use mayfly_database::OpenError;
use mayfly_mailbox::{BlobsConfig, Config, Deps, Mailbox, WebhooksConfig};
use mayfly_proto::mailbox::{
    ActivateMailboxRequest, AnyOwnedBy, CheckMessageRequest, DeliverMessageRequest, Envelope,
    GetAttachmentRequest, GetAttachmentResponse, GetMailboxRequest, GetMessageRequest, GetMessageResponse,
    GetMessageSourceRequest, ListMessagesRequest, MailboxInfo, MessageSummary, OwnedMailbox,
    ReserveMailboxRequest, Scope, deliver_message_request::Part, get_attachment_response,
    mailbox_client::MailboxClient, scope::Caller,
};
use mayfly_rpc::{Failure, Transport, local};
use mayfly_runtime::{config::List, task::Tasks};
use mayfly_shared::{bus::Bus, redis::RedisConfig};
use mayfly_testkit::{Db, ManualClock, TestDatabase};
use mayfly_types::{ErrorCode, SecretKey, SystemClock};
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body};
use tower::{ServiceExt, util::BoxCloneSyncService};

pub(crate) struct World {
    pub(crate) client: MailboxClient<Transport>,
    pub(crate) clock: ManualClock,
    pub(crate) mailbox: Mailbox,
    pub(crate) auth: Switch,
    pub(crate) test_database: TestDatabase,
    /// What seals the secrets of webhooks.
    pub(crate) data_key: SecretKey,
    tasks: Tasks,
}

/// The way to auth, which a test can cut.
#[derive(Clone, Default)]
pub(crate) struct Switch {
    is_cut: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
}

impl Switch {
    pub(crate) fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::Release);
    }

    /// How many calls were refused because of the cut.
    pub(crate) fn refused(&self) -> usize {
        self.refused.load(Ordering::Acquire)
    }

    fn over(&self, inner: Transport) -> Transport {
        let switch = self.clone();
        BoxCloneSyncService::new(tower::service_fn(move |request: Request<Body>| {
            let (switch, inner) = (switch.clone(), inner.clone());
            async move {
                if switch.is_cut.load(Ordering::Acquire) {
                    switch.refused.fetch_add(1, Ordering::AcqRel);
                    return Err(Status::unavailable("cut by the test"));
                }
                inner.oneshot(request).await
            }
        }))
    }
}

/// An auth that is never there.
pub(crate) fn no_auth() -> Transport {
    BoxCloneSyncService::new(tower::service_fn(|_: Request<Body>| async {
        Err::<Response<Body>, _>(Status::unavailable("no auth in this test"))
    }))
}

impl World {
    pub(crate) async fn new(db: Db) -> Self {
        Self::with(db, Config::default()).await
    }

    pub(crate) async fn with(db: Db, config: Config) -> Self {
        Self::with_auth(db, config, no_auth()).await
    }

    pub(crate) async fn with_auth(db: Db, config: Config, auth: Transport) -> Self {
        Self::open(
            TestDatabase::new(db),
            ManualClock::default(),
            config,
            auth,
            &["mayfly.test", "other.test"],
        )
        .await
    }

    /// Opens a service with large messages in a place of `blobs.url`.
    pub(crate) async fn with_blobs(db: Db, config: Config, blobs: BlobsConfig) -> Self {
        let (database, clock) = (TestDatabase::new(db), ManualClock::default());
        Self::open_with(database, clock, config, no_auth(), &["mayfly.test"], blobs)
            .await
            .unwrap()
    }

    /// Opens a service over a database, with large messages in a place of `blobs.url`.
    pub(crate) async fn with_blobs_over(
        database: TestDatabase,
        clock: ManualClock,
        blobs: BlobsConfig,
    ) -> Result<Self, OpenError> {
        let config = Config::default();
        Self::open_with(database, clock, config, no_auth(), &["mayfly.test"], blobs).await
    }

    pub(crate) async fn open(
        test_database: TestDatabase,
        clock: ManualClock,
        config: Config,
        auth: Transport,
        domains: &[&str],
    ) -> Self {
        Self::open_with(
            test_database,
            clock,
            config,
            auth,
            domains,
            BlobsConfig::default(),
        )
        .await
        .unwrap()
    }

    async fn open_with(
        test_database: TestDatabase,
        clock: ManualClock,
        config: Config,
        auth: Transport,
        domains: &[&str],
        blobs: BlobsConfig,
    ) -> Result<Self, OpenError> {
        let database = test_database.open("mailbox").await;
        mayfly_mailbox::migrate(&database).await.unwrap();
        let tasks = Tasks::new(CancellationToken::new());
        let (auth_switch, data_key) = (Switch::default(), SecretKey::random());
        let deps = Deps {
            database,
            auth: auth_switch.over(auth),
            domains: domains.iter().map(|name| name.parse().unwrap()).collect(),
            events: Bus::new(None, &RedisConfig::default()).publisher(&tasks),
            mx_hostname: "mx.mayfly.test".to_owned(),
            blobs,
            webhooks: WebhooksConfig {
                // Every other address of this machine stands for a private one.
                allowed_networks: List(vec!["127.0.0.1/32".parse().unwrap()]),
                allow_http: true,
                ..WebhooksConfig::default()
            },
            data_keys: vec![SecretKey::from_bytes(*data_key.expose())],
            clock: Arc::new(clock.clone()),
            tasks: tasks.clone(),
        };
        let mailbox = mayfly_mailbox::build(&config, deps).await?;
        Ok(Self {
            client: MailboxClient::new(local(mailbox.server())),
            clock,
            mailbox,
            auth: auth_switch,
            test_database,
            data_key,
            tasks,
        })
    }

    /// Stops the service as a process does, and returns what is left of it.
    pub(crate) async fn stop(self) -> (TestDatabase, ManualClock) {
        assert!(self.tasks.shutdown(Duration::from_secs(10)).await);
        self.mailbox.close().await;
        (self.test_database, self.clock)
    }

    pub(crate) async fn reserve(&self, address: &str, owner: Option<&str>) -> Result<String, Failure> {
        self.reserve_once(address, owner, None).await
    }

    pub(crate) async fn reserve_once(
        &self,
        address: &str,
        owner: Option<&str>,
        key: Option<&str>,
    ) -> Result<String, Failure> {
        self.reserve_as(ReserveMailboxRequest {
            address: address.to_owned(),
            owner_user_id: owner.map(str::to_owned),
            idempotency_key: key.map(str::to_owned),
            client: String::new(),
            ..ReserveMailboxRequest::default()
        })
        .await
    }

    async fn reserve_as(&self, request: ReserveMailboxRequest) -> Result<String, Failure> {
        let answer = self.client.clone().reserve_mailbox(request).await;
        Ok(answer.map_err(Failure::from)?.into_inner().account_id)
    }

    /// Makes an active mailbox without an owner, for a client.
    pub(crate) async fn create_from(&self, client: &str, address: &str) -> String {
        let request = ReserveMailboxRequest {
            address: address.to_owned(),
            client: client.to_owned(),
            ..ReserveMailboxRequest::default()
        };
        let id = self.reserve_as(request).await.unwrap();
        self.activate(&id).await.unwrap();
        id
    }

    pub(crate) async fn activate(&self, account_id: &str) -> Result<(), Failure> {
        let account_id = account_id.to_owned();
        let answer = self
            .client
            .clone()
            .activate_mailbox(ActivateMailboxRequest { account_id })
            .await;
        answer.map(drop).map_err(Failure::from)
    }

    /// Makes an active mailbox.
    pub(crate) async fn create(&self, address: &str) -> String {
        self.create_for(address, None).await
    }

    pub(crate) async fn create_for(&self, address: &str, owner: Option<&str>) -> String {
        let id = self.reserve(address, owner).await.unwrap();
        self.activate(&id).await.unwrap();
        id
    }

    pub(crate) async fn get(&self, scope: Scope) -> Result<MailboxInfo, Failure> {
        let request = GetMailboxRequest { scope: Some(scope) };
        let answer = self.client.clone().get_mailbox(request).await;
        Ok(answer.map_err(Failure::from)?.into_inner().mailbox.unwrap())
    }

    pub(crate) async fn used(&self, account_id: &str) -> i64 {
        self.get(scope(account_id)).await.unwrap().used_bytes
    }

    pub(crate) async fn deliver(&self, to: &[&str], raw: &[u8]) -> Result<Vec<String>, Failure> {
        let mut parts = vec![envelope(to, raw.len())];
        parts.extend(raw.chunks(60_000).map(chunk));
        self.deliver_parts(parts).await
    }

    pub(crate) async fn deliver_parts(
        &self,
        parts: Vec<DeliverMessageRequest>,
    ) -> Result<Vec<String>, Failure> {
        let parts = futures_util::stream::iter(parts);
        let answer = self.client.clone().deliver_message(parts).await;
        Ok(answer.map_err(Failure::from)?.into_inner().message_ids)
    }

    pub(crate) async fn list(&self, scope: Scope, page: u32) -> Result<Vec<MessageSummary>, Failure> {
        let request = ListMessagesRequest {
            scope: Some(scope),
            page,
            page_size: 30,
            is_detailed: false,
        };
        let answer = self.client.clone().list_messages(request).await;
        Ok(answer.map_err(Failure::from)?.into_inner().messages)
    }

    pub(crate) async fn message(
        &self,
        scope: Scope,
        message_id: &str,
    ) -> Result<GetMessageResponse, Failure> {
        let request = GetMessageRequest {
            scope: Some(scope),
            message_id: message_id.to_owned(),
            inline_parts: None,
            derives_text: false,
            derives_visible_text: false,
            max_size_bytes: None,
        };
        let answer = self.client.clone().get_message(request).await;
        Ok(answer.map_err(Failure::from)?.into_inner())
    }

    pub(crate) async fn check(&self, scope: Scope, message_id: &str) -> Result<(), Failure> {
        let request = CheckMessageRequest {
            scope: Some(scope),
            message_id: message_id.to_owned(),
        };
        let answer = self.client.clone().check_message(request).await;
        answer.map(drop).map_err(Failure::from)
    }

    pub(crate) async fn source(&self, scope: Scope, message_id: &str) -> Result<Vec<u8>, Failure> {
        let request = GetMessageSourceRequest {
            scope: Some(scope),
            message_id: message_id.to_owned(),
        };
        let answer = self.client.clone().get_message_source(request).await;
        let mut answers = answer.map_err(Failure::from)?.into_inner();
        let (mut bytes, mut size) = (Vec::new(), None);
        while let Some(part) = answers.message().await.unwrap() {
            assert_eq!(
                part.size_bytes.is_some(),
                size.is_none(),
                "the first answer alone has the size"
            );
            size = size.or(part.size_bytes);
            bytes.extend_from_slice(&part.chunk);
        }
        assert_eq!(size, i64::try_from(bytes.len()).ok());
        Ok(bytes)
    }

    pub(crate) async fn attachment(
        &self,
        scope: Scope,
        message_id: &str,
        index: u32,
    ) -> Result<(mayfly_proto::mailbox::Attachment, Vec<u8>), Failure> {
        let request = GetAttachmentRequest {
            scope: Some(scope),
            message_id: message_id.to_owned(),
            index,
        };
        let answer = self.client.clone().get_attachment(request).await;
        let mut answers = answer.map_err(Failure::from)?.into_inner();
        let first = answers.message().await.unwrap().unwrap().part.unwrap();
        let get_attachment_response::Part::Description(description) = first else {
            panic!("the description comes first");
        };
        let mut bytes = Vec::new();
        while let Some(GetAttachmentResponse { part }) = answers.message().await.unwrap() {
            let Some(get_attachment_response::Part::Chunk(chunk)) = part else {
                panic!("then come chunks");
            };
            bytes.extend_from_slice(&chunk);
        }
        Ok((description, bytes))
    }
}

/// The scope of a mailbox that acts for itself.
pub(crate) fn scope(account_id: &str) -> Scope {
    Scope {
        caller: Some(Caller::AccountId(account_id.to_owned())),
    }
}

/// The scope of a Pro user on one mailbox.
pub(crate) fn owned(account_id: &str, owner: &str) -> Scope {
    Scope {
        caller: Some(Caller::Owned(OwnedMailbox {
            account_id: account_id.to_owned(),
            owner_user_id: owner.to_owned(),
            ..OwnedMailbox::default()
        })),
    }
}

/// The scope of a Pro user on a message in any of their mailboxes.
pub(crate) fn any_owned_by(owner: &str) -> Scope {
    Scope {
        caller: Some(Caller::AnyOwnedBy(AnyOwnedBy {
            owner_user_id: owner.to_owned(),
            ..AnyOwnedBy::default()
        })),
    }
}

pub(crate) fn envelope(to: &[&str], size: usize) -> DeliverMessageRequest {
    let envelope = Envelope {
        sender: "ann@sender.example".to_owned(),
        recipient_account_ids: to.iter().map(|&id| id.to_owned()).collect(),
        size_bytes: i64::try_from(size).unwrap(),
        submission: None,
    };
    DeliverMessageRequest {
        part: Some(Part::Envelope(envelope)),
    }
}

pub(crate) fn chunk(bytes: &[u8]) -> DeliverMessageRequest {
    DeliverMessageRequest {
        part: Some(Part::Chunk(Bytes::copy_from_slice(bytes))),
    }
}

/// A plain mail with a subject.
pub(crate) fn mail(subject: &str) -> Vec<u8> {
    format!("From: Ann <ann@sender.example>\r\nSubject: {subject}\r\n\r\nHello {subject}\r\n").into_bytes()
}

/// Asserts what a call was refused with.
#[track_caller]
pub(crate) fn assert_refused<T: std::fmt::Debug>(
    outcome: Result<T, Failure>,
    code: ErrorCode,
    reason: mayfly_types::Reason,
) {
    let failure = outcome.unwrap_err();
    assert_eq!((failure.code, failure.reason), (code, reason), "{failure:?}");
}

/// An id of a Pro user.
pub(crate) fn user() -> String {
    use mayfly_types::Clock as _;
    mayfly_types::UserId::new(SystemClock.now()).to_string()
}
