//! A single-threaded executor whose queue is visible, in place of the runtime.

use std::{
    cell::Cell,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    sync::atomic::AtomicBool,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::FutureExt;

use super::*;
use crate::fair::{FairQueue, QueueBounds, current, urgent};

const HOUR: Duration = Duration::from_secs(3600);

fn client(last: u8) -> Option<IpAddr> {
    Some([192, 0, 2, last].into())
}

fn turns(limit: usize) -> Arc<Turns> {
    Turns::new(limit, Contention::within(HOUR))
}

/// Makes another client active.
fn contend(turns: &Arc<Turns>) {
    turns.contention.note([198, 51, 100, 1].into());
}

type Ready = Arc<Mutex<VecDeque<usize>>>;

struct Task {
    id: usize,
    is_queued: AtomicBool,
    ready: Ready,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if !self.is_queued.swap(true, Ordering::Relaxed) {
            self.ready.lock().push_back(self.id);
        }
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

#[derive(Default)]
struct Executor<'a> {
    ready: Ready,
    tasks: Vec<(Arc<Task>, Option<Running<'a>>)>,
}

impl<'a> Executor<'a> {
    fn spawn(&mut self, future: impl Future<Output = ()> + 'a) -> usize {
        let task = Arc::new(Task {
            id: self.tasks.len(),
            is_queued: AtomicBool::new(false),
            ready: Arc::clone(&self.ready),
        });
        Arc::clone(&task).wake();
        self.tasks.push((task, Some(Box::pin(future))));
        self.tasks.len() - 1
    }

    /// Polls the next task. Returns false if none is ready.
    fn step(&mut self) -> bool {
        let Some(id) = self.ready.lock().pop_front() else {
            return false;
        };
        let (task, future) = &mut self.tasks[id];
        task.is_queued.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(task));
        if let Some(running) = future
            && running.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
        {
            *future = None;
        }
        true
    }

    fn cancel(&mut self, id: usize) {
        self.tasks[id].1 = None;
    }

    fn queued(&self) -> usize {
        self.ready.lock().len()
    }
}

/// What a test lets a task wait for.
#[derive(Clone, Default)]
struct Signal(Rc<Cell<u32>>, Rc<Cell<Option<Waker>>>);

impl Signal {
    fn give(&self) {
        self.0.set(self.0.get() + 1);
        if let Some(waker) = self.1.take() {
            waker.wake();
        }
    }

    async fn take(&self) {
        poll_fn(|cx| {
            if self.0.get() > 0 {
                self.0.set(self.0.get() - 1);
                return Poll::Ready(());
            }
            self.1.set(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

/// A task that is always ready, and counts its polls.
async fn busy(polls: &Cell<usize>) {
    poll_fn(|cx| {
        polls.set(polls.get() + 1);
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    })
    .await;
}

#[test]
fn thousand_ready_tasks_of_a_client_delay_others_by_one_poll() {
    let (turns, polls) = (turns(1), Cell::new(0));
    let (signal, polls_before) = (Signal::default(), Cell::new(None));
    let mut executor = Executor::default();
    executor.spawn(turns.run(client(2), async {
        signal.take().await;
        polls_before.set(Some(polls.get()));
    }));
    for _ in 0..1000 {
        executor.spawn(turns.run(client(1), busy(&polls)));
    }
    for _ in 0..5000 {
        executor.step();
    }
    let polls_at_wake = polls.get();
    assert!(polls_at_wake > 2000, "they run");
    signal.give();
    while polls_before.get().is_none() {
        assert!(executor.step());
    }
    let delayed_by = polls_before.get().unwrap() - polls_at_wake;
    assert!(delayed_by <= 1, "{delayed_by} polls");
}

/// The tasks of one client run in turn, whatever they do.
#[test]
fn tasks_of_a_client_take_turns() {
    let turns = turns(1);
    contend(&turns);
    let polls: Vec<Cell<usize>> = (0..10).map(|_| Cell::new(0)).collect();
    let mut executor = Executor::default();
    for polls in &polls {
        executor.spawn(turns.run(client(1), busy(polls)));
    }
    for _ in 0..1010 {
        executor.step();
    }
    let polls: Vec<usize> = polls.iter().map(Cell::get).collect();
    assert!(polls.iter().all(|polls| (95..=105).contains(polls)), "{polls:?}");
}

#[test]
fn client_alone_has_no_limit() {
    let (turns, polls) = (turns(1), Cell::new(0));
    let signals: Vec<Signal> = (0..100).map(|_| Signal::default()).collect();
    let mut executor = Executor::default();
    for signal in &signals {
        executor.spawn(turns.run(client(1), signal.take()));
    }
    while executor.step() {}
    for signal in &signals {
        signal.give();
    }
    assert_eq!(executor.queued(), 100);
    // Another client becomes active: what is in the queue of the runtime already is parked when its time comes.
    executor.spawn(turns.run(client(2), async { polls.set(1) }));
    contend(&turns);
    for _ in 0..101 {
        executor.step();
    }
    assert_eq!(polls.get(), 1);
    while executor.step() {}
    assert!(executor.tasks.iter().all(|(_, task)| task.is_none()));
}

/// It holds a database connection, say.
#[test]
fn urgent_task_needs_no_free_turn() {
    let (turns, polls) = (turns(1), Cell::new(0));
    contend(&turns);
    let (signal, is_done) = (Signal::default(), Cell::new(false));
    let mut executor = Executor::default();
    executor.spawn(turns.run(client(1), async {
        let held = urgent();
        signal.take().await;
        is_done.set(true);
        drop(held);
        std::future::pending::<()>().await;
    }));
    for _ in 0..100 {
        executor.spawn(turns.run(client(1), busy(&polls)));
    }
    for _ in 0..500 {
        executor.step();
    }
    signal.give();
    executor.step();
    executor.step();
    assert!(is_done.get());
}

/// What it was granted must not lie idle.
#[test]
fn task_that_is_granted_a_permit_runs_next() {
    let (turns, polls) = (turns(1), Cell::new(0));
    contend(&turns);
    let queue = FairQueue::new(QueueBounds { total: 1, share: 1 });
    let held = queue.acquire(client(2), 1).now_or_never();
    let is_done = Cell::new(false);
    let mut executor = Executor::default();
    executor.spawn(turns.run(client(1), async {
        drop(queue.acquire(client(1), 1).await);
        is_done.set(true);
    }));
    for _ in 0..100 {
        executor.spawn(turns.run(client(1), busy(&polls)));
    }
    for _ in 0..500 {
        executor.step();
    }
    assert!(!is_done.get());
    drop(held);
    executor.step();
    executor.step();
    assert!(is_done.get());
}

#[test]
fn task_of_a_proxy_needs_no_turn() {
    let (turns, polls) = (turns(1), Cell::new(0));
    contend(&turns);
    let mut executor = Executor::default();
    for _ in 0..10 {
        executor.spawn(turns.run(None, busy(&polls)));
    }
    for _ in 0..10 {
        executor.step();
    }
    assert_eq!(polls.get(), 10);
}

#[test]
fn further_task_shares_the_turns_of_its_client() {
    let (turns, polls) = (turns(1), Cell::new(0));
    contend(&turns);
    let (spawned, second) = (Cell::new(None), Cell::new(0));
    let mut executor = Executor::default();
    executor.spawn(turns.run(client(1), async {
        spawned.set(Some(current()));
        busy(&polls).await;
    }));
    executor.step();
    executor.spawn(spawned.take().unwrap().run(busy(&second)));
    for _ in 0..11 {
        executor.step();
    }
    assert_eq!(executor.queued(), 1);
    // The first one ran twice before the second began.
    assert!(polls.get().abs_diff(second.get()) <= 3);
}

/// A small generator: the same numbers in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Tasks of three clients that wait, wake themselves, hold connections and are cancelled in any order: the others all end.
#[test]
fn no_wake_up_is_lost_in_any_order() {
    const NEEDED: u32 = 4;
    for seed in 0..100 {
        let mut random = Random(seed);
        let turns = turns(1 + random.below(2));
        if random.below(4) > 0 {
            contend(&turns);
        }
        let signals: Vec<Signal> = (0..24).map(|_| Signal::default()).collect();
        let mut executor = Executor::default();
        for (n, signal) in signals.iter().enumerate() {
            let kind = random.below(3);
            let of = client(u8::try_from(n % 3).unwrap());
            executor.spawn(turns.run(of, async move {
                for _ in 0..NEEDED {
                    let held = (kind == 1).then(urgent);
                    signal.take().await;
                    drop(held);
                    if kind == 2 {
                        let mut is_first = true;
                        poll_fn(|cx| {
                            cx.waker().wake_by_ref();
                            match std::mem::take(&mut is_first) {
                                true => Poll::Pending,
                                false => Poll::Ready(()),
                            }
                        })
                        .await;
                    }
                }
            }));
        }
        let mut cancelled = Vec::new();
        for _ in 0..400 {
            match random.below(10) {
                0..4 => signals[random.below(24)].give(),
                9 if random.below(8) == 0 => {
                    let id = random.below(24);
                    executor.cancel(id);
                    cancelled.push(id);
                }
                _ => {
                    executor.step();
                }
            }
        }
        for signal in signals.iter().flat_map(|signal| vec![signal; NEEDED as usize]) {
            signal.give();
        }
        while executor.step() {}
        let left: Vec<usize> = (0..24).filter(|id| executor.tasks[*id].1.is_some()).collect();
        assert!(
            left.is_empty(),
            "{left:?} of seed {seed}, cancelled {cancelled:?}"
        );
        assert!(turns.clients.lock().is_empty(), "nothing is kept of them");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[expect(clippy::disallowed_methods, reason = "the test awaits the tasks")]
async fn tasks_on_many_threads_all_end() {
    let turns = turns(2);
    contend(&turns);
    let (sender, _) = tokio::sync::broadcast::channel(1024);
    // All of them before the first task sends.
    let receivers: Vec<_> = (0..200).map(|_| sender.subscribe()).collect();
    let tasks: Vec<_> = (0..200_u32)
        .zip(receivers)
        .map(|(n, mut receiver)| {
            let sender = sender.clone();
            let of = client(u8::from(n.is_multiple_of(4)));
            tokio::spawn(turns.run(of, async move {
                for round in 0..50 {
                    tokio::task::yield_now().await;
                    if round == n % 50 && n < 40 {
                        let _ = sender.send(n);
                    }
                }
                for _ in 0..40 {
                    receiver.recv().await.unwrap();
                }
                assert!(n != 77, "on purpose");
            }))
        })
        .collect();
    let mut panicked = 0;
    for task in tasks {
        panicked += u32::from(task.await.is_err());
    }
    assert_eq!(panicked, 1);
    assert!(turns.clients.lock().is_empty());
}
