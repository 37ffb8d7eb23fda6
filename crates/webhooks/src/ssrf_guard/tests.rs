//! DNS rebinding and hostile receivers, on real sockets.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::proto::{
    op::{Message, MessageType},
    rr::{RData, Record, RecordType},
};
use http::HeaderMap;
use http_body_util::Full;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinSet,
};

use super::{GuardedClient, Response, RetryAfter, Rules, SendError, client::exchange_over};

/// The exchange time-out is 10 s; the rest is slack for a busy machine.
const DEADLINE: Duration = Duration::from_secs(12);

fn client(allowed: &str, dns: &[SocketAddr]) -> GuardedClient {
    let rules = Rules {
        allowed_networks: vec![allowed.parse().unwrap()],
        denied_networks: Vec::new(),
        allow_http: true,
    };
    GuardedClient::new(rules, resolver_config(dns))
}

fn resolver_config(servers: &[SocketAddr]) -> ResolverConfig {
    let servers = servers.iter().map(|address| {
        let mut server = NameServerConfig::udp(address.ip());
        for connection in &mut server.connections {
            connection.port = address.port();
        }
        server
    });
    ResolverConfig::from_parts(None, Vec::new(), servers.collect())
}

async fn post(client: &GuardedClient, url: &str) -> Result<Response, SendError> {
    client
        .post(url, HeaderMap::new(), Bytes::from_static(b"{}"))
        .await
}

/// Stands for a public address: the only allowed one.
const PUBLIC: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const PRIVATE: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// The answers of the flipping server.
fn flip(record_type: RecordType, n: usize) -> Vec<RData> {
    let v6 = |address: Ipv6Addr| vec![RData::AAAA(address.into())];
    match record_type {
        RecordType::A => match n % 4 {
            0 => vec![RData::A(PUBLIC.into())],
            1 => vec![RData::A(PRIVATE.into())],
            2 => vec![RData::A(PUBLIC.into()), RData::A(PRIVATE.into())],
            _ => vec![RData::A(PRIVATE.into()), RData::A(PUBLIC.into())],
        },
        RecordType::AAAA => match n % 12 {
            0..8 => Vec::new(),
            8..10 => v6(Ipv6Addr::LOCALHOST),
            _ => v6(PRIVATE.to_ipv6_mapped()),
        },
        _ => Vec::new(),
    }
}

/// A DNS server whose every answer differs, with a TTL of zero.
async fn flipping_dns(tasks: &mut JoinSet<()>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tasks.spawn(async move {
        let (mut bytes, mut a, mut aaaa) = ([0; 4096], 0, 0);
        while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
            let mut message = Message::from_vec(&bytes[..length]).unwrap();
            let query = message.queries[0].clone();
            let count = if query.query_type() == RecordType::A {
                &mut a
            } else {
                &mut aaaa
            };
            message.metadata.message_type = MessageType::Response;
            for data in flip(query.query_type(), *count) {
                message.add_answer(Record::from_rdata(query.name().clone(), 0, data));
            }
            *count += 1;
            socket.send_to(&message.to_vec().unwrap(), from).await.unwrap();
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn post_with_rebinding_name_never_connects_to_private_address() {
    let mut tasks = JoinSet::new();
    let client = client("127.0.0.2/32", &[flipping_dns(&mut tasks).await]);
    // One socket on every address of this machine; it knows the local address of each connection.
    let listener = TcpListener::bind("[::]:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connected: Arc<Mutex<Vec<IpAddr>>> = Arc::default();
    let seen = connected.clone();
    tasks.spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let address = stream.local_addr().unwrap().ip().to_canonical();
            seen.lock().unwrap().push(address);
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = b"HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n";
            let _ = stream.write_all(answer).await;
            // Kept open, so that a reuse of the connection would show.
            open.push(stream);
        }
    });
    let url = format!("http://flip.example:{port}/");
    let (mut delivered, mut refused) = (0, 0);
    for _ in 0..1000 {
        match post(&client, &url).await {
            Ok(answer) => {
                assert_eq!(answer.status, 204);
                delivered += 1;
            }
            Err(problem) => {
                assert!(matches!(problem, SendError::NotAllowed(_)), "{problem:?}");
                refused += 1;
            }
        }
    }
    let connected = connected.lock().unwrap().clone();
    println!("{delivered} delivered, {refused} refused");
    assert!(delivered > 100 && refused > 600, "both were tried");
    assert_eq!(connected.len(), delivered);
    assert!(connected.iter().all(|address| *address == IpAddr::from(PUBLIC)));
}

#[tokio::test]
async fn post_with_dead_public_address_skips_private_address() {
    let mut tasks = JoinSet::new();
    let client = client("127.0.0.2/32", &[flipping_dns(&mut tasks).await]);
    let private = TcpListener::bind((PRIVATE, 0)).await.unwrap();
    let port = private.local_addr().unwrap().port();
    let url = format!("http://flip.example:{port}/");
    let mut problems = Vec::new();
    for _ in 0..200 {
        let answer = tokio::select! {
            answer = post(&client, &url) => answer,
            _ = private.accept() => panic!("the private address was connected"),
        };
        problems.push(answer.unwrap_err());
    }
    let refused = problems
        .iter()
        .filter(|problem| matches!(problem, SendError::NotAllowed(_)))
        .count();
    assert!(
        (100..200).contains(&refused),
        "{refused} of 200 were refused, so some were attempted"
    );
}

/// Every answer contains an address that is both denied and allowed.
#[tokio::test]
async fn check_and_post_refuse_denied_networks() {
    let mut tasks = JoinSet::new();
    let networks = |networks: [&str; 2]| networks.map(|network| network.parse().unwrap()).to_vec();
    let rules = Rules {
        allowed_networks: networks(["0.0.0.0/0", "::/0"]),
        denied_networks: networks(["127.0.0.0/8", "::1/128"]),
        allow_http: true,
    };
    let client = GuardedClient::new(rules, resolver_config(&[flipping_dns(&mut tasks).await]));
    let listener = TcpListener::bind("[::]:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let used = async {
        for url in [
            format!("http://flip.example:{port}/"),
            format!("http://localhost:{port}/"),
            format!("http://127.0.0.1:{port}/"),
            format!("http://[::1]:{port}/"),
        ] {
            // Once for each answer of the name.
            for _ in 0..12 {
                assert!(client.check(&url).await.is_err(), "{url}");
                let problem = post(&client, &url).await.unwrap_err();
                assert!(
                    matches!(problem, SendError::Refused | SendError::Url(_)),
                    "{problem:?}"
                );
            }
        }
    };
    tokio::select! {
        () = used => {}
        _ = listener.accept() => panic!("a denied address was connected"),
    }
}

/// `localhost` has two addresses, and only one of them is in the allowed network.
#[tokio::test]
async fn check_of_localhost_names_address_and_key() {
    let client = client("127.0.0.0/8", &[]);
    let problem = client.check("http://localhost:8080/").await.unwrap_err();
    assert_eq!(
        problem,
        "leads to ::1, which is not public and not in webhooks.allowed_networks"
    );
    let problem = post(&client, "http://localhost:8080/").await.unwrap_err();
    assert_eq!(problem, SendError::NotAllowed(Ipv6Addr::LOCALHOST.into()));
    assert!(
        problem.to_string().contains("webhooks.allowed_networks"),
        "{problem}"
    );
}

/// Without allowed networks, addresses of internal names are no business of users.
#[tokio::test]
async fn post_to_private_address_without_networks_hides_it() {
    let mut tasks = JoinSet::new();
    let dns = flipping_dns(&mut tasks).await;
    let client = GuardedClient::new(Rules::default(), resolver_config(&[dns]));
    let problem = post(&client, "https://flip.example/").await.unwrap_err();
    assert_eq!(problem, SendError::Refused);
}

/// How a hostile receiver treats a connection.
#[derive(Debug, Clone, Copy)]
enum Malice {
    /// Sends nothing, not even a TLS handshake.
    Hangs,
    DripsItsHead,
    DripsItsBody,
    SendsTenGigabytes,
    /// The same as a gzip that declares far more.
    SendsABomb,
    NeverEndsItsHead,
    SaysContinueForEver,
}

impl Malice {
    /// Returns what is sent first, what is repeated, and the pause between repetitions.
    fn script(self) -> (&'static str, Vec<u8>, Duration) {
        let second = Duration::from_secs(1);
        let large = vec![0; 64 * 1024];
        match self {
            Self::Hangs => ("", Vec::new(), second),
            Self::DripsItsHead => ("HTTP/1.1 200 OK\r\nX: ", b"x".to_vec(), second),
            Self::DripsItsBody => (
                "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
                b"x".to_vec(),
                second,
            ),
            Self::SendsTenGigabytes => (
                "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n",
                large,
                Duration::ZERO,
            ),
            Self::SendsABomb => (
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n",
                // A gzip header, stored blocks, zeros.
                [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &large].concat(),
                Duration::ZERO,
            ),
            Self::NeverEndsItsHead => (
                "HTTP/1.1 200 OK\r\n",
                b"X-Header: value\r\n".repeat(1000),
                Duration::ZERO,
            ),
            Self::SaysContinueForEver => ("", b"HTTP/1.1 100 Continue\r\n\r\n".repeat(1000), Duration::ZERO),
        }
    }

    async fn serve(self, mut stream: TcpStream) {
        let (first, then, pause) = self.script();
        let _ = stream.read(&mut [0; 4096]).await;
        let mut is_open = stream.write_all(first.as_bytes()).await.is_ok();
        while is_open {
            is_open = stream.write_all(&then).await.is_ok();
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
    }
}

fn rss_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn post_to_hostile_receiver_is_bounded_in_time_and_memory() {
    let client = Arc::new(client("127.0.0.1/32", &[]));
    let before = rss_bytes();
    let (mut receivers, mut attempts) = (JoinSet::new(), JoinSet::new());
    for (scheme, malice) in [
        ("https", Malice::Hangs),
        ("http", Malice::Hangs),
        ("http", Malice::DripsItsHead),
        ("http", Malice::DripsItsBody),
        ("http", Malice::SendsTenGigabytes),
        ("http", Malice::SendsABomb),
        ("http", Malice::NeverEndsItsHead),
        ("http", Malice::SaysContinueForEver),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{scheme}://{}/", listener.local_addr().unwrap());
        receivers.spawn(async move {
            let mut served = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                served.spawn(malice.serve(stream));
            }
        });
        // Several of each, so that leaked memory shows.
        for _ in 0..4 {
            let (client, url) = (client.clone(), url.clone());
            attempts.spawn(async move {
                let started = Instant::now();
                let outcome = post(&client, &url).await.map(|answer| answer.status);
                (scheme, malice, outcome, started.elapsed())
            });
        }
    }
    let peak = Arc::new(AtomicU64::new(0));
    let watched = peak.clone();
    receivers.spawn(async move {
        loop {
            watched.fetch_max(rss_bytes(), Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    while let Some(attempt) = attempts.join_next().await {
        let (scheme, malice, outcome, took) = attempt.unwrap();
        assert!(took < DEADLINE, "{malice:?}: {took:?}");
        match malice {
            Malice::Hangs | Malice::DripsItsHead => {
                assert_eq!(outcome, Err(SendError::Timeout), "{scheme} {malice:?}");
            }
            Malice::NeverEndsItsHead | Malice::SaysContinueForEver => {
                assert_eq!(outcome, Err(SendError::Http), "{malice:?}");
            }
            // The head is the outcome.
            _ => assert_eq!(outcome, Ok(200), "{malice:?}"),
        }
    }
    let grown = peak.load(Ordering::Relaxed).saturating_sub(before) / 1024;
    println!("memory grew by {grown} KiB");
    assert!(grown < 32 * 1024, "{grown} KiB");
}

#[tokio::test]
async fn post_with_hanging_dns_server_times_out() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let client = client("127.0.0.1/32", &[silent.local_addr().unwrap()]);
    let started = Instant::now();
    let outcome = post(&client, "http://slow.example:8080/").await;
    assert!(
        matches!(outcome, Err(SendError::Unresolved | SendError::Timeout)),
        "{outcome:?}"
    );
    assert!(started.elapsed() < DEADLINE);
}

#[tokio::test]
async fn post_reads_at_most_16_kib_of_response() {
    const PIPE: usize = 64;
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n",
        "HTTP/1.1 200 OK\r\nX: ",
    ] {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        let (mut reader, mut writer) = tokio::io::split(theirs);
        let request = http::Request::post("/").header("host", "hooks.example.com");
        let request = request.body(Full::new(Bytes::from_static(b"{}"))).unwrap();
        let receiver = async {
            let mut sent = writer.write(head.as_bytes()).await.unwrap();
            while let Ok(n @ 1..) = writer.write(&[b'x'; 4096]).await {
                sent += n;
            }
            sent
        };
        let drained = async { tokio::io::copy(&mut reader, &mut tokio::io::sink()).await };
        let (_, sent, _) = tokio::join!(exchange_over(ours, request), receiver, drained);
        assert!(sent <= 16 * 1024 + PIPE, "{sent} after {head:?}");
    }
}

#[tokio::test]
async fn post_parses_retry_after_seconds_and_dates() {
    let client = client("127.0.0.1/32", &[]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    for (asked, read) in [
        ("120", Some(RetryAfter::Seconds(120))),
        // The three date formats (RFC 9110 5.6.7).
        (
            "Fri, 15 Jan 2027 08:00:00 GMT",
            Some(RetryAfter::At(1_800_000_000)),
        ),
        (
            "Friday, 15-Jan-27 08:00:00 GMT",
            Some(RetryAfter::At(1_800_000_000)),
        ),
        ("Fri Jan 15 08:00:00 2027", Some(RetryAfter::At(1_800_000_000))),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("18446744073709551616", None),
        ("Fri, 32 Jan 2027 08:00:00 GMT", None),
        ("Thu, 01 Jan 1969 00:00:00 GMT", None),
        ("2027-01-15T08:00:00Z", None),
    ] {
        let answer = format!("HTTP/1.1 503 Busy\r\nRetry-After: {asked}\r\nContent-Length: 0\r\n\r\n");
        let receiver = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let (outcome, ()) = tokio::join!(post(&client, &url), receiver);
        assert_eq!(outcome.unwrap().retry_after, read, "{asked}");
    }
}
