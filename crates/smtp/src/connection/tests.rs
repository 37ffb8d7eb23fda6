//! The time-outs of a connection, on sessions with a start in the past.

use std::sync::Arc;

use futures_util::FutureExt;
use mayfly_rpc::{Credential, Peer, Transport};
use mayfly_runtime::{fair::Turns, task::Tasks};
use mayfly_types::SecretKey;
use tokio::io::DuplexStream;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    Budget, Config, SandboxMode,
    authenticate::Logins,
    clients::Clients,
    deliver::Mailboxes,
    intake_limit::IntakeLimit,
    login_limit::LoginLimit,
    metrics::Metrics,
    session::{Recipient, Settings},
};

/// A connection that never calls the mailbox service.
fn connection() -> Connection {
    connection_to(None)
}

/// A connection to a mailbox service.
fn connection_to(mailboxes: Option<Transport>) -> Connection {
    let unreachable = Peer {
        service: "unreachable",
        endpoints: "http://127.0.0.1:1".parse().unwrap(),
        credential: Credential::new(Some(SecretKey::random()), None).unwrap(),
        idempotent_methods: &[],
        read_methods: &[],
    };
    let (transport, _) = mayfly_rpc::remote(&unreachable, &Tasks::new(CancellationToken::new()));
    let tasks = Tasks::new(CancellationToken::new());
    let context = Context {
        spool: None,
        intake: IntakeLimit::start(&Config::default(), &tasks),
        settings: Arc::new(Settings {
            host_name: "mx.mayfly.test".to_owned(),
            max_message_bytes: 65_536,
            max_recipients: 100,
            has_tls: false,
            sandbox: SandboxMode::Off,
            requires_login: false,
            plain_login_networks: Vec::new(),
            normalizes_newlines: false,
            budget: Budget::undivided(65_536),
        }),
        mailboxes: Mailboxes::new(mailboxes.unwrap_or_else(|| transport.clone())),
        logins: Logins::new(None, transport),
        login_limit: LoginLimit::start(&Config::default(), &tasks),
        tls: None,
        proxies: [].into(),
        metrics: Arc::new(Metrics::new()),
        clients: Clients::new(1000, 50),
        turns: Turns::of_runtime(),
        stopping: CancellationToken::new(),
    };
    Connection::new(context, IpAddr::from([192, 0, 2, 1]))
}

fn ago(minutes: u64, seconds: u64) -> Instant {
    Instant::now() - Duration::from_secs(minutes * 60 + seconds)
}

/// Runs a session with a client that sends some input and waits; returns the replies.
async fn replies(connection: &mut Connection, input: &str) -> String {
    let (mut client, mut server): (DuplexStream, DuplexStream) = tokio::io::duplex(4096);
    client.write_all(input.as_bytes()).await.unwrap();
    let read = async {
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        drop(client);
        text
    };
    let (outcome, text) = tokio::join!(connection.run_on(&mut server), read);
    assert!(matches!(outcome, Ok(Outcome::Ended)));
    text
}

#[tokio::test]
async fn session_past_its_timeout_ends() {
    for input in ["", "NOOP", "NOOP\r\nNOOP\r\n"] {
        let mut connection = connection();
        connection.started = ago(30, 1);
        let text = replies(&mut connection, input).await;
        assert_eq!(text, "421 4.4.2 waited too long\r\n", "{input:?}");
    }
}

#[tokio::test]
async fn incomplete_command_past_its_timeout_ends_the_session() {
    let mut connection = connection();
    connection.waiting_since = ago(5, 1);
    assert_eq!(
        replies(&mut connection, "NOO").await,
        "421 4.4.2 waited too long\r\n"
    );
}

/// Brings the session into DATA, and some bytes of it.
fn receive(connection: &mut Connection, bytes: usize) {
    let session = &mut connection.session;
    let lines = [
        "EHLO a\r\n",
        "MAIL FROM:<a@x.test>\r\n",
        "RCPT TO:<a@mayfly.test>\r\n",
        "DATA\r\n",
        &"x".repeat(bytes),
    ];
    for line in lines {
        let mut input = BytesMut::from(line);
        if let Step::Resolve { .. } = session.advance(&mut input, &mut connection.replies) {
            let account = "00000000-0000-7000-8000-000000000001".parse().unwrap();
            session.recipient_resolved(Recipient::Found(account), &mut connection.replies);
        }
    }
    assert!(session.is_in_data(), "{:?}", connection.replies);
}

fn seconds(connection: &Connection, is_in_data: bool) -> f64 {
    connection.read_timeout(is_in_data).as_secs_f64().round()
}

#[tokio::test]
async fn read_timeout_is_bounded_in_each_state() {
    let mut connection = connection();
    assert_eq!(
        (seconds(&connection, false), seconds(&connection, true)),
        (300.0, 180.0)
    );
    connection.waiting_since = ago(4, 0);
    assert_eq!(seconds(&connection, false), 60.0);
    connection.waiting_since = ago(9, 0);
    assert_eq!(seconds(&connection, false), 0.0);
    connection.waiting_since = Instant::now();
    connection.started = ago(29, 50);
    assert_eq!(
        (seconds(&connection, false), seconds(&connection, true)),
        (10.0, 10.0)
    );
}

#[tokio::test]
async fn data_slower_than_the_minimum_rate_times_out() {
    let mut connection = connection();
    // 30 s at 500 bytes a second.
    receive(&mut connection, 15_000);
    connection.waiting_since = ago(3, 20);
    assert_eq!(seconds(&connection, true), 10.0);
    connection.waiting_since = ago(3, 31);
    assert_eq!(seconds(&connection, true), 0.0);
    connection.waiting_since = ago(1, 0);
    connection.heard_at = ago(2, 50);
    assert_eq!(seconds(&connection, true), 10.0, "a pause");
}

#[tokio::test]
async fn read_timeout_while_connections_are_scarce_is_short() {
    let mut connection = connection();
    connection.context.clients = Clients::new(1, 0);
    let _only = connection.context.clients.admit(connection.peer).unwrap();
    assert_eq!(
        (seconds(&connection, false), seconds(&connection, true)),
        (10.0, 10.0)
    );
    connection.waiting_since = ago(0, 11);
    assert_eq!(
        replies(&mut connection, "").await,
        "421 4.4.2 waited too long\r\n"
    );
}

#[tokio::test]
async fn data_that_does_not_end_is_421_while_stopping() {
    let mut connection = connection();
    receive(&mut connection, 1000);
    connection.session.stop();
    connection.stopping_since = Some(ago(0, 3));
    connection.heard_at = ago(1, 0);
    assert_eq!(seconds(&connection, true), 2.0, "silent");
    connection.heard_at = Instant::now();
    assert_eq!(seconds(&connection, true), 5.0, "sending");
    connection.stopping_since = Some(ago(0, 14));
    assert_eq!(seconds(&connection, true), 1.0, "sending for long");
    connection.stopping_since = Some(ago(0, 15));
    connection.replies.clear();
    let text = replies(&mut connection, "more").await;
    assert_eq!(text, "421 4.3.2 shutting down, come back soon\r\n");
}

/// Every look-up fails at once, so that none of them waits for anything.
#[tokio::test]
async fn pipelined_recipients_let_other_tasks_run() {
    const RECIPIENTS: u32 = 96;
    let failing = tower::service_fn(async |_: tonic::codegen::http::Request<tonic::body::Body>| {
        let answer = tonic::Status::internal("no mailboxes here").into_http::<tonic::body::Body>();
        Ok::<_, std::convert::Infallible>(answer)
    });
    let mut connection = connection_to(Some(mayfly_rpc::local(failing)));
    let (mut client, mut server) = tokio::io::duplex(1 << 20);
    let recipients = (0..RECIPIENTS).map(|n| format!("RCPT TO:<a{n}@mayfly.test>\r\n"));
    let commands = format!("MAIL FROM:<a@x.test>\r\n{}", recipients.collect::<String>());
    let (mut polls, mut replies) = (0, String::new());
    {
        let mut session = Box::pin(connection.run_on(&mut server));
        // Nothing may follow this before its reply.
        client.write_all(b"EHLO a\r\n").await.unwrap();
        assert!((&mut session).now_or_never().is_none());
        client.write_all(commands.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        while (&mut session).now_or_never().is_none() {
            polls += 1;
            // Of the runtime's own budget.
            tokio::task::yield_now().await;
        }
    }
    drop(server);
    client.read_to_string(&mut replies).await.unwrap();
    assert_eq!(replies.matches("451 ").count(), RECIPIENTS as usize, "{replies}");
    assert!(polls >= RECIPIENTS / LOOK_UPS_AT_ONCE, "{polls} polls");
}
