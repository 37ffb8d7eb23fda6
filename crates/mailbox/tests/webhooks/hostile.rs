//! Hostile receivers, three in ten of all: they do not delay the others, and no attempt reaches a private address.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use hickory_resolver::proto::{
    op::{Message, MessageType},
    rr::{RData, Record, RecordType},
};
use mayfly_mailbox::Config;
use mayfly_runtime::config::List;
use mayfly_testkit::{Db, db_test, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinSet,
};

use super::{
    Receiver, create,
    crowded::{SOON, p99},
    deliveries, list,
};
use crate::world::{World, mail, user};

db_test!(hostile_receivers_delay_no_others_and_reach_no_trap);

/// Pending events of each hostile receiver at the start.
const WAITING: usize = 20;

/// Receivers of each kind of malice, with seven healthy ones for three hostile ones.
fn of_each() -> usize {
    let scale = std::env::var_os("MAYFLY_HOSTILE_RECEIVERS");
    scale.map_or(1, |count| count.into_string().unwrap().parse().unwrap())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Malice {
    Hangs,
    Drips,
    SendsTenGigabytes,
    FlipsItsName,
    Redirects,
}

const ALL: [Malice; 5] = [
    Malice::Hangs,
    Malice::Drips,
    Malice::SendsTenGigabytes,
    Malice::FlipsItsName,
    Malice::Redirects,
];

/// Servers of the test, and what they observed.
#[derive(Default)]
struct Outside {
    tasks: JoinSet<()>,
    /// Connections to a forbidden address.
    trapped: Arc<AtomicUsize>,
    /// Whether DNS answers change.
    flips: Arc<AtomicBool>,
    /// DNS queries since then.
    flipped: Arc<AtomicUsize>,
    /// Redirects or answers that named a forbidden address.
    redirected: Arc<AtomicUsize>,
}

impl Outside {
    /// Listens on a forbidden address; returns the port.
    async fn trap(&mut self) -> u16 {
        let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let trapped = self.trapped.clone();
        self.tasks.spawn(async move {
            while listener.accept().await.is_ok() {
                trapped.fetch_add(1, Ordering::Relaxed);
            }
        });
        port
    }

    /// Starts a DNS server that answers with an allowed and a forbidden address in turn.
    async fn flipping_dns(&mut self) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (flips, flipped) = (self.flips.clone(), self.flipped.clone());
        self.tasks.spawn(async move {
            let mut bytes = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
                let mut message = Message::from_vec(&bytes[..length]).unwrap();
                message.metadata.message_type = MessageType::Response;
                let query = message.queries[0].clone();
                if query.query_type() == RecordType::A {
                    let is_flipped = flips.load(Ordering::Relaxed)
                        && flipped.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
                    let leads_to = if is_flipped {
                        [127, 0, 0, 2]
                    } else {
                        [127, 0, 0, 1]
                    };
                    let data = RData::A(std::net::Ipv4Addr::from(leads_to).into());
                    message.add_answer(Record::from_rdata(query.name().clone(), 0, data));
                }
                socket.send_to(&message.to_vec().unwrap(), from).await.unwrap();
            }
        });
        address
    }

    /// Starts a receiver; returns its URL.
    async fn hostile(&mut self, malice: Malice, trap: u16) -> String {
        if malice == Malice::FlipsItsName {
            return format!("http://flip.example:{trap}/");
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let redirected = self.redirected.clone();
        self.tasks.spawn(async move {
            let mut served = JoinSet::new();
            for n in 0_u64.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                if malice == Malice::Redirects {
                    redirected.fetch_add(1, Ordering::Relaxed);
                }
                served.spawn(serve(malice, stream, trap, n));
            }
        });
        url
    }
}

async fn serve(malice: Malice, mut stream: TcpStream, trap: u16, n: u64) {
    let _ = stream.read(&mut [0; 4096]).await;
    let (first, then, pause) = match malice {
        Malice::Hangs | Malice::FlipsItsName => (String::new(), Vec::new(), Duration::from_secs(1)),
        Malice::Drips => (
            "HTTP/1.1 200 OK\r\nX: ".to_owned(),
            b"x".to_vec(),
            Duration::from_secs(1),
        ),
        Malice::SendsTenGigabytes => (
            "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n".to_owned(),
            vec![0; 64 * 1024],
            Duration::ZERO,
        ),
        Malice::Redirects => {
            let target = if n.is_multiple_of(2) {
                "169.254.169.254/latest/meta-data/".to_owned()
            } else {
                format!("127.0.0.2:{trap}/")
            };
            let answer =
                format!("HTTP/1.1 307 There\r\nLocation: http://{target}\r\nContent-Length: 0\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
            return;
        }
    };
    let mut is_open = stream.write_all(first.as_bytes()).await.is_ok();
    while is_open {
        is_open = stream.write_all(&then).await.is_ok();
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
}

/// An owner with a mailbox and a webhook.
async fn owner(world: &World, name: &str, url: &str) -> (String, String) {
    let owner = user();
    let account = world
        .create_for(&format!("{name}@mayfly.test"), Some(&owner))
        .await;
    create(world, &owner, url).await.unwrap();
    (owner, account)
}

#[expect(clippy::print_stdout, reason = "reports the measured times")]
async fn hostile_receivers_delay_no_others_and_reach_no_trap(db: Db) {
    let mut outside = Outside::default();
    let (trap, dns) = (outside.trap().await, outside.flipping_dns().await);
    let config = Config {
        dns_servers: List(vec![dns]),
        ..Config::default()
    };
    let world = World::with(db, config).await;
    let mut hostile = Vec::new();
    for malice in ALL.repeat(of_each()) {
        let url = outside.hostile(malice, trap).await;
        let (owner, account) = owner(&world, &format!("hostile-{}", hostile.len()), &url).await;
        hostile.push((malice, owner, account));
    }
    let (receiver, mut healthy) = (Receiver::start().await, Vec::new());
    for n in 0..hostile.len() * 7 / 3 {
        healthy.push(owner(&world, &format!("healthy-{n}"), &receiver.url()).await.1);
    }
    outside.flips.store(true, Ordering::Relaxed);
    let healthy: Vec<&str> = healthy.iter().map(String::as_str).collect();
    let accounts: Vec<&str> = hostile.iter().map(|(_, _, account)| account.as_str()).collect();

    let before = p99(&world, &healthy, &receiver).await;
    for _ in 0..WAITING {
        world.deliver(&accounts, &mail("bait")).await.unwrap();
    }
    let during = p99(&world, &healthy, &receiver).await;
    println!(
        "{db:?}, {} hostile receivers beside {} healthy: p99 {before:?} before, {during:?} during",
        hostile.len(),
        healthy.len()
    );
    assert!(during < SOON, "{during:?}");

    for (malice, owner, _) in &hostile {
        eventually("attempted", async || {
            let id = list(&world, owner).await[0].webhook_id.clone();
            !deliveries(&world, owner, &id).await.unwrap().is_empty()
        })
        .await;
        let webhook = list(&world, owner).await.remove(0);
        let is_delivered = *malice == Malice::SendsTenGigabytes;
        assert_eq!(
            webhook.failure_count == 0,
            is_delivered,
            "{malice:?}: {webhook:?}"
        );
    }
    assert!(outside.flipped.load(Ordering::Relaxed) > 0 && outside.redirected.load(Ordering::Relaxed) > 0);
    assert_eq!(
        outside.trapped.load(Ordering::Relaxed),
        0,
        "an attempt connected to a private address"
    );
}
