//! A replica of a tiny service on its own runtime, so that it can be killed and can hang like a process.

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{Request, Response};
use http_body_util::BodyExt;
use mayfly_testkit::eventually;
use mayfly_types::SecretKey;
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, body::Body, server::NamedService, service::Routes};
use tower::{Service, ServiceExt};

use super::super::{Credential, Health, Peer, Reach, Transport, remote, serve};
use mayfly_runtime::task::Tasks;

pub(super) const SAFE: &str = "/test.v1.Test/Safe";
pub(super) const UNSAFE: &str = "/test.v1.Test/Unsafe";
/// Answers after a second.
pub(super) const SLOW: &str = "/test.v1.Test/Slow";
/// Never answers while stuck: only the end of the connection ends the call.
pub(super) const STUCK_SAFE: &str = "/test.v1.Test/StuckSafe";
pub(super) const STUCK_UNSAFE: &str = "/test.v1.Test/StuckUnsafe";
const IDEMPOTENT: &[&str] = &[SAFE, STUCK_SAFE];

#[derive(Clone, Default)]
struct Tiny {
    calls: Arc<AtomicUsize>,
    is_stuck: Arc<AtomicBool>,
    finished: Arc<AtomicUsize>,
}

impl NamedService for Tiny {
    const NAME: &'static str = "test.v1.Test";
}

impl Service<Request<Body>> for Tiny {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            this.calls.fetch_add(1, Ordering::SeqCst);
            match request.uri().path() {
                SLOW => tokio::time::sleep(Duration::from_secs(1)).await,
                STUCK_SAFE | STUCK_UNSAFE if this.is_stuck.load(Ordering::SeqCst) => {
                    std::future::pending::<()>().await;
                }
                _ => {}
            }
            let is_whole = request.into_body().collect().await.is_ok();
            this.finished.fetch_add(1, Ordering::SeqCst);
            let code = if is_whole { Code::Ok } else { Code::Unknown };
            Ok(Status::new(code, "").into_http())
        })
    }
}

/// A running replica.
pub(super) struct Replica {
    pub(super) address: SocketAddr,
    pub(super) health: Health,
    runtime: Option<Runtime>,
    tasks: Tasks,
    tiny: Tiny,
    unhang: Mutex<Option<mpsc::Sender<()>>>,
}

impl Replica {
    pub(super) fn start(credential: &Credential) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), credential)
    }

    pub(super) fn start_at(address: SocketAddr, credential: &Credential) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let tasks = Tasks::new(CancellationToken::new());
        let (tiny, group, credential) = (Tiny::default(), tasks.clone(), credential.clone());
        let routes = Routes::new(tiny.clone());
        let (started, wait) = mpsc::channel();
        runtime.spawn(async move {
            let listener = TcpListener::bind(address).await.unwrap();
            let address = listener.local_addr().unwrap();
            let health = serve(listener, routes, Tiny::NAME, credential, &group).await;
            started.send((address, health)).unwrap();
        });
        let (address, health) = wait.recv().unwrap();
        Self {
            address,
            health,
            runtime: Some(runtime),
            tasks,
            tiny,
            unhang: Mutex::new(None),
        }
    }

    /// The number of calls received.
    pub(super) fn calls(&self) -> usize {
        self.tiny.calls.load(Ordering::SeqCst)
    }

    /// The number of calls answered.
    pub(super) fn finished(&self) -> usize {
        self.tiny.finished.load(Ordering::SeqCst)
    }

    pub(super) fn is_running(&self) -> bool {
        self.runtime.is_some()
    }

    /// From now on the stuck methods do not answer.
    pub(super) fn stick(&self) {
        self.tiny.is_stuck.store(true, Ordering::SeqCst);
    }

    /// Kills it like SIGKILL: the listener and every connection close at once.
    pub(super) fn kill(&mut self) {
        self.unhang();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        let started = Instant::now();
        while std::net::TcpStream::connect(self.address).is_ok() {
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "the listener is still there"
            );
            std::thread::yield_now();
        }
    }

    /// Stops it like SIGSTOP: the kernel accepts connections and bytes, but no answer comes.
    pub(super) fn hang(&self) {
        let (unhang, hung) = mpsc::channel::<()>();
        let (is_hung, wait) = mpsc::channel();
        *self.unhang.lock().unwrap() = Some(unhang);
        self.runtime.as_ref().unwrap().spawn(async move {
            is_hung.send(()).unwrap();
            // Its only worker thread is held until the other end is dropped.
            let _ = hung.recv();
        });
        wait.recv().unwrap();
    }

    pub(super) fn unhang(&self) {
        self.unhang.lock().unwrap().take();
    }

    /// Shuts it down like SIGTERM, `delay` after its health check reports that it drains.
    pub(super) async fn drain(&self, delay: Duration) {
        self.health.drain().await;
        tokio::time::sleep(delay).await;
        assert!(self.tasks.shutdown(Duration::from_secs(20)).await, "it drains");
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.unhang();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(super) fn secret() -> Credential {
    Credential::new(Some(SecretKey::random()), None).unwrap()
}

/// A transport to the tiny service, and the tasks that maintain it.
pub(super) struct Caller {
    pub(super) transport: Transport,
    pub(super) reach: Reach,
    pub(super) tasks: Tasks,
}

pub(super) fn peer(endpoints: &str, credential: &Credential) -> Peer {
    Peer {
        service: Tiny::NAME,
        endpoints: endpoints.parse().unwrap(),
        credential: credential.clone(),
        idempotent_methods: IDEMPOTENT,
        read_methods: &[SAFE],
    }
}

impl Caller {
    /// Creates a caller with one endpoint for each replica.
    pub(super) fn of(replicas: &[&Replica], credential: &Credential) -> Self {
        let scheme = if credential.tls().is_some() {
            "https"
        } else {
            "http"
        };
        let urls: Vec<_> = replicas
            .iter()
            .map(|replica| format!("{scheme}://{}", replica.address))
            .collect();
        Self::at(&urls.join(","), credential)
    }

    pub(super) fn at(endpoints: &str, credential: &Credential) -> Self {
        let tasks = Tasks::new(CancellationToken::new());
        let (transport, reach) = remote(&peer(endpoints, credential), &tasks);
        Self {
            transport,
            reach,
            tasks,
        }
    }

    /// Calls a method. Returns the status of the answer or of the transport.
    pub(super) async fn call(&self, path: &str) -> Code {
        self.send(
            path,
            Body::new(http_body_util::Full::from("hello")),
            Duration::from_secs(10),
        )
        .await
    }

    pub(super) async fn call_within(&self, path: &str, timeout: Duration) -> Code {
        self.send(path, Body::empty(), timeout).await
    }

    async fn send(&self, path: &str, body: Body, timeout: Duration) -> Code {
        let request = Request::post(path)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-timeout", format!("{}m", timeout.as_millis()))
            .body(body)
            .unwrap();
        match self.transport.clone().oneshot(request).await {
            Ok(answer) => Status::from_header_map(answer.headers()).map_or(Code::Unknown, |s| s.code()),
            Err(status) => status.code(),
        }
    }

    /// Calls until every replica has received a call.
    pub(super) async fn reaches_all(&self, replicas: &[&Replica]) {
        let before: Vec<_> = replicas.iter().map(|replica| replica.calls()).collect();
        eventually("every replica is called", async || {
            self.call(SAFE).await;
            replicas
                .iter()
                .zip(&before)
                .all(|(replica, before)| replica.calls() > *before)
        })
        .await;
    }

    /// Calls until a hundred calls in a row avoid a replica. Returns how long that took.
    pub(super) async fn avoids(&self, replica: &Replica) -> Duration {
        let started = Instant::now();
        let mut avoided_at = started;
        let (mut in_a_row, mut seen) = (0, replica.calls());
        while in_a_row < 100 {
            self.call_within(SAFE, Duration::from_millis(100)).await;
            let calls = replica.calls();
            if calls == seen {
                in_a_row += 1;
            } else {
                (in_a_row, seen, avoided_at) = (0, calls, Instant::now());
            }
            assert!(started.elapsed() < Duration::from_secs(20), "it is still called");
        }
        avoided_at - started
    }
}
