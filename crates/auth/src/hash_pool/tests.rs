use std::{future::Future, pin::pin, task::Poll};

use super::*;

fn guess() -> Password {
    Password::guess(b"password").unwrap()
}

fn waiting(pool: &HashPool) -> usize {
    pool.shared.queue.lock().jobs.len()
}

/// Polls a call once: it has taken its place, or been refused.
async fn begin<F: Future>(call: F) -> Poll<F::Output> {
    let mut call = pin!(call);
    std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_until_a_caller_leaves() {
    let pool = HashPool::without_threads(2);
    let mut first = Box::pin(pool.verify(guess(), None));
    let mut second = Box::pin(pool.hash(guess()));
    assert!(begin(&mut first).await.is_pending() && begin(&mut second).await.is_pending());
    let refused = begin(pool.verify(guess(), None)).await;
    let Poll::Ready(Err(Error::Overloaded { retry_after })) = refused else {
        panic!("a third was let in");
    };
    assert!((1..=2).contains(&retry_after.as_secs()));

    drop(first);
    let mut third = Box::pin(pool.verify(guess(), None));
    assert!(
        begin(&mut third).await.is_pending(),
        "the place of the one that left"
    );
    assert_eq!(waiting(&pool), 2);

    drop(second);
    let job = pool.shared.next_job(&mut Memory::default()).unwrap();
    assert_eq!(
        (job.operation(), waiting(&pool)),
        ("verify", 0),
        "nobody's password is not hashed"
    );
    job.run(&mut Memory::default());
    assert!(!third.await.unwrap());
}

#[tokio::test]
async fn closing_fails_what_waits_and_what_comes_later() {
    let pool = HashPool::without_threads(2);
    let mut first = Box::pin(pool.verify(guess(), None));
    assert!(begin(&mut first).await.is_pending());
    pool.close();
    assert!(matches!(first.await, Err(Error::Stopping)));
    assert!(matches!(pool.hash(guess()).await, Err(Error::Stopping)));
    assert!(pool.shared.next_job(&mut Memory::default()).is_none());
}
