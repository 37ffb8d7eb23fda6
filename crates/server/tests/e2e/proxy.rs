//! Simulates network faults: a TCP proxy that delays or cuts connections.

use std::{collections::BTreeMap, net::Ipv4Addr, ops::Range, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::world::{Kind, World};

/// The simulated state of the network.
#[derive(Debug, Clone, Default)]
struct NetworkState {
    /// The target port. `None` closes every connection.
    upstream: Option<u16>,
    /// Delay of each chunk, in either direction.
    delay_ms: Range<u64>,
    is_cut: bool,
}

/// A proxy on a free port. It stops with the runtime.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    state: watch::Sender<NetworkState>,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (state, seen) = watch::channel(NetworkState::default());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, seen.clone()));
            }
        });
        Self { port, state }
    }

    /// Starts a fleet that reaches Redis through this proxy, with additional variables.
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

    /// Forwards new connections to a local port.
    pub(crate) fn forward_to(&self, port: u16) {
        self.state.send_modify(|state| state.upstream = Some(port));
    }

    /// Delays every chunk, on open connections as well.
    pub(crate) fn slow(&self, delay_ms: Range<u64>) {
        self.state.send_modify(|state| state.delay_ms = delay_ms);
    }

    /// Closes every connection and accepts no more.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.is_cut = true);
    }

    /// Ends the fault: forwards without delay.
    pub(crate) fn restore(&self) {
        self.state.send_modify(|state| {
            state.delay_ms = 0..0;
            state.is_cut = false;
        });
    }
}

/// Forwards one connection until it ends or is cut.
async fn forward(client: TcpStream, mut seen: watch::Receiver<NetworkState>) {
    let state = seen.borrow_and_update().clone();
    let Some(port) = state.upstream.filter(|_| !state.is_cut) else {
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
        _ = seen.wait_for(|state| state.is_cut) => {}
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    seen: watch::Receiver<NetworkState>,
) {
    let mut chunk = vec![0; 16 * 1024];
    let mut rng = SeededRng::new(u64::from(std::process::id()));
    while let Ok(length @ 1..) = from.read(&mut chunk).await {
        let delay_ms = seen.borrow().delay_ms.clone();
        if !delay_ms.is_empty() {
            tokio::time::sleep(Duration::from_millis(rng.within(delay_ms))).await;
        }
        if to.write_all(&chunk[..length]).await.is_err() {
            return;
        }
    }
}

/// A seeded pseudo-random generator (`SplitMix64`).
#[derive(Debug, Clone)]
pub(crate) struct SeededRng(u64);

impl SeededRng {
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
