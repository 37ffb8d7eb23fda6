//! Turns: while several clients are active, few tasks of each run or are in the queue of the runtime at the same time.
//!
//! The runtime runs tasks in the order in which they become ready. So a client with a thousand ready connections would be a
//! thousand polls ahead of everybody else. Here a task of a client needs a turn for each poll. A wake-up takes a turn, and the
//! end of the poll gives it to the next task of the same client. Without a free turn the task is parked in a queue of its client,
//! not in that of the runtime.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{
        Arc, Weak,
        atomic::{AtomicU8, AtomicU32, Ordering},
    },
    task::{Wake, Waker},
};

use parking_lot::Mutex;

use super::contention::{Contention, key};

/// The turns of all clients of a process.
#[derive(Debug)]
pub struct Turns {
    /// How many turns a client has while others are active.
    limit: usize,
    contention: Contention,
    clients: Mutex<HashMap<IpAddr, Weak<Client>>>,
}

/// One client with tasks.
#[derive(Debug)]
pub(super) struct Client {
    address: IpAddr,
    key: u64,
    turns: Arc<Turns>,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    /// Turns that are taken: by tasks that run, or that the runtime is about to run. While tasks are parked, there is at least one.
    taken: usize,
    parked: VecDeque<Arc<Slot>>,
}

/// The place of a task among the turns of its client, and the waker of what it waits for.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) client: Arc<Client>,
    /// A [`Status`], written under the lock of the client's queue.
    status: AtomicU8,
    /// How many times the task holds what other clients wait for. It then needs no free turn.
    urgent: AtomicU32,
    /// The waker of the runtime.
    task: Mutex<Option<Waker>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Status {
    /// It waits for something.
    Idle,
    /// It is ready, and waits for a turn.
    Parked,
    /// It has a turn, and the runtime is about to run it.
    Granted,
    /// It runs, with a turn.
    Running,
    /// It runs, and became ready again meanwhile.
    Woken,
    /// It has ended.
    Ended,
}

impl Turns {
    /// Creates the turns of a process, for the runtime that this is called in: a client has half of the worker threads.
    #[must_use]
    pub fn of_runtime() -> Arc<Self> {
        let workers =
            tokio::runtime::Handle::try_current().map_or(1, |handle| handle.metrics().num_workers());
        Self::new(workers / 2, Contention::default())
    }

    /// Creates turns, of which each client has at least one.
    #[must_use]
    pub fn new(limit: usize, contention: Contention) -> Arc<Self> {
        Arc::new(Self {
            limit: limit.max(1),
            contention,
            clients: Mutex::default(),
        })
    }

    pub(super) fn client(self: &Arc<Self>, address: IpAddr) -> Arc<Client> {
        let mut clients = self.clients.lock();
        if let Some(client) = clients.get(&address).and_then(Weak::upgrade) {
            return client;
        }
        let client = Arc::new(Client {
            address,
            key: key(address),
            turns: Arc::clone(self),
            queue: Mutex::default(),
        });
        clients.insert(address, Arc::downgrade(&client));
        client
    }

    fn limit(&self, is_contended: bool) -> usize {
        if is_contended { self.limit } else { usize::MAX }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let mut clients = self.turns.clients.lock();
        // Another one may have taken the place meanwhile.
        if clients
            .get(&self.address)
            .is_some_and(|client| client.strong_count() == 0)
        {
            clients.remove(&self.address);
        }
    }
}

impl Client {
    /// Wakes parked tasks for which there are turns.
    fn hand_on(&self, mut granted: Option<Arc<Slot>>) {
        while let Some(slot) = granted {
            // Without the lock: a waker can run code of others.
            slot.wake_task();
            let limit = self.turns.limit(self.turns.contention.is_contended());
            granted = self.queue.lock().grant(limit);
        }
    }
}

impl Queue {
    /// Gives a free turn to the task that is parked for the longest time.
    fn grant(&mut self, limit: usize) -> Option<Arc<Slot>> {
        while self.taken < limit {
            let slot = self.parked.pop_front()?;
            if slot.status() == Status::Parked {
                self.taken += 1;
                slot.set(Status::Granted);
                return Some(slot);
            }
        }
        None
    }
}

impl Slot {
    /// Creates the place of a task that was not polled yet.
    pub(super) fn new(client: Arc<Client>) -> Arc<Self> {
        Arc::new(Self {
            client,
            status: AtomicU8::new(Status::Idle as u8),
            urgent: AtomicU32::new(0),
            task: Mutex::default(),
        })
    }

    fn status(&self) -> Status {
        match self.status.load(Ordering::Relaxed) {
            0 => Status::Idle,
            1 => Status::Parked,
            2 => Status::Granted,
            3 => Status::Running,
            4 => Status::Woken,
            _ => Status::Ended,
        }
    }

    fn set(&self, status: Status) {
        self.status.store(status as u8, Ordering::Relaxed);
    }

    fn is_urgent(&self) -> bool {
        self.urgent.load(Ordering::Relaxed) > 0
    }

    pub(super) fn begin_urgent(&self) {
        self.urgent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end_urgent(&self) {
        self.urgent.fetch_sub(1, Ordering::Relaxed);
    }

    fn wake_task(&self) {
        if let Some(task) = &*self.task.lock() {
            task.wake_by_ref();
        }
    }

    pub(super) fn set_task(&self, waker: &Waker) {
        let mut task = self.task.lock();
        if task.as_ref().is_none_or(|task| !task.will_wake(waker)) {
            let replaced = task.replace(waker.clone());
            drop((task, replaced));
        }
    }

    /// Begins a poll. Returns false if the task has to wait for a turn: it is parked then.
    pub(super) fn begin(self: &Arc<Self>) -> bool {
        let client = &self.client;
        let is_contended = client.turns.contention.note_key(client.key);
        let limit = match self.is_urgent() {
            true => usize::MAX,
            false => client.turns.limit(is_contended),
        };
        let mut queue = client.queue.lock();
        match self.status() {
            Status::Parked => return false,
            // Granted while the client was alone. Another of its tasks goes on: one holds the last turn.
            Status::Granted if queue.taken > limit => {
                queue.taken -= 1;
                self.park(&mut queue);
                return false;
            }
            Status::Granted => {}
            // The first poll of a task, or one without a wake-up.
            _ if queue.taken >= limit => {
                self.park(&mut queue);
                return false;
            }
            _ => queue.taken += 1,
        }
        self.set(Status::Running);
        true
    }

    fn park(self: &Arc<Self>, queue: &mut Queue) {
        self.set(Status::Parked);
        queue.parked.push_back(Arc::clone(self));
    }

    /// Ends a poll: the turn goes to the task that is parked for the longest time, or is free.
    pub(super) fn end(self: &Arc<Self>, has_ended: bool) {
        let client = &self.client;
        let limit = client.turns.limit(client.turns.contention.is_contended());
        let mut queue = client.queue.lock();
        let status = self.status();
        let mut granted = None;
        match status {
            _ if has_ended => self.set(Status::Ended),
            Status::Woken if self.is_urgent() => {
                // Keeps its turn.
                self.set(Status::Granted);
                drop(queue);
                return self.wake_task();
            }
            Status::Woken => self.park(&mut queue),
            _ => self.set(Status::Idle),
        }
        queue.taken -= 1;
        if !queue.parked.is_empty() {
            granted = queue.grant(limit);
        }
        drop(queue);
        client.hand_on(granted);
    }

    /// The task is gone: it was cancelled, or it panicked.
    pub(super) fn leave(&self) {
        let client = &self.client;
        let limit = client.turns.limit(client.turns.contention.is_contended());
        let mut queue = client.queue.lock();
        let has_turn = matches!(self.status(), Status::Granted | Status::Running | Status::Woken);
        // A parked task stays in the queue, which skips it.
        self.set(Status::Ended);
        let granted = if has_turn {
            queue.taken -= 1;
            queue.grant(limit)
        } else {
            None
        };
        drop(queue);
        client.hand_on(granted);
        let task = self.task.lock().take();
        drop(task);
    }
}

impl Wake for Slot {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let client = &self.client;
        let limit = match self.is_urgent() {
            true => usize::MAX,
            false => client.turns.limit(client.turns.contention.is_contended()),
        };
        let mut queue = client.queue.lock();
        match self.status() {
            Status::Idle if queue.taken < limit => {
                queue.taken += 1;
                self.set(Status::Granted);
            }
            Status::Idle => return self.park(&mut queue),
            Status::Running => return self.set(Status::Woken),
            Status::Parked | Status::Granted | Status::Woken | Status::Ended => return,
        }
        drop(queue);
        self.wake_task();
    }
}

#[cfg(test)]
mod tests;
