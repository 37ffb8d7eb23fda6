//! An edge and a mailbox service for each test.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use mayfly_database::Database;
use mayfly_mailbox::Mailbox;
use mayfly_proto::{
    IDEMPOTENT_METHODS, READ_METHODS,
    auth::auth_server,
    mailbox::{
        ActivateMailboxRequest, GetMessageSourceRequest, ListMessagesRequest, MessageSummary,
        ReserveMailboxRequest, Scope, mailbox_client::MailboxClient, mailbox_server, scope::Caller,
    },
};
use mayfly_rpc::{Credential, Peer, Transport};
use mayfly_runtime::{task::Tasks, tls};
use mayfly_shared::{bus::Bus, redis::RedisConfig};
use mayfly_smtp::{Config, Deps, Listeners};
use mayfly_testkit::ManualClock;
use mayfly_types::SecretKey;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

pub(crate) struct World {
    pub(crate) smtp: SocketAddr,
    pub(crate) smtps: Option<SocketAddr>,
    pub(crate) edge: Tasks,
    pub(crate) inner: Tasks,
    client: MailboxClient<Transport>,
    _dir: TempDir,
}

/// How the edge reaches the mailbox service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MailboxLocation {
    InProcess,
    OverNetwork,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(
            Config::default(),
            mayfly_mailbox::Config::default(),
            MailboxLocation::InProcess,
        )
        .await
    }

    pub(crate) async fn with_edge(config: Config) -> Self {
        Self::with(
            config,
            mayfly_mailbox::Config::default(),
            MailboxLocation::InProcess,
        )
        .await
    }

    pub(crate) async fn with(
        config: Config,
        mailbox: mayfly_mailbox::Config,
        location: MailboxLocation,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, config, mailbox, location).await
    }

    pub(crate) async fn on(
        listener: TcpListener,
        config: Config,
        mailbox: mayfly_mailbox::Config,
        location: MailboxLocation,
    ) -> Self {
        config.validate().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let (edge, inner) = (
            Tasks::new(CancellationToken::new()),
            Tasks::new(CancellationToken::new()),
        );
        let mailbox = open_mailbox(dir.path(), mailbox, &inner).await;
        let transport = match location {
            MailboxLocation::InProcess => mayfly_rpc::local(mailbox.server()),
            MailboxLocation::OverNetwork => serve_mailbox(&mailbox, &inner).await,
        };
        let tls = tls::acceptor(
            "smtp",
            config.tls_cert.as_ref(),
            config.tls_key.as_ref(),
            &[],
            &edge,
        )
        .unwrap();
        let smtp = listener.local_addr().unwrap();
        let deps = Deps {
            mailbox: transport.clone(),
            auth: None,
            submission_tls: tls.clone(),
            tls,
            spool_dir: config.spool_dir.clone(),
            turns: mayfly_runtime::fair::Turns::of_runtime(),
            tasks: edge.clone(),
        };
        // The port of the listener that speaks TLS from the start is chosen here, so that tests know it.
        let tls_listener = match config.tls_listen {
            Some(address) => Some(TcpListener::bind(address).await.unwrap()),
            None => None,
        };
        let smtps = tls_listener
            .as_ref()
            .map(|listener| listener.local_addr().unwrap());
        let listeners = Listeners {
            plain: listener,
            tls: tls_listener,
            submission: None,
            submissions: None,
        };
        mayfly_smtp::build(&config, deps).serve(listeners);
        Self {
            smtp,
            smtps,
            edge,
            inner,
            client: MailboxClient::new(transport),
            _dir: dir,
        }
    }

    /// Creates an active mailbox; returns its account id.
    pub(crate) async fn create(&self, address: &str) -> String {
        let request = ReserveMailboxRequest {
            address: address.to_owned(),
            owner_user_id: None,
            idempotency_key: None,
            client: String::new(),
            ..ReserveMailboxRequest::default()
        };
        let mut client = self.client.clone();
        let account_id = client
            .reserve_mailbox(request)
            .await
            .unwrap()
            .into_inner()
            .account_id;
        let request = ActivateMailboxRequest {
            account_id: account_id.clone(),
        };
        client.activate_mailbox(request).await.unwrap();
        account_id
    }

    /// Returns the newest mails of a mailbox.
    pub(crate) async fn list(&self, account_id: &str) -> Vec<MessageSummary> {
        let request = ListMessagesRequest {
            scope: Some(scope(account_id)),
            page: 1,
            page_size: 30,
            is_detailed: false,
        };
        self.client
            .clone()
            .list_messages(request)
            .await
            .unwrap()
            .into_inner()
            .messages
    }

    /// Returns a mail as it was received.
    pub(crate) async fn source(&self, account_id: &str, message_id: &str) -> Vec<u8> {
        let request = GetMessageSourceRequest {
            scope: Some(scope(account_id)),
            message_id: message_id.to_owned(),
        };
        let mut chunks = self
            .client
            .clone()
            .get_message_source(request)
            .await
            .unwrap()
            .into_inner();
        let mut source = Vec::new();
        while let Some(part) = chunks.message().await.unwrap() {
            source.extend_from_slice(&part.chunk);
        }
        source
    }
}

fn scope(account_id: &str) -> Scope {
    Scope {
        caller: Some(Caller::AccountId(account_id.to_owned())),
    }
}

async fn open_mailbox(dir: &Path, config: mayfly_mailbox::Config, tasks: &Tasks) -> Mailbox {
    let path = dir.join("mailbox.db");
    // No test deletes a mailbox, so auth is never called and its address may be a closed port.
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let deps = mayfly_mailbox::Deps {
        database: Database::open_sqlite(&path).await.unwrap(),
        auth: remote(auth_server::SERVICE_NAME, closed, credential(), tasks),
        domains: vec!["mayfly.test".parse().unwrap()],
        blobs: mayfly_mailbox::BlobsConfig::default(),
        webhooks: mayfly_mailbox::WebhooksConfig::default(),
        data_keys: vec![SecretKey::random()],
        mx_hostname: "mx.mayfly.test".to_owned(),
        events: Bus::new(None, &RedisConfig::default()).publisher(tasks),
        clock: Arc::new(ManualClock::default()),
        tasks: tasks.clone(),
    };
    mayfly_mailbox::build(&config, deps).await.unwrap()
}

async fn serve_mailbox(mailbox: &Mailbox, tasks: &Tasks) -> Transport {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, credential) = (listener.local_addr().unwrap(), credential());
    let (routes, service) = (Routes::new(mailbox.server()), mailbox_server::SERVICE_NAME);
    mayfly_rpc::serve(listener, routes, service, credential.clone(), tasks).await;
    remote(service, address, credential, tasks)
}

fn credential() -> Credential {
    Credential::new(Some(SecretKey::random()), None).unwrap()
}

fn remote(service: &'static str, address: SocketAddr, credential: Credential, tasks: &Tasks) -> Transport {
    let peer = Peer {
        service,
        endpoints: format!("http://{address}").parse().unwrap(),
        credential,
        idempotent_methods: IDEMPOTENT_METHODS,
        read_methods: READ_METHODS,
    };
    mayfly_rpc::remote(&peer, tasks).0
}

/// Fails a test that hangs.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(30), future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} takes too long"),
    }
}

/// Returns a mail of a size, with lines that begin with dots.
pub(crate) fn mail_of(size: usize) -> Vec<u8> {
    let mut mail = b"From: A <a@x.test>\r\nSubject: sized\r\n\r\n".to_vec();
    let mut line = 0;
    while mail.len() + 80 < size {
        let dots = ".".repeat(line % 3);
        mail.extend_from_slice(format!("{dots}{line:0>width$}\r\n", width = 70).as_bytes());
        line += 1;
    }
    let rest = size - mail.len() - 2;
    mail.extend(std::iter::repeat_n(b'x', rest));
    mail.extend_from_slice(b"\r\n");
    mail
}
