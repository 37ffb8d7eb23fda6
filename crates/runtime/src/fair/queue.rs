//! Permits or bytes for clients in turn.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{
    contention::Contention,
    current::{Urgent, current},
    turns::Slot,
};
use crate::shares::Exceeded;

/// The bounds of a queue, in its units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueBounds {
    /// What all hold together.
    pub total: u64,
    /// What one client holds while others are active. One request is granted in any case.
    pub share: u64,
}

/// Who holds something: a client, or the process itself.
type Holder = Option<IpAddr>;

/// A queue in which the clients take turns, so that one with many requests does not delay others. Work of the process itself is
/// one more client, without a share.
#[derive(Debug)]
pub struct FairQueue {
    bounds: QueueBounds,
    contention: Contention,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    held: HashMap<Holder, u64>,
    waiting: HashMap<Holder, VecDeque<Request>>,
    /// Those who wait, in the order of their turns.
    order: VecDeque<Holder>,
}

#[derive(Debug)]
struct Request {
    amount: u64,
    /// Of the task that waits.
    slot: Option<Arc<Slot>>,
    granted: oneshot::Sender<(Permit, Urgent)>,
}

/// What is held of a queue. Dropping it releases it.
#[derive(Debug)]
pub struct Permit {
    queue: Arc<FairQueue>,
    holder: Holder,
    amount: u64,
}

impl FairQueue {
    /// Creates a queue.
    #[must_use]
    pub fn new(bounds: QueueBounds) -> Arc<Self> {
        Self::with(bounds, Contention::default())
    }

    /// Creates a queue with an observer of its own.
    #[must_use]
    pub fn with(bounds: QueueBounds, contention: Contention) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            contention,
            state: Mutex::default(),
        })
    }

    /// Waits until a client can hold an amount; more than the total counts as the total.
    pub async fn acquire(self: &Arc<Self>, holder: Option<IpAddr>, amount: u64) -> Permit {
        let amount = amount.min(self.bounds.total);
        if let Some(client) = holder {
            self.contention.note(client);
        }
        loop {
            let granted = {
                let mut state = self.state.lock();
                if state.order.is_empty() && self.fits(&state, holder, amount) {
                    return self.take(&mut state, holder, amount);
                }
                let (sender, granted) = oneshot::channel();
                let waiting = state.waiting.entry(holder).or_default();
                waiting.push_back(Request {
                    amount,
                    slot: current().slot,
                    granted: sender,
                });
                if waiting.len() == 1 {
                    state.order.push_back(holder);
                }
                granted
            };
            // Those ahead may be held back by their shares only.
            self.grant();
            if let Ok((permit, _)) = granted.await {
                return permit;
            }
        }
    }

    /// As [`FairQueue::acquire`], for at most a time.
    ///
    /// # Errors
    /// Which bound the request exceeds then.
    pub async fn acquire_within(
        self: &Arc<Self>,
        holder: Option<IpAddr>,
        amount: u64,
        timeout: Duration,
    ) -> Result<Permit, Exceeded> {
        let acquired = tokio::time::timeout(timeout, self.acquire(holder, amount));
        acquired.await.map_err(|_| {
            let amount = amount.min(self.bounds.total);
            match self.is_within_share(&self.state.lock(), holder, amount) {
                true => Exceeded::Pool,
                false => Exceeded::Share,
            }
        })
    }

    fn fits(&self, state: &State, holder: Holder, amount: u64) -> bool {
        self.is_within_share(state, holder, amount) && state.used + amount <= self.bounds.total
    }

    fn is_within_share(&self, state: &State, holder: Holder, amount: u64) -> bool {
        let held = state.held.get(&holder).copied().unwrap_or(0);
        held == 0 || holder.is_none() || held + amount <= self.bounds.share || !self.contention.is_contended()
    }

    fn take(self: &Arc<Self>, state: &mut State, holder: Holder, amount: u64) -> Permit {
        state.used += amount;
        *state.held.entry(holder).or_default() += amount;
        Permit {
            queue: Arc::clone(self),
            holder,
            amount,
        }
    }

    /// Grants what fits, one request of each client in turn.
    fn grant(self: &Arc<Self>) {
        let mut granted = Vec::new();
        {
            let mut state = self.state.lock();
            let mut held_back = 0;
            while held_back < state.order.len() {
                let Some(holder) = state.order.front().copied() else {
                    break;
                };
                let Some(amount) = state.next_of(holder) else {
                    state.waiting.remove(&holder);
                    state.order.pop_front();
                    continue;
                };
                if !self.is_within_share(&state, holder, amount) {
                    state.order.rotate_left(1);
                    held_back += 1;
                    continue;
                }
                // A large request waits at the front: smaller ones of others must not pass it for ever.
                if state.used + amount > self.bounds.total {
                    break;
                }
                let request = state.waiting.get_mut(&holder).and_then(VecDeque::pop_front);
                if let Some(request) = request {
                    let permit = self.take(&mut state, holder, amount);
                    granted.push((request, permit));
                }
                state.order.rotate_left(1);
                held_back = 0;
            }
        }
        for (request, permit) in granted {
            // The task holds something now, and may have many others of its client ahead of it.
            let urgent = Urgent::of(request.slot);
            // One that gave up meanwhile returns its permit.
            let _ = request.granted.send((permit, urgent));
        }
    }

    fn release(self: &Arc<Self>, holder: Holder, amount: u64) {
        let is_waited_for = {
            let mut state = self.state.lock();
            state.used -= amount;
            if let Some(held) = state.held.get_mut(&holder) {
                *held -= amount;
                if *held == 0 {
                    state.held.remove(&holder);
                }
            }
            !state.order.is_empty()
        };
        if is_waited_for {
            self.grant();
        }
    }
}

impl State {
    /// Returns the amount that a client waits for, without those of its requests that gave up.
    fn next_of(&mut self, holder: Holder) -> Option<u64> {
        let waiting = self.waiting.get_mut(&holder)?;
        while waiting.front().is_some_and(|request| request.granted.is_closed()) {
            waiting.pop_front();
        }
        waiting.front().map(|request| request.amount)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.queue.release(self.holder, self.amount);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn client(last: u8) -> Option<IpAddr> {
        Some([192, 0, 2, last].into())
    }

    fn queue(total: u64, share: u64) -> Arc<FairQueue> {
        FairQueue::with(QueueBounds { total, share }, Contention::within(HOUR))
    }

    #[tokio::test]
    async fn single_client_holds_everything() {
        let queue = queue(4, 1);
        let held: Vec<_> = (0..4)
            .map(|_| queue.acquire(client(1), 1).now_or_never())
            .collect();
        assert!(held.iter().all(Option::is_some));
        assert!(queue.acquire(client(1), 1).now_or_never().is_none());
        drop(held);
        let state = queue.state.lock();
        assert!(state.held.is_empty() && state.used == 0);
    }

    #[tokio::test]
    async fn request_waits_for_none_of_a_client_above_its_share() {
        let queue = queue(1, 1);
        let running = queue.acquire(client(1), 1).await;
        let mut greedy: Vec<_> = (0..1000).map(|_| Box::pin(queue.acquire(client(1), 1))).collect();
        assert!(greedy.iter_mut().all(|request| request.now_or_never().is_none()));
        let mut other = Box::pin(queue.acquire(client(2), 1));
        assert!((&mut other).now_or_never().is_none());
        // A task that polls so many is made to yield.
        tokio::task::yield_now().await;
        drop(running);
        let other = other.now_or_never();
        assert!(other.is_some(), "before 1,000 requests");
        assert!(greedy[0].as_mut().now_or_never().is_none());
        drop(other);
        assert!(greedy[0].as_mut().now_or_never().is_some());
    }

    #[tokio::test]
    async fn client_above_its_share_holds_nobody_back() {
        let queue = queue(10, 2);
        let _other = queue.acquire(client(2), 1).await;
        let _held = [
            queue.acquire(client(1), 1).await,
            queue.acquire(client(1), 1).await,
        ];
        let mut third = Box::pin(queue.acquire(client(1), 1));
        assert!((&mut third).now_or_never().is_none());
        assert!(queue.acquire(client(3), 2).now_or_never().is_some());
        assert!(
            queue.acquire(client(4), 5).now_or_never().is_some(),
            "one request in any case"
        );
        assert!(queue.acquire(None, 2).now_or_never().is_some());
    }

    #[tokio::test]
    async fn large_request_is_not_passed_for_ever() {
        let queue = queue(10, 10);
        let small = queue.acquire(client(1), 5).await;
        let mut large = Box::pin(queue.acquire(client(2), 20));
        assert!((&mut large).now_or_never().is_none());
        assert!(queue.acquire(client(3), 1).now_or_never().is_none());
        drop(small);
        assert!(large.now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn request_that_gives_up_frees_its_turn() {
        let queue = queue(1, 1);
        let held = queue.acquire(client(1), 1).await;
        for (last, exceeded) in [(2, Exceeded::Pool), (1, Exceeded::Share)] {
            let late = queue.acquire_within(client(last), 1, HOUR).await;
            assert_eq!(late.unwrap_err(), exceeded);
        }
        let mut next = Box::pin(queue.acquire(client(3), 1));
        assert!((&mut next).now_or_never().is_none());
        drop(held);
        assert!(next.now_or_never().is_some());
        let state = queue.state.lock();
        assert!(state.order.is_empty() && state.waiting.is_empty());
    }
}
