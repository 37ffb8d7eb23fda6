//! Load balancing: every replica is used, and one that is dead, hangs or drains is avoided.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mayfly_testkit::eventually;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tonic::Code;

use super::{
    super::remote::connect,
    replica::{Caller, Replica, SAFE, SLOW, UNSAFE, peer, secret},
};
use mayfly_runtime::task::Tasks;

#[tokio::test]
async fn balance_spreads_calls_over_every_replica() {
    let credential = secret();
    let (a, b) = (Replica::start(&credential), Replica::start(&credential));
    let caller = Caller::of(&[&a, &b], &credential);
    caller.reaches_all(&[&a, &b]).await;
    let before = (a.calls(), b.calls());
    for _ in 0..200 {
        assert_eq!(caller.call(UNSAFE).await, Code::Ok);
    }
    let (a, b) = (a.calls() - before.0, b.calls() - before.1);
    assert!(a + b == 200 && a.min(b) >= 40, "{a} and {b}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_replica_fails_no_idempotent_call() {
    let credential = secret();
    let (mut a, b) = (Replica::start(&credential), Replica::start(&credential));
    let caller = Arc::new(Caller::of(&[&a, &b], &credential));
    caller.reaches_all(&[&a, &b]).await;
    let load = Load::start(&caller, SAFE, 16);
    load.more(200).await;
    let address = a.address;
    let killed = Instant::now();
    a.kill();
    load.more(1000).await;
    assert_eq!(load.stop().await, 0, "a call failed");
    assert!(caller.reach.check().is_ok());

    // A replica that restarts at the same address is used again.
    let a = Replica::start_at(address, &credential);
    caller.reaches_all(&[&a, &b]).await;
    assert!(killed.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn killed_replica_gets_no_calls_after_a_second() {
    let credential = secret();
    let (mut a, b) = (Replica::start(&credential), Replica::start(&credential));
    let caller = Caller::of(&[&a, &b], &credential);
    caller.reaches_all(&[&a, &b]).await;
    a.kill();
    // The promise is one second. The kernel closes the connections at once, so at most one call fails.
    eventually("its connections are seen to be closed", async || {
        caller.call(UNSAFE).await == Code::Ok
    })
    .await;
    let failed_at = Instant::now();
    while failed_at.elapsed() < Duration::from_secs(1) {
        let _ = caller.call(UNSAFE).await;
    }
    for _ in 0..100 {
        assert_eq!(caller.call(UNSAFE).await, Code::Ok);
    }
}

#[tokio::test]
async fn hanging_replica_is_avoided_until_it_answers() {
    let credential = secret();
    let (a, b) = (Replica::start(&credential), Replica::start(&credential));
    let caller = Caller::of(&[&a, &b], &credential);
    caller.reaches_all(&[&a, &b]).await;
    a.hang();
    // A call that reaches it is not answered. It is avoided once a hundred calls in a row were answered.
    let started = Instant::now();
    let (mut in_a_row, mut last_failure) = (0, started);
    while in_a_row < 100 {
        if caller.call_within(UNSAFE, Duration::from_millis(100)).await == Code::Ok {
            in_a_row += 1;
        } else {
            (in_a_row, last_failure) = (0, Instant::now());
        }
        assert!(started.elapsed() < Duration::from_secs(20), "it is still called");
    }
    let took = last_failure - started;
    assert!(took < Duration::from_secs(3), "{took:?}");
    a.unhang();
    caller.reaches_all(&[&a]).await;
}

/// Until the health check notices, a read that reaches the hanging replica is sent to the other one too.
#[tokio::test]
async fn hanging_replica_fails_no_read() {
    let credential = secret();
    let (a, b) = (Replica::start(&credential), Replica::start(&credential));
    let caller = Caller::of(&[&a, &b], &credential);
    caller.reaches_all(&[&a, &b]).await;
    a.hang();
    let calls = (0..60).map(|_| caller.call_within(SAFE, Duration::from_secs(1)));
    let codes = futures_util::future::join_all(calls).await;
    assert!(codes.iter().all(|code| *code == Code::Ok), "{codes:?}");
    a.unhang();
}

#[tokio::test]
async fn slow_replica_is_used_when_all_are_slow() {
    let credential = secret();
    let a = Replica::start(&credential);
    let caller = Caller::of(&[&a], &credential);
    caller.reaches_all(&[&a]).await;
    a.hang();
    for timeout_ms in [1500, 200] {
        let call = caller.call_within(SAFE, Duration::from_millis(timeout_ms));
        assert_eq!(
            call.await,
            Code::DeadlineExceeded,
            "it is called because no better one exists"
        );
    }
    assert!(caller.reach.check().is_ok());
    a.unhang();
    eventually("it answers again", async || caller.call(SAFE).await == Code::Ok).await;
}

#[tokio::test]
async fn draining_replica_is_avoided_and_finishes_calls() {
    let credential = secret();
    let (a, b) = (Replica::start(&credential), Replica::start(&credential));
    let caller = Arc::new(Caller::of(&[&a, &b], &credential));
    caller.reaches_all(&[&a, &b]).await;
    a.health.drain().await;
    let took = caller.avoids(&a).await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!(caller.call(UNSAFE).await, Code::Ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restart_fails_no_call() {
    let credential = secret();
    let mut replicas = [Replica::start(&credential), Replica::start(&credential)];
    let caller = Arc::new(Caller::of(&[&replicas[0], &replicas[1]], &credential));
    caller.reaches_all(&[&replicas[0], &replicas[1]]).await;
    // Calls that must not be retried, some of which take a second.
    let quick = Load::start(&caller, UNSAFE, 8);
    let slow = Load::start(&caller, SLOW, 8);
    for replica in &mut replicas {
        quick.more(100).await;
        slow.more(8).await;
        replica.drain(Duration::from_secs(1)).await;
        let address = replica.address;
        replica.kill();
        *replica = Replica::start_at(address, &credential);
        caller.reaches_all(&[replica]).await;
    }
    assert_eq!((quick.stop().await, slow.stop().await), (0, 0), "calls failed");
}

#[tokio::test]
async fn call_without_replicas_fails_fast() {
    let credential = secret();
    let mut a = Replica::start(&credential);
    let caller = Caller::of(&[&a], &credential);
    caller.reaches_all(&[&a]).await;
    assert!(caller.reach.check().is_ok());
    a.kill();
    eventually("it is seen to be gone", async || caller.reach.check().is_err()).await;
    let started = Instant::now();
    for path in [SAFE, UNSAFE] {
        assert_eq!(caller.call(path).await, Code::Unavailable);
    }
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    // A server that accepts and never answers is not reachable either.
    let silent = TcpListener::bind(a.address).await.unwrap();
    eventually("it is connected to", async || silent.accept().await.is_ok()).await;
    assert_eq!(caller.call(SAFE).await, Code::Unavailable);
}

#[tokio::test]
async fn first_call_waits_for_the_connection() {
    let credential = secret();
    let a = Replica::start(&credential);
    let caller = Caller::of(&[&a], &credential);
    assert_eq!(caller.call(UNSAFE).await, Code::Ok);
}

#[tokio::test]
async fn drain_ignores_hanging_callers() {
    let credential = secret();
    let a = Replica::start(&credential);
    // One sends nothing, the other begins HTTP/2 and sends nothing more.
    let silent = TcpStream::connect(a.address).await.unwrap();
    let mut hanging = TcpStream::connect(a.address).await.unwrap();
    let empty_settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    hanging
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    hanging.write_all(&empty_settings).await.unwrap();
    let mut settings = [0; 9];
    hanging.read_exact(&mut settings).await.unwrap();
    a.drain(Duration::ZERO).await;
    drop(silent);
}

#[tokio::test]
async fn dns_changes_add_and_remove_replicas() {
    let credential = secret();
    let (a, b) = (Replica::start(&credential), Replica::start(&credential));
    let stands_for: Arc<Mutex<io::Result<Vec<SocketAddr>>>> = Arc::new(Mutex::new(Ok(vec![a.address])));
    let name = Arc::clone(&stands_for);
    let lookup = Arc::new(move |host: String, port: u16| {
        assert_eq!((host.as_str(), port), ("tiny.internal", 7));
        let found = match &*name.lock().unwrap() {
            Ok(addresses) => Ok(addresses.clone()),
            Err(error) => Err(io::Error::from(error.kind())),
        };
        Box::pin(std::future::ready(found)) as futures_util::future::BoxFuture<'static, _>
    });
    let tasks = Tasks::new(tokio_util::sync::CancellationToken::new());
    let (transport, reach) = connect(&peer("http://tiny.internal:7", &credential), lookup, &tasks);
    let caller = Caller {
        transport,
        reach,
        tasks,
    };
    assert_eq!(caller.call(UNSAFE).await, Code::Ok);
    *stands_for.lock().unwrap() = Ok(vec![a.address, b.address]);
    caller.reaches_all(&[&a, &b]).await;
    *stands_for.lock().unwrap() = Ok(vec![b.address]);
    caller.avoids(&a).await;
    // A failed look-up removes no replica.
    *stands_for.lock().unwrap() = Err(io::Error::from(io::ErrorKind::TimedOut));
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(1500) {
        assert_eq!(caller.call(UNSAFE).await, Code::Ok);
    }
}

#[tokio::test]
async fn connection_tasks_end_with_the_transport() {
    let credential = secret();
    let a = Replica::start(&credential);
    let caller = Caller::of(&[&a], &credential);
    assert_eq!(caller.call(SAFE).await, Code::Ok);
    let Caller { transport, tasks, .. } = caller;
    let clone = transport.clone();
    drop(transport);
    drop(clone);
    // Nothing stops the group here: the tasks end on their own.
    eventually("they end", async || tasks.count() == 0).await;
}

/// Concurrent callers that repeat one method.
struct Load {
    done: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    callers: tokio::task::JoinSet<()>,
}

impl Load {
    fn start(caller: &Arc<Caller>, path: &'static str, callers: usize) -> Self {
        let mut load = Self {
            done: Arc::default(),
            failed: Arc::default(),
            is_over: Arc::default(),
            callers: tokio::task::JoinSet::new(),
        };
        for _ in 0..callers {
            let (done, failed) = (Arc::clone(&load.done), Arc::clone(&load.failed));
            let (caller, is_over) = (Arc::clone(caller), Arc::clone(&load.is_over));
            load.callers.spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let is_ok = caller.call(path).await == Code::Ok;
                    failed.fetch_add(usize::from(!is_ok), Ordering::Relaxed);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        load
    }

    /// Waits for so many more calls.
    async fn more(&self, calls: usize) {
        let goal = self.done.load(Ordering::Relaxed) + calls;
        eventually("calls are made", async || {
            self.done.load(Ordering::Relaxed) >= goal
        })
        .await;
    }

    /// Returns how many failed.
    async fn stop(mut self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.callers.join_next().await {
            ended.unwrap();
        }
        self.failed.load(Ordering::Relaxed)
    }
}
