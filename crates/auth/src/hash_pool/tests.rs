use std::{future::Future, pin::pin, task::Poll};

use super::*;

fn guess() -> Password {
    Password::guess(b"password").unwrap()
}

fn queued(pool: &HashPool) -> usize {
    pool.shared.queue.lock().jobs.len()
}

/// Polls a call once: it is then queued or refused.
async fn begin<F: Future>(call: F) -> Poll<F::Output> {
    let mut call = pin!(call);
    std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await
}

#[tokio::test]
async fn full_queue_refuses_until_a_caller_disconnects() {
    let pool = HashPool::without_threads(2);
    let mut first = Box::pin(pool.verify(guess(), None));
    let mut second = Box::pin(pool.hash(guess()));
    assert!(begin(&mut first).await.is_pending() && begin(&mut second).await.is_pending());
    let refused = begin(pool.verify(guess(), None)).await;
    let Poll::Ready(Err(Error::Overloaded { retry_after })) = refused else {
        panic!("a third job was queued");
    };
    assert!((1..=2).contains(&retry_after.as_secs()));

    drop(first);
    let mut third = Box::pin(pool.verify(guess(), None));
    assert!(
        begin(&mut third).await.is_pending(),
        "takes the slot of the disconnected caller"
    );
    assert_eq!(queued(&pool), 2);

    drop(second);
    let job = pool.shared.next_job(&mut Memory::default()).unwrap();
    assert_eq!(
        (job.operation, queued(&pool)),
        ("verify", 0),
        "the job of a disconnected caller is skipped"
    );
    job.work.run(&mut Memory::default());
    assert!(!third.await.unwrap());
}

#[tokio::test]
async fn close_fails_queued_and_later_calls() {
    let pool = HashPool::without_threads(2);
    let mut first = Box::pin(pool.verify(guess(), None));
    assert!(begin(&mut first).await.is_pending());
    pool.close();
    assert!(matches!(first.await, Err(Error::Stopping)));
    assert!(matches!(pool.hash(guess()).await, Err(Error::Stopping)));
    assert!(pool.shared.next_job(&mut Memory::default()).is_none());
}
