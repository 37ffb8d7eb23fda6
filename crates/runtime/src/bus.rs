//! The event bus: short texts that every process which listens is told of. It is a hint over the database: a text can be
//! lost, and then those who listen are told that something may have been.

use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    config::ConfigError,
    redis::{self, Redis, RedisConfig, redis::Pipeline},
    task::Tasks,
};

/// Texts that may wait to be told.
const QUEUE: usize = 4096;
/// Texts told together.
const BATCH: usize = 256;
/// Between two tries to tell.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// How long what waits may still be told when the tasks stop.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// The text that says that some were lost.
const GAP: &str = "gap";
const CHANNEL: &str = "mayfly:events";

/// What a listener is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A text.
    Message(String),
    /// Some texts may have been lost before this.
    Gap,
}

/// One bus, in memory where one process is all there is, else in Redis.
#[derive(Debug, Clone)]
pub enum Bus {
    /// For one process.
    Memory(broadcast::Sender<Heard>),
    /// For a fleet.
    Shared(Redis, RedisConfig),
}

/// Where texts are handed over.
#[derive(Debug, Clone)]
pub enum Publisher {
    /// For one process.
    Memory(broadcast::Sender<Heard>),
    /// For a fleet.
    Shared(mpsc::Sender<String>),
}

/// Where texts are heard.
#[derive(Debug)]
pub enum Subscription {
    /// For one process.
    Memory(broadcast::Receiver<Heard>),
    /// For a fleet.
    Shared(mpsc::Receiver<Heard>),
}

impl Bus {
    /// Makes a bus over what processes share, or one in memory when they share nothing.
    #[must_use]
    pub fn new(redis: Option<Redis>, config: &RedisConfig) -> Self {
        match redis {
            Some(redis) => Self::Shared(redis, config.clone()),
            None => Self::Memory(broadcast::Sender::new(QUEUE)),
        }
    }

    /// Starts to tell what is handed over, until the tasks stop.
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
                        tokio::time::sleep(LAST_WORDS).await;
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

    /// Starts to listen, until the tasks stop.
    ///
    /// # Errors
    /// When the URL of Redis cannot be understood.
    pub fn subscribe(&self, tasks: &Tasks) -> Result<Subscription, ConfigError> {
        match self {
            Self::Memory(sender) => Ok(Subscription::Memory(sender.subscribe())),
            Self::Shared(_, config) => Ok(Subscription::Shared(redis::subscribe(config, CHANNEL, tasks)?)),
        }
    }
}

impl Publisher {
    /// Hands a text over. It never waits: one that finds no place is lost, like one that Redis does not take.
    pub fn publish(&self, text: String) {
        match self {
            // Nobody listening is no failure.
            Self::Memory(sender) => drop(sender.send(Heard::Message(text))),
            Self::Shared(queue) => drop(queue.try_send(text)),
        }
    }
}

impl Subscription {
    /// Waits for the next text. Returns nothing once there will be no more.
    pub async fn next(&mut self) -> Option<Heard> {
        match self {
            Self::Memory(receiver) => match receiver.recv().await {
                Ok(heard) => Some(heard),
                Err(broadcast::error::RecvError::Lagged(_)) => Some(Heard::Gap),
                Err(broadcast::error::RecvError::Closed) => None,
            },
            Self::Shared(receiver) => match receiver.recv().await? {
                Heard::Message(text) if text == GAP => Some(Heard::Gap),
                heard => Some(heard),
            },
        }
    }
}

/// Tells what is handed over. What Redis does not take is told as a gap, once it takes something again.
async fn publish(redis: &Redis, mut texts: mpsc::Receiver<String>, stopping: &CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let received = tokio::select! {
            biased;
            received = texts.recv_many(&mut batch, BATCH) => received,
            // Nothing waits any more.
            () = stopping.cancelled() => 0,
        };
        if received == 0 {
            return;
        }
        let mut outcome = redis.run_all(&telling(batch.drain(..))).await;
        while outcome.is_err() {
            tokio::time::sleep(RETRY_PAUSE).await;
            outcome = redis.run_all(&telling([GAP.to_owned()])).await;
        }
    }
}

fn telling(texts: impl IntoIterator<Item = String>) -> Pipeline {
    let mut commands = Pipeline::new();
    for text in texts {
        commands.publish(CHANNEL, text).ignore();
    }
    commands
}
