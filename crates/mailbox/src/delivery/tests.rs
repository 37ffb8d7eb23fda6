use futures_util::{FutureExt, future::join_all};

use super::*;

/// A queue without a writer: memory is reserved before a delivery enters it.
fn queue() -> DeliveryQueue {
    DeliveryQueue {
        waiting: mpsc::channel(1).0,
        small_memory: Arc::new(Semaphore::new(MAX_SMALL_BYTES / UNIT)),
        large_memory: Arc::new(Semaphore::new(MAX_LARGE_BYTES / UNIT)),
    }
}

const MIB: usize = 1 << 20;

#[tokio::test]
async fn reserve_memory_of_small_is_immediate_beside_large() {
    let queue = queue();
    let held = queue.reserve_memory(25 * MIB).await.unwrap();
    let mut waiting: Vec<_> = (0..500)
        .map(|_| Box::pin(queue.reserve_memory(LARGE_BYTES + 1)))
        .collect();
    assert!(waiting.iter_mut().all(|large| large.now_or_never().is_none()));
    let small: Vec<_> = (0..MAX_SMALL_BYTES / LARGE_BYTES)
        .map(|_| queue.reserve_memory(LARGE_BYTES).now_or_never())
        .collect();
    assert!(small.iter().all(|permit| matches!(permit, Some(Ok(_)))));
    // More small ones than there is memory for fail at once: they never wait.
    let beyond = queue.reserve_memory(1).now_or_never();
    assert!(matches!(beyond, Some(Err(Error::Overloaded))));
    drop((held, small));
    assert!(
        queue
            .reserve_memory(1)
            .now_or_never()
            .is_some_and(|permit| permit.is_ok())
    );
}

#[tokio::test(start_paused = true)]
async fn reserve_memory_of_large_waits_its_turn() {
    let queue = queue();
    let first = queue.reserve_memory(MAX_LARGE_BYTES).await.unwrap();
    let mut second = Box::pin(queue.reserve_memory(MAX_LARGE_BYTES));
    let mut third = Box::pin(queue.reserve_memory(MIB));
    assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none());
    drop(first);
    // The first that waited, although the last would fit beside nothing too.
    assert!((&mut third).now_or_never().is_none());
    let second = second.await.unwrap();
    assert!((&mut third).now_or_never().is_none());
    drop(second);
    drop(third.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn reserve_memory_of_large_fails_after_its_time() {
    let queue = queue();
    let _held = queue.reserve_memory(MAX_LARGE_BYTES).await.unwrap();
    let started = tokio::time::Instant::now();
    let outcomes = join_all((0..10).map(|_| queue.reserve_memory(MIB))).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Err(Error::Overloaded)))
    );
    assert_eq!(started.elapsed(), ACQUIRE_TIMEOUT);
}
