//! A subscription to a channel, on a connection of its own. Texts published while it is disconnected are lost, so every new
//! connection begins with a gap.

use std::time::Duration;

use ::redis::{Client, RedisError, aio::PubSub};
use futures_util::StreamExt;
use mayfly_runtime::{config::ConfigError, task::Tasks};
use tokio::sync::mpsc;

use super::{CONNECT_TIMEOUT, RETRY_PAUSE, RedisConfig, config::Topology};
use crate::event::BusEvent;

/// Events that may wait for the subscriber. Redis buffers no more for a slow reader and closes the connection.
const QUEUE: usize = 1024;
/// A connection that is silent for this long is probed.
const PROBE_AFTER: Duration = Duration::from_secs(5);

/// Subscribes until the tasks stop. Every new connection yields [`BusEvent::Gap`] first.
///
/// # Errors
/// When the URL does not parse or is missing.
pub fn subscribe(
    config: &RedisConfig,
    channel: &'static str,
    tasks: &Tasks,
) -> Result<mpsc::Receiver<BusEvent>, ConfigError> {
    let mut topology = config
        .topology()?
        .ok_or_else(|| ConfigError::new("redis.url", "is needed"))?;
    let (events, receiver) = mpsc::channel(QUEUE);
    let stopping = tasks.stopping();
    tasks.spawn_vital("redis subscription", async move {
        let listen = async {
            loop {
                if let Err(error) = listen(&mut topology, channel, &events).await {
                    tracing::debug!(%error, "no subscription to Redis; retrying");
                }
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = events.closed() => {}
            () = listen => {}
        }
        stopping.cancelled().await;
    });
    Ok(receiver)
}

async fn listen(
    topology: &mut Topology,
    channel: &str,
    events: &mpsc::Sender<BusEvent>,
) -> Result<(), RedisError> {
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, async {
        let mut connection = connect(topology).await?;
        connection.subscribe(channel).await?;
        Ok::<_, RedisError>(connection)
    });
    let connection = connected.await.unwrap_or_else(|_| Err(timed_out()))?;
    let (mut sink, mut messages) = connection.split();
    if events.send(BusEvent::Gap).await.is_err() {
        return Ok(());
    }
    loop {
        match tokio::time::timeout(PROBE_AFTER, messages.next()).await {
            Ok(Some(message)) => {
                let Ok(text) = message.get_payload() else { continue };
                if events.send(BusEvent::Message(text)).await.is_err() {
                    return Ok(());
                }
            }
            Ok(None) => return Ok(()),
            // Subscribing again changes nothing, and must be answered.
            Err(_) => tokio::time::timeout(CONNECT_TIMEOUT, sink.subscribe(channel))
                .await
                .unwrap_or_else(|_| Err(timed_out()))?,
        }
    }
}

fn timed_out() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

async fn connect(topology: &mut Topology) -> Result<PubSub, RedisError> {
    match topology {
        Topology::Single(client) => client.get_async_pubsub().await,
        Topology::Sentinel(client) => client.async_get_client().await?.get_async_pubsub().await,
        // Every node of a cluster forwards what is published at any of them.
        Topology::Cluster(_, nodes) => {
            let mut outcome = Err(timed_out());
            for node in nodes.iter() {
                outcome = Client::open(node.clone())?.get_async_pubsub().await;
                if outcome.is_ok() {
                    break;
                }
            }
            outcome
        }
    }
}
