//! Those who follow mail: WebSockets, event streams and waits. All of them look into the database by a cursor; the event bus
//! only says when to look.

mod ending;
mod follow;
mod hub;
mod metrics;
mod socket_count;
#[cfg(test)]
mod stub;

pub(crate) use ending::{Ending, Judges, Judging, until_invalid};
pub(crate) use follow::Follow;
pub(crate) use hub::{Hub, Topic, listen};
pub(crate) use metrics::{Kind, StreamMetrics};
pub(crate) use socket_count::{Counted, SocketCount};

use std::{sync::Arc, time::Duration};

use mayfly_runtime::task::Tasks;
use mayfly_shared::redis::Redis;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{config::Config, error::ApiError};

/// What all streams share.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    pub(crate) hub: Hub,
    pub(crate) judges: Judges,
    pub(crate) sockets: SocketCount,
    pub(crate) metrics: StreamMetrics,
    pub(crate) tasks: Tasks,
    pub(crate) allowed_origins: Arc<[String]>,
    pub(crate) ping_interval: Duration,
    places: Arc<Semaphore>,
}

impl Streams {
    pub(crate) fn new(config: &Config, hub: Hub, redis: Option<Redis>, tasks: &Tasks) -> Self {
        Self {
            hub,
            judges: Judges::default(),
            sockets: SocketCount::start(redis, tasks),
            metrics: StreamMetrics::new(),
            tasks: tasks.clone(),
            allowed_origins: config.allowed_origins.0.as_slice().into(),
            ping_interval: config.ping_interval.0,
            places: Arc::new(Semaphore::new(config.max_streams as usize)),
        }
    }

    /// Takes one of the places that this process has for streams.
    ///
    /// # Errors
    /// `unavailable` when all are taken.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map_err(|_| ApiError::out_of("every place for a stream is taken"))
    }
}
