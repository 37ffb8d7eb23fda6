//! The event bus: short texts published to every subscribed process. It is a hint over the database: a text can be lost, and
//! then subscribers receive a gap.

use std::time::Duration;

use mayfly_runtime::{config::ConfigError, task::Tasks};
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    event::BusEvent,
    redis::{self, Redis, RedisConfig, redis::Pipeline},
};

/// Texts that may wait to be published.
const QUEUE: usize = 4096;
/// Texts published together.
const BATCH: usize = 256;
/// Between two attempts to publish.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// How long queued texts may still be published after the tasks begin to stop.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(500);
/// The text that stands for lost texts.
const GAP: &str = "gap";
const CHANNEL: &str = "mayfly:events";

/// The bus: in memory for one process, in Redis for several.
#[derive(Debug, Clone)]
pub enum Bus {
    /// For one process.
    Memory(broadcast::Sender<BusEvent>),
    /// For a fleet.
    Shared(Redis, RedisConfig),
}

/// The sending end.
#[derive(Debug, Clone)]
pub enum Publisher {
    /// For one process.
    Memory(broadcast::Sender<BusEvent>),
    /// For a fleet.
    Shared(mpsc::Sender<String>),
}

/// The receiving end.
#[derive(Debug)]
pub enum Subscription {
    /// For one process.
    Memory(broadcast::Receiver<BusEvent>),
    /// For a fleet.
    Shared(mpsc::Receiver<BusEvent>),
}

impl Bus {
    /// Returns a bus over Redis, or one in memory without it.
    #[must_use]
    pub fn new(redis: Option<Redis>, config: &RedisConfig) -> Self {
        match redis {
            Some(redis) => Self::Shared(redis, config.clone()),
            None => Self::Memory(broadcast::Sender::new(QUEUE)),
        }
    }

    /// Starts to publish, until the tasks stop.
    #[must_use]
    pub fn publisher(&self, tasks: &Tasks) -> Publisher {
        match self {
            Self::Memory(sender) => Publisher::Memory(sender.clone()),
            Self::Shared(redis, _) => {
                let (queue, texts) = mpsc::channel(QUEUE);
                let (redis, stopping) = (redis.clone(), tasks.stopping());
                tasks.spawn_vital("event publisher", async move {
                    let publishing = publish(&redis, texts, &stopping);
                    let end = async {
                        stopping.cancelled().await;
                        tokio::time::sleep(FLUSH_TIMEOUT).await;
                    };
                    tokio::select! {
                        () = end => {}
                        () = publishing => stopping.cancelled().await,
                    }
                });
                Publisher::Shared(queue)
            }
        }
    }

    /// Subscribes, until the tasks stop.
    ///
    /// # Errors
    /// When the URL of Redis does not parse.
    pub fn subscribe(&self, tasks: &Tasks) -> Result<Subscription, ConfigError> {
        match self {
            Self::Memory(sender) => Ok(Subscription::Memory(sender.subscribe())),
            Self::Shared(_, config) => Ok(Subscription::Shared(redis::subscribe(config, CHANNEL, tasks)?)),
        }
    }
}

impl Publisher {
    /// Queues a text. Never waits: a text that finds the queue full is dropped, like one that Redis rejects.
    pub fn publish(&self, text: String) {
        match self {
            // No subscriber is no failure.
            Self::Memory(sender) => drop(sender.send(BusEvent::Message(text))),
            Self::Shared(queue) => drop(queue.try_send(text)),
        }
    }
}

impl Subscription {
    /// Waits for the next event. Returns `None` after the last one.
    pub async fn next(&mut self) -> Option<BusEvent> {
        match self {
            Self::Memory(receiver) => match receiver.recv().await {
                Ok(event) => Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => Some(BusEvent::Gap),
                Err(broadcast::error::RecvError::Closed) => None,
            },
            Self::Shared(receiver) => match receiver.recv().await? {
                BusEvent::Message(text) if text == GAP => Some(BusEvent::Gap),
                event => Some(event),
            },
        }
    }
}

/// Publishes the queue. After a failure subscribers receive a gap, once Redis accepts commands again.
async fn publish(redis: &Redis, mut texts: mpsc::Receiver<String>, stopping: &CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let received = tokio::select! {
            biased;
            received = texts.recv_many(&mut batch, BATCH) => received,
            // The queue is empty.
            () = stopping.cancelled() => 0,
        };
        if received == 0 {
            return;
        }
        let mut outcome = redis.run_all(&publish_all(batch.drain(..))).await;
        while outcome.is_err() {
            tokio::time::sleep(RETRY_PAUSE).await;
            outcome = redis.run_all(&publish_all([GAP.to_owned()])).await;
        }
    }
}

fn publish_all(texts: impl IntoIterator<Item = String>) -> Pipeline {
    let mut commands = Pipeline::new();
    for text in texts {
        commands.publish(CHANNEL, text).ignore();
    }
    commands
}
