//! The futures that need turns.

use std::{
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::{
    current::Current,
    turns::{Client, Slot, Turns},
};

/// A future of a client, which needs a turn for each poll.
#[derive(Debug)]
pub struct Fair<F> {
    turn: Option<Turn>,
    client: Option<IpAddr>,
    future: Pin<Box<F>>,
}

/// The slot of a future, with the waker that leads to it.
#[derive(Debug)]
struct Turn {
    slot: Arc<Slot>,
    waker: Waker,
}

impl<F> Fair<F> {
    fn new(member: Option<Arc<Client>>, client: Option<IpAddr>, future: F) -> Self {
        let turn = member.map(|client| {
            let slot = Slot::new(client);
            let waker = Waker::from(Arc::clone(&slot));
            Turn { slot, waker }
        });
        Self {
            turn,
            client,
            future: Box::pin(future),
        }
    }
}

impl Turns {
    /// Wraps the future of a task. Without a client it needs no turns: the connection of a trusted proxy has many clients.
    pub fn run<F: Future>(self: &Arc<Self>, client: Option<IpAddr>, future: F) -> Fair<F> {
        Fair::new(client.map(|address| self.client(address)), client, future)
    }
}

impl Current {
    /// Wraps the future of a further task that works for the client, so that it shares the client's turns.
    pub fn run<F: Future>(&self, future: F) -> Fair<F> {
        let member = self.slot.as_ref().map(|slot| Arc::clone(&slot.client));
        Fair::new(member, self.client, future)
    }
}

/// A poll in progress. Dropped by a panic, it ends as one after which the task has ended.
struct Polling<'a> {
    slot: &'a Arc<Slot>,
    has_ended: bool,
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.slot.end(self.has_ended);
    }
}

impl<F: Future> Future for Fair<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let current = Current {
            client: this.client,
            slot: this.turn.as_ref().map(|turn| Arc::clone(&turn.slot)),
        };
        let Some(turn) = &this.turn else {
            return current.enter(|| this.future.as_mut().poll(cx));
        };
        turn.slot.set_task(cx.waker());
        if !turn.slot.begin() {
            return Poll::Pending;
        }
        let mut polling = Polling {
            slot: &turn.slot,
            has_ended: true,
        };
        let mut inner = Context::from_waker(&turn.waker);
        let polled = current.enter(|| this.future.as_mut().poll(&mut inner));
        polling.has_ended = polled.is_ready();
        polled
    }
}

impl<F> Drop for Fair<F> {
    fn drop(&mut self) {
        if let Some(turn) = &self.turn {
            turn.slot.leave();
        }
    }
}
