//! The real router over real services: `auth` and `mailbox` in this process, over local transports, on one database.

use std::{
    future::pending,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, header},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use mayfly_gateway::{Deps, Dialect, Gateway, Submission};
use mayfly_mailbox::WebhooksConfig;
use mayfly_proto::{
    auth::{SetUserRoleRequest, UserRole, auth_admin_client::AuthAdminClient},
    mailbox::{
        DeliverMessageRequest, Envelope, OpenSandboxRequest, ResolveRecipientRequest,
        Submission as Submitted, deliver_message_request::Part, mailbox_client::MailboxClient,
    },
};
use mayfly_rpc::{CHUNK_BYTES, Failure, Transport, local};
use mayfly_runtime::{config::List, task::Tasks};
use mayfly_shared::{bus::Bus, redis::RedisConfig};
use mayfly_testkit::{Db, DnsServer, ManualClock, TestDatabase, Zone, eventually};
use mayfly_types::{ErrorCode, Reason, SecretKey, SharedClock};
use parking_lot::Mutex;
use regex::Regex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::{ServiceExt, util::BoxCloneSyncService};

use crate::turns::CallRecorder;

pub(crate) const PASSWORD: &str = "correct horse";
/// An id that no object has; its time is the present of the tests.
pub(crate) const UNKNOWN_ID: &str = "01a20846-fe00-7000-8000-000000000000";
/// A message id from before the retention began.
pub(crate) const EXPIRED_ID: &str = "01900000-0000-7000-8000-000000000000";
/// A domain whose every address is an open mailbox.
pub(crate) const OPEN_DOMAIN: &str = "open.test";
/// A custom domain that [`World::add_verified_domain`] verifies.
pub(crate) const CUSTOM_DOMAIN: &str = "mine.example";
/// A mail with a code, a link, an HTML body with a script, and an attachment.
pub(crate) const MAIL: &str = "From: Shop <shop@sender.example>\r\n\
    Subject: Your code\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=m\r\n\r\n\
    --m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
    --a\r\nContent-Type: text/plain\r\n\r\n\
    Your verification code is 482913.\r\n\
    Verify your address: https://shop.example/verify?t=1\r\n\
    --a\r\nContent-Type: text/html\r\n\r\n\
    <p>Your verification code is <b>482913</b>.</p><script>alert(1)</script>\r\n\
    --a--\r\n\
    --m\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=bill.csv\r\n\
    Content-Transfer-Encoding: base64\r\n\r\ndG90YWwsMTIK\r\n\
    --m--\r\n";
/// A webhook receiver that refuses connections.
pub(crate) const RECEIVER: &str = "https://127.0.0.1:8443/hook";

/// Longer than any event takes.
const STREAM_TIMEOUT: Duration = Duration::from_secs(30);

/// A gateway with its services. Its clock stands still at 2026-11-23T12:00:00Z.
pub(crate) struct World {
    router: Router,
    gateway: Mutex<Option<Gateway>>,
    mailbox: MailboxClient<Transport>,
    auth_admin: AuthAdminClient<Transport>,
    dns: DnsServer,
    pub(crate) clock: ManualClock,
    /// Stands for a hash queue that is full or slow.
    pub(crate) hashing: Hashing,
    /// The calls of `auth`.
    pub(crate) calls: CallRecorder,
    /// Outlives the services.
    _database: TestDatabase,
}

/// A mailbox and its token.
pub(crate) struct Mailbox {
    pub(crate) id: String,
    pub(crate) token: String,
}

impl World {
    pub(crate) async fn start(db: Db) -> Self {
        Self::with(db, mayfly_gateway::Config::default()).await
    }

    /// Starts with a configuration, except for its rate limit.
    pub(crate) async fn with(db: Db, config: mayfly_gateway::Config) -> Self {
        Self::on(db, config, mayfly_mailbox::Config::default(), false).await
    }

    /// Starts with a configuration of the mailbox service.
    pub(crate) async fn with_mailbox(config: mayfly_mailbox::Config) -> Self {
        Self::on(Db::Sqlite, mayfly_gateway::Config::default(), config, false).await
    }

    /// Starts a gateway of an open server on loopback.
    pub(crate) async fn open_server() -> Self {
        let (gateway, mailbox) = (
            mayfly_gateway::Config::default(),
            mayfly_mailbox::Config::default(),
        );
        Self::on(Db::Sqlite, gateway, mailbox, true).await
    }

    /// Starts with all dialects, and the open domain [`OPEN_DOMAIN`].
    pub(crate) async fn open() -> Self {
        Self::open_on(Db::Sqlite).await
    }

    /// Starts as [`World::open`] does, on a database.
    pub(crate) async fn open_on(db: Db) -> Self {
        let gateway = mayfly_gateway::Config {
            dialects: List(vec![Dialect::MailTm, Dialect::MailTd, Dialect::MailCxV1]),
            ..mayfly_gateway::Config::default()
        };
        let mailbox = mayfly_mailbox::Config {
            open_domains: List(vec![OPEN_DOMAIN.parse().unwrap()]),
            ..mayfly_mailbox::Config::default()
        };
        Self::on(db, gateway, mailbox, false).await
    }

    async fn on(
        db: Db,
        config: mayfly_gateway::Config,
        mailbox_config: mayfly_mailbox::Config,
        is_local_user: bool,
    ) -> Self {
        let database = TestDatabase::new(db);
        let tasks = Tasks::new(CancellationToken::new());
        let manual_clock = ManualClock::default();
        let clock: SharedClock = Arc::new(manual_clock.clone());
        let bus = Bus::new(None, &RedisConfig::default());
        let dns = DnsServer::start();
        let hashing = Hashing::default();
        let [auth, auth_admin] = auth(&database, &clock, &tasks).await;
        let calls = CallRecorder::default();
        let auth = calls.over(hashing.over(auth));
        let [mailbox, mailbox_admin] = mailbox(
            mailbox_config,
            &database,
            auth.clone(),
            &bus,
            &dns,
            &clock,
            &tasks,
        )
        .await;
        let config = mayfly_gateway::Config {
            rate_limit: 0,
            ..config
        };
        let operators = mayfly_admin::Services::new(auth.clone(), auth_admin.clone(), mailbox_admin);
        let deps = Deps {
            auth,
            operators,
            mailbox: mailbox.clone(),
            submission: Submission {
                is_on: true,
                host: "mx.mayfly.test".to_owned(),
                port: 587,
                smtp_port: 25,
                submissions_port: Some(465),
                has_tls: true,
                is_local_user,
            },
            redis: None,
            clock,
            events: bus.subscribe(&tasks).unwrap(),
            tls: None,
            turns: mayfly_runtime::fair::Turns::of_runtime(),
            tasks,
        };
        let gateway = mayfly_gateway::build(&config, deps);
        Self {
            router: gateway.router(),
            gateway: Mutex::new(Some(gateway)),
            mailbox: MailboxClient::new(mailbox),
            auth_admin: AuthAdminClient::new(auth_admin),
            dns,
            clock: manual_clock,
            hashing,
            calls,
            _database: database,
        }
    }

    pub(crate) async fn sqlite() -> Self {
        Self::start(Db::Sqlite).await
    }

    /// Serves on a socket as well. Returns its address.
    pub(crate) async fn serve(&self) -> SocketAddr {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        self.gateway.lock().take().unwrap().serve(socket);
        address
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    /// Opens an event stream and reads a number of its events.
    pub(crate) async fn read_events(&self, request: Request<Body>, count: usize) -> String {
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        let mut body = response.into_body();
        let mut text = String::new();
        while text.matches("\n\n").count() < count {
            let frame = tokio::time::timeout(STREAM_TIMEOUT, body.frame()).await;
            let frame = frame.unwrap().unwrap().unwrap();
            text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
        text
    }

    /// Opens an event stream, whose events are read one at a time.
    pub(crate) async fn open_events(&self, request: Request<Body>) -> Events {
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Events {
            body: response.into_body(),
            text: String::new(),
        }
    }

    /// Sends a request with a bearer token, unless it is empty, and a JSON body, unless it is null.
    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: Value) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost");
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, token, Value::Null).await
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) -> Answer {
        self.call("DELETE", path, token, Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call("POST", path, token, body).await
    }

    pub(crate) async fn put(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call("PUT", path, token, body).await
    }

    /// Creates the mailbox `ann@mayfly.test`.
    pub(crate) async fn create_mailbox(&self) -> Mailbox {
        self.create_mailbox_for("ann@mayfly.test", "").await
    }

    /// Creates a mailbox, for a Pro user if a token is given.
    pub(crate) async fn create_mailbox_for(&self, address: &str, pro: &str) -> Mailbox {
        let body = json!({"address": address, "password": PASSWORD});
        let created = self.post("/api/accounts", pro, body).await.expect_status(201);
        Mailbox {
            id: created.text("id"),
            token: created.text("token"),
        }
    }

    /// Registers the Pro user `ann@example.com` and returns the token.
    pub(crate) async fn register(&self) -> String {
        self.register_as("ann@example.com").await
    }

    pub(crate) async fn register_as(&self, email: &str) -> String {
        let body = json!({"email": email, "password": PASSWORD});
        let registered = self.post("/pro/api/register", "", body).await;
        registered.expect_status(201).text("token")
    }

    /// Gives the user of a token a role.
    pub(crate) async fn set_role(&self, pro: &str, role: UserRole) {
        let request = SetUserRoleRequest {
            user_id: self.get("/pro/api/me", pro).await.text("id"),
            role: role.into(),
            operator: "ann".to_owned(),
        };
        self.auth_admin.clone().set_user_role(request).await.unwrap();
    }

    /// Delivers a mail as the SMTP edge does, and returns the id of the message.
    pub(crate) async fn deliver(&self, mailbox: &Mailbox, raw: &str) -> String {
        let envelope = Envelope {
            sender: "shop@sender.example".to_owned(),
            recipient_account_ids: vec![mailbox.id.clone()],
            size_bytes: i64::try_from(raw.len()).unwrap(),
            submission: None,
        };
        let mut parts = vec![Part::Envelope(envelope)];
        let chunks = raw.as_bytes().chunks(CHUNK_BYTES);
        parts.extend(chunks.map(|chunk| Part::Chunk(Bytes::copy_from_slice(chunk))));
        let parts: Vec<_> = parts
            .into_iter()
            .map(|part| DeliverMessageRequest { part: Some(part) })
            .collect();
        let answer = self
            .mailbox
            .clone()
            .deliver_message(tokio_stream::iter(parts))
            .await;
        answer.unwrap().into_inner().message_ids.remove(0)
    }

    /// Sends a mail as an application does that logs in with the user's API token. Returns the id of the message.
    pub(crate) async fn submit(&self, pro: &str, recipients: &[&str], raw: &str) -> String {
        let owner_user_id = self.get("/pro/api/me", pro).await.text("id");
        let request = OpenSandboxRequest {
            owner_user_id: owner_user_id.clone(),
            sandbox_id: None,
            username: "any".to_owned(),
            ..OpenSandboxRequest::default()
        };
        let opened = self.mailbox.clone().open_sandbox(request).await.unwrap();
        let envelope = Envelope {
            sender: "app@sender.example".to_owned(),
            recipient_account_ids: Vec::new(),
            size_bytes: i64::try_from(raw.len()).unwrap(),
            submission: Some(Submitted {
                owner_user_id,
                sandbox_id: opened.into_inner().sandbox.unwrap().sandbox_id,
                recipients: recipients.iter().map(|&text| text.to_owned()).collect(),
                client: "192.0.2.1".to_owned(),
                ..Submitted::default()
            }),
        };
        let parts = [
            Part::Envelope(envelope),
            Part::Chunk(Bytes::copy_from_slice(raw.as_bytes())),
        ];
        let parts = parts.map(|part| DeliverMessageRequest { part: Some(part) });
        let sent = self
            .mailbox
            .clone()
            .deliver_message(tokio_stream::iter(parts))
            .await;
        sent.unwrap().into_inner().message_ids.remove(0)
    }

    /// Creates the sandbox `api`.
    pub(crate) async fn create_sandbox(&self, pro: &str) -> Answer {
        let created = self.post("/pro/api/sandboxes", pro, json!({"name": "api"}));
        created.await.expect_status(201)
    }

    /// Delivers a mail to an address as the SMTP edge does, and returns the id of the message.
    pub(crate) async fn deliver_to(&self, address: &str, raw: &str) -> String {
        let request = ResolveRecipientRequest {
            address: address.to_owned(),
            ..ResolveRecipientRequest::default()
        };
        let resolved = self.mailbox.clone().resolve_recipient(request).await.unwrap();
        let mailbox = Mailbox {
            id: resolved.into_inner().account_id,
            token: String::new(),
        };
        self.deliver(&mailbox, raw).await
    }

    /// Sends a request with an `x-api-token`, unless it is empty, and a JSON body, unless it is null.
    pub(crate) async fn call_v1(&self, method: &str, path: &str, token: &str, body: Value) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost");
        if !token.is_empty() {
            request = request.header("x-api-token", token);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get_v1(&self, path: &str, token: &str) -> Answer {
        self.call_v1("GET", path, token, Value::Null).await
    }

    /// Asserts that a route of mail.td rejects a request without a token and with each of these, with the codes of that dialect.
    pub(crate) async fn assert_unauthorized_td(&self, method: &str, path: &str, tokens: &[&str]) {
        for token in ["", "garbage"].iter().chain(tokens) {
            let answer = self.call(method, path, token, Value::Null).await;
            let code = if token.is_empty() {
                "unauthorized"
            } else {
                "invalid_or_expired_token"
            };
            assert_eq!(
                (answer.status, answer.text("error").as_str()),
                (401, code),
                "{token}"
            );
        }
    }

    /// Asserts that a route of mail.cx /v1 rejects each token.
    pub(crate) async fn assert_unauthorized_v1(&self, method: &str, path: &str, tokens: &[&str]) {
        for token in tokens {
            let answer = self.call_v1(method, path, token, Value::Null).await;
            assert_eq!(
                (answer.status, answer.text("error").as_str()),
                (401, "invalid_token"),
                "{token}"
            );
        }
    }

    /// Adds [`CUSTOM_DOMAIN`] and returns its id.
    pub(crate) async fn add_domain(&self, pro: &str) -> String {
        let body = json!({"domain": CUSTOM_DOMAIN});
        let added = self.post("/pro/api/domains", pro, body).await;
        added.expect_status(201).text("id")
    }

    /// Publishes the records that verify a domain of the user.
    pub(crate) async fn publish_records(&self, pro: &str) {
        let listed = self.get("/pro/api/domains", pro).await.json();
        let verify_token = listed["domains"][0]["verify_token"].as_str().unwrap();
        let zone = Zone::default().txt(CUSTOM_DOMAIN, verify_token);
        self.dns.publish(zone.mx(CUSTOM_DOMAIN, 10, "mx.mayfly.test"));
    }

    /// Adds and verifies [`CUSTOM_DOMAIN`], and returns its id.
    pub(crate) async fn add_verified_domain(&self, pro: &str) -> String {
        let id = self.add_domain(pro).await;
        self.publish_records(pro).await;
        let path = format!("/pro/api/domains/{id}/verify");
        self.post(&path, pro, Value::Null).await.expect_status(200);
        id
    }

    /// Creates an API token, and returns its value.
    pub(crate) async fn create_token(&self, pro: &str, wanted: Value) -> String {
        let created = self.post("/pro/api/tokens", pro, wanted).await;
        created.expect_status(201).text("token")
    }

    /// Creates a webhook to [`RECEIVER`] and returns its id.
    pub(crate) async fn create_webhook(&self, pro: &str) -> String {
        let created = self
            .post("/pro/api/webhooks", pro, json!({"url": RECEIVER}))
            .await;
        created.expect_status(201).text("id")
    }

    /// Sends a test event, and returns the list of deliveries once the attempt has failed.
    pub(crate) async fn failed_delivery(&self, pro: &str, webhook_id: &str) -> Answer {
        let path = format!("/pro/api/webhooks/{webhook_id}");
        let queued = self.post(&format!("{path}/test"), pro, Value::Null).await;
        queued.expect_status(202);
        eventually("the attempt is recorded", async || {
            let listed = self.get(&format!("{path}/deliveries"), pro).await;
            (listed.json()["deliveries"] != json!([])).then_some(listed)
        })
        .await
    }

    /// Asserts that a route accepts the token of a mailbox only.
    pub(crate) async fn assert_mailbox_only(&self, method: &str, path: &str) {
        let pro = self.register_as("other@example.com").await;
        self.assert_unauthorized(method, path, &["", "garbage", &pro])
            .await;
    }

    /// Asserts that a route accepts the token of a Pro user only.
    pub(crate) async fn assert_pro_only(&self, method: &str, path: &str) {
        let mailbox = self.create_mailbox_for("other@mayfly.test", "").await;
        self.assert_unauthorized(method, path, &["", "garbage", &mailbox.token])
            .await;
    }

    /// Asserts that a route rejects each token, and answers alike.
    pub(crate) async fn assert_unauthorized(&self, method: &str, path: &str, tokens: &[&str]) {
        for token in tokens {
            let answer = self.call(method, path, token, Value::Null).await;
            assert_eq!(answer.status, 401, "{token}: {answer:?}");
            let expected = json!({"error": "invalid_token", "message": "a valid bearer token is needed"});
            assert_eq!(answer.json(), expected);
            let challenge = answer.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
            let has_error = challenge.contains("error=\"invalid_token\"");
            assert_eq!(has_error, !token.is_empty(), "{challenge}");
        }
    }
}

/// An open event stream.
pub(crate) struct Events {
    body: Body,
    text: String,
}

impl Events {
    /// Returns the next event or comment.
    pub(crate) async fn next(&mut self) -> String {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                return event;
            }
            let frame = tokio::time::timeout(STREAM_TIMEOUT, self.body.frame()).await;
            let frame = frame.unwrap().unwrap().unwrap();
            self.text
                .push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
    }

    /// Waits for the end, and returns whether no event came before it.
    pub(crate) async fn is_ended(&mut self) -> bool {
        let end = async {
            while let Some(frame) = self.body.frame().await {
                let data = frame.unwrap().into_data().unwrap();
                if !data.starts_with(b":") {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(STREAM_TIMEOUT, end).await.unwrap()
    }
}

/// How many of the next credentials fail as they do with a full queue, or wait for ever.
#[derive(Clone, Default)]
pub(crate) struct Hashing {
    overloaded: Arc<AtomicUsize>,
    hanging: Arc<AtomicUsize>,
}

impl Hashing {
    pub(crate) fn overload(&self, calls: usize) {
        self.overloaded.store(calls, Ordering::SeqCst);
    }

    pub(crate) fn hang(&self, calls: usize) {
        self.hanging.store(calls, Ordering::SeqCst);
    }

    /// Returns how many calls have yet to hang.
    pub(crate) fn hanging(&self) -> usize {
        self.hanging.load(Ordering::SeqCst)
    }

    fn over(&self, inner: Transport) -> Transport {
        let hashing = self.clone();
        BoxCloneSyncService::new(tower::service_fn(move |request: Request<tonic::body::Body>| {
            let (hashing, inner) = (hashing.clone(), inner.clone());
            async move {
                let is_hashed = request.uri().path().ends_with("/CreateCredential");
                let takes = |count: &AtomicUsize| {
                    let less = |left: usize| left.checked_sub(1);
                    is_hashed
                        && count
                            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
                            .is_ok()
                };
                if takes(&hashing.overloaded) {
                    let full = Failure::new(ErrorCode::Unavailable, Reason::Overloaded, "full");
                    return Err(full.into());
                }
                if takes(&hashing.hanging) {
                    pending::<()>().await;
                }
                inner.oneshot(request).await
            }
        }))
    }
}

async fn auth(database: &TestDatabase, clock: &SharedClock, tasks: &Tasks) -> [Transport; 2] {
    let opened = database.open("auth").await;
    mayfly_auth::migrate(&opened).await.unwrap();
    let deps = mayfly_auth::Deps {
        database: opened,
        redis: None,
        signing_keys: vec![SecretKey::random()],
        clock: Arc::clone(clock),
        tasks: tasks.clone(),
    };
    let config = mayfly_auth::Config::default();
    let auth = mayfly_auth::build(&config, deps).await.unwrap();
    [local(auth.server()), local(auth.admin_server())]
}

async fn mailbox(
    config: mayfly_mailbox::Config,
    database: &TestDatabase,
    auth: Transport,
    bus: &Bus,
    dns: &DnsServer,
    clock: &SharedClock,
    tasks: &Tasks,
) -> [Transport; 2] {
    let opened = database.open("mailbox").await;
    mayfly_mailbox::migrate(&opened).await.unwrap();
    let deps = mayfly_mailbox::Deps {
        database: opened,
        auth,
        domains: vec!["mayfly.test".parse().unwrap()],
        events: bus.publisher(tasks),
        mx_hostname: "mx.mayfly.test".to_owned(),
        blobs: mayfly_mailbox::BlobsConfig::default(),
        webhooks: WebhooksConfig {
            allowed_networks: List(vec!["127.0.0.1/32".parse().unwrap()]),
            ..WebhooksConfig::default()
        },
        data_keys: vec![SecretKey::random()],
        clock: Arc::clone(clock),
        tasks: tasks.clone(),
    };
    let config = mayfly_mailbox::Config {
        dns_servers: List(vec![dns.address()]),
        ..config
    };
    let mailbox = mayfly_mailbox::build(&config, deps).await.unwrap();
    [local(mailbox.server()), local(mailbox.admin_server())]
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// Returns a field of the JSON body.
    pub(crate) fn text(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    #[track_caller]
    pub(crate) fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Returns status and body, with random values replaced by their names.
    pub(crate) fn snapshot(&self) -> Value {
        let body = if self.body.is_empty() {
            Value::Null
        } else {
            redacted(self.json())
        };
        json!({"status": self.status, "body": body})
    }
}

/// Replaces ids and secrets; a time does not change, since the clock stands still.
fn redacted(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let is_secret = matches!(name.as_str(), "token" | "ticket" | "secret" | "verify_token");
                let value = match value {
                    Value::String(_) if is_secret => format!("[{name}]").into(),
                    Value::Number(_) if name == "duration_ms" => "[duration_ms]".into(),
                    value => redacted(value),
                };
                (name, value)
            })
            .collect(),
        Value::Array(values) => values.into_iter().map(redacted).collect(),
        Value::String(text) => {
            let id = Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
            let verify_token = Regex::new("mayfly-verify[=-][0-9A-Za-z_-]+").unwrap();
            let text = id.replace_all(&text, "[id]");
            verify_token
                .replace_all(&text, "[verify_token]")
                .into_owned()
                .into()
        }
        value => value,
    }
}
