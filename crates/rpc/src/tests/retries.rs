//! Retries of idempotent calls, and only of those.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::stream;
use http::Request;
use http_body_util::StreamBody;
use hyper::body::Frame;
use mayfly_testkit::eventually;
use tonic::{Code, Status, body::Body};
use tower::ServiceExt;

use super::replica::{Caller, Replica, SAFE, STUCK_SAFE, STUCK_UNSAFE, UNSAFE, secret};

/// Sends a call to one of two replicas and kills that replica. Returns the outcome, and the number of calls that the other
/// replica received.
async fn kill_during_call(path: &'static str) -> (Code, usize) {
    let credential = secret();
    let (mut a, b) = (Replica::start(&credential), Replica::start(&credential));
    a.stick();
    let caller = Arc::new(Caller::of(&[&a, &b], &credential));
    caller.reaches_all(&[&a, &b]).await;
    // Only `a` holds such calls: `b` answers them, and then another is sent.
    let (before, mut called) = (a.calls(), tokio::task::JoinSet::new());
    eventually("a call is held", async || {
        while called.try_join_next().is_some() {}
        if called.is_empty() {
            let caller = Arc::clone(&caller);
            called.spawn(async move { caller.call(path).await });
        }
        a.calls() > before
    })
    .await;
    let before = b.calls();
    a.kill();
    let code = called.join_next().await.unwrap().unwrap();
    (code, b.calls() - before)
}

#[tokio::test]
async fn idempotent_call_is_retried_on_another_replica() {
    assert_eq!(kill_during_call(STUCK_SAFE).await, (Code::Ok, 1));
}

#[tokio::test]
async fn non_idempotent_call_is_not_retried() {
    assert_eq!(kill_during_call(STUCK_UNSAFE).await, (Code::Unavailable, 0));
}

#[tokio::test]
async fn idempotent_call_is_attempted_at_most_three_times() {
    let credential = secret();
    let mut replicas: Vec<_> = (0..5).map(|_| Replica::start(&credential)).collect();
    replicas.iter().for_each(Replica::stick);
    let all: Vec<_> = replicas.iter().collect();
    let caller = Arc::new(Caller::of(&all, &credential));
    caller.reaches_all(&all).await;
    let before: Vec<_> = replicas.iter().map(Replica::calls).collect();
    let clone = Arc::clone(&caller);
    let mut called = tokio::task::JoinSet::new();
    called.spawn(async move { clone.call(STUCK_SAFE).await });
    for _ in 0..3 {
        // The replica that has the call is killed.
        let mut holder = None;
        eventually("a replica has the call", async || {
            holder = (0..5).find(|i| replicas[*i].is_running() && replicas[*i].calls() > before[*i]);
            holder.is_some()
        })
        .await;
        replicas[holder.unwrap()].kill();
    }
    assert_eq!(called.join_next().await.unwrap().unwrap(), Code::Unavailable);
    let came: usize = replicas
        .iter()
        .zip(&before)
        .map(|(replica, before)| replica.calls() - before)
        .sum();
    assert_eq!(came, 3);
}

#[tokio::test]
async fn streaming_call_is_not_retried() {
    let credential = secret();
    let mut a = Replica::start(&credential);
    let caller = Caller::of(&[&a], &credential);
    caller.reaches_all(&[&a]).await;
    let before = a.calls();
    // An endless upload.
    let chunks = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Some((Ok::<_, Status>(Frame::data(Bytes::from_static(b"chunk"))), ()))
    });
    let request = Request::post(UNSAFE)
        .header("content-type", "application/grpc")
        .body(Body::new(StreamBody::new(chunks)))
        .unwrap();
    let transport = caller.transport.clone();
    let mut called = tokio::task::JoinSet::new();
    called.spawn(async move { transport.oneshot(request).await.unwrap_err().code() });
    eventually("the upload has begun", async || a.calls() > before).await;
    a.kill();
    let a = Replica::start_at(a.address, &credential);
    assert_eq!(called.join_next().await.unwrap().unwrap(), Code::Unavailable);
    eventually("it is back", async || caller.reach.check().is_ok()).await;
    assert_eq!(a.calls(), 0);
}

#[tokio::test]
async fn call_ends_at_its_deadline() {
    let credential = secret();
    let a = Replica::start(&credential);
    let caller = Caller::of(&[&a], &credential);
    assert_eq!(caller.call(SAFE).await, Code::Ok);
    a.stick();
    for path in [STUCK_SAFE, STUCK_UNSAFE] {
        let (started, finished) = (Instant::now(), a.finished());
        let code = caller.call_within(path, Duration::from_millis(200)).await;
        // Both sides enforce the deadline; the code depends on which one is first.
        assert!(
            matches!(code, Code::DeadlineExceeded | Code::Cancelled),
            "{code:?}"
        );
        assert!(started.elapsed() < Duration::from_secs(5));
        assert_eq!(a.finished(), finished);
    }
}
