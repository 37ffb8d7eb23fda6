//! What a network does to those who rely on it: a TCP proxy that delays, or cuts.

use std::{collections::BTreeMap, net::Ipv4Addr, ops::Range, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::world::{Kind, World};

/// How the network is.
#[derive(Debug, Clone, Default)]
struct Weather {
    /// Nowhere until it is said where.
    upstream: Option<u16>,
    /// Between which bounds each piece is held back, in either direction.
    delay_ms: Range<u64>,
    is_cut: bool,
}

/// A proxy on a port of its own. It ends with the runtime.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    weather: watch::Sender<Weather>,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (weather, seen) = watch::channel(Weather::default());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, seen.clone()));
            }
        });
        Self { port, weather }
    }

    /// Starts a fleet that reaches Redis through this, with more variables of the environment.
    pub(crate) fn before_redis(&self, kind: Kind, more: &[(&str, &str)]) -> World {
        let url = format!("redis://127.0.0.1:{}", self.port);
        let mut env: BTreeMap<&str, &str> = more.iter().copied().collect();
        env.insert("MAYFLY_REDIS__URL", &url);
        let world = World::start_with(kind, &env.into_iter().collect::<Vec<_>>());
        self.forward_to(world.servers.as_ref().expect("a fleet").redis.port());
        world
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Connects those who come from now on with a port of this machine.
    pub(crate) fn forward_to(&self, port: u16) {
        self.weather.send_modify(|weather| weather.upstream = Some(port));
    }

    /// Holds each piece back for a time between bounds, that of connections which are there already too.
    pub(crate) fn slow(&self, delay_ms: Range<u64>) {
        self.weather.send_modify(|weather| weather.delay_ms = delay_ms);
    }

    /// Ends every connection, and takes no more.
    pub(crate) fn cut(&self) {
        self.weather.send_modify(|weather| weather.is_cut = true);
    }

    /// Does nothing any more but forward.
    pub(crate) fn mend(&self) {
        self.weather.send_modify(|weather| {
            weather.delay_ms = 0..0;
            weather.is_cut = false;
        });
    }
}

/// Carries one connection until it ends or is cut.
async fn carry(client: TcpStream, mut seen: watch::Receiver<Weather>) {
    let weather = seen.borrow_and_update().clone();
    let Some(port) = weather.upstream.filter(|_| !weather.is_cut) else {
        return;
    };
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
        return;
    };
    for stream in [&client, &server] {
        stream.set_nodelay(true).expect("an open socket");
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (up, down) = (seen.clone(), seen.clone());
    tokio::select! {
        () = pump(from_client, to_server, up) => {}
        () = pump(from_server, to_client, down) => {}
        _ = seen.wait_for(|weather| weather.is_cut) => {}
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    seen: watch::Receiver<Weather>,
) {
    let mut piece = vec![0; 16 * 1024];
    let mut dice = Dice::new(u64::from(std::process::id()));
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let delay_ms = seen.borrow().delay_ms.clone();
        if !delay_ms.is_empty() {
            tokio::time::sleep(Duration::from_millis(dice.within(delay_ms))).await;
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

/// Choices that a seed determines (`SplitMix64`).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn within(&mut self, range: Range<u64>) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        range.start + mixed % (range.end - range.start)
    }

    pub(crate) fn choose<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let index = self.within(0..of.len() as u64);
        &of[usize::try_from(index).expect("an index")]
    }
}
