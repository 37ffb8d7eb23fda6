//! The time-outs of a connection, on sessions with a start in the past.

use std::sync::Arc;

use mayfly_rpc::{Credential, Peer};
use mayfly_runtime::task::Tasks;
use mayfly_types::SecretKey;
use tokio::io::DuplexStream;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{Budget, deliver::Mailboxes, metrics::Metrics, session::Settings};

/// A connection that never calls the mailbox service.
fn connection() -> Connection {
    let unreachable = Peer {
        service: "unreachable",
        endpoints: "http://127.0.0.1:1".parse().unwrap(),
        credential: Credential::new(Some(SecretKey::random()), None).unwrap(),
        idempotent_methods: &[],
    };
    let (transport, _) = mayfly_rpc::remote(&unreachable, &Tasks::new(CancellationToken::new()));
    let context = Context {
        settings: Arc::new(Settings {
            host_name: "mx.mayfly.test".to_owned(),
            max_message_bytes: 65_536,
            max_recipients: 100,
            has_tls: false,
            budget: Budget::new(65_536),
        }),
        mailboxes: Mailboxes::new(transport),
        tls: None,
        metrics: Arc::new(Metrics::new()),
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

#[tokio::test]
async fn read_timeout_is_bounded_in_each_state() {
    let seconds =
        |connection: &Connection, is_in_data| connection.read_timeout(is_in_data).as_secs_f64().round();
    let mut connection = connection();
    assert_eq!(
        (seconds(&connection, false), seconds(&connection, true)),
        (300.0, 180.0)
    );
    connection.waiting_since = ago(4, 0);
    assert_eq!(
        (seconds(&connection, false), seconds(&connection, true)),
        (60.0, 180.0)
    );
    connection.waiting_since = ago(9, 0);
    assert_eq!(
        (seconds(&connection, false), seconds(&connection, true)),
        (0.0, 60.0)
    );
    connection.started = ago(29, 50);
    assert_eq!(
        (seconds(&connection, false), seconds(&connection, true)),
        (0.0, 10.0)
    );
}
