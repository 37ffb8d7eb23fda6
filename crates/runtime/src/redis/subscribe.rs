//! Listening to a channel, on a connection of its own. What is published while there is none is lost, so each new beginning
//! is told.

use std::time::Duration;

use ::redis::{Client, RedisError, aio::PubSub};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::{CONNECT_TIMEOUT, RETRY_PAUSE, RedisConfig, config::Topology};
use crate::{bus::Heard, config::ConfigError, task::Tasks};

/// Messages that may wait for the listener. Redis keeps no more for one that does not read, and says so by closing.
const QUEUE: usize = 1024;
/// A connection that says nothing for so long is asked whether it lives.
const SILENCE: Duration = Duration::from_secs(5);

/// Listens until the tasks stop. Each time that there is a new connection, [`Heard::Gap`] is told first.
///
/// # Errors
/// When the URL cannot be understood, or there is none.
pub fn subscribe(
    config: &RedisConfig,
    channel: &'static str,
    tasks: &Tasks,
) -> Result<mpsc::Receiver<Heard>, ConfigError> {
    let mut topology = config
        .topology()?
        .ok_or_else(|| ConfigError::new("redis.url", "is needed"))?;
    let (heard, receiver) = mpsc::channel(QUEUE);
    let stopping = tasks.stopping();
    tasks.spawn_vital("redis subscription", async move {
        let listen = async {
            loop {
                if let Err(error) = listen(&mut topology, channel, &heard).await {
                    tracing::debug!(%error, "no subscription to Redis; trying on");
                }
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = heard.closed() => {}
            () = listen => {}
        }
        stopping.cancelled().await;
    });
    Ok(receiver)
}

async fn listen(
    topology: &mut Topology,
    channel: &str,
    heard: &mpsc::Sender<Heard>,
) -> Result<(), RedisError> {
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, async {
        let mut connection = connect(topology).await?;
        connection.subscribe(channel).await?;
        Ok::<_, RedisError>(connection)
    });
    let connection = connected.await.unwrap_or_else(|_| Err(timed_out()))?;
    let (mut sink, mut messages) = connection.split();
    if heard.send(Heard::Gap).await.is_err() {
        return Ok(());
    }
    loop {
        match tokio::time::timeout(SILENCE, messages.next()).await {
            Ok(Some(message)) => {
                let Ok(text) = message.get_payload() else { continue };
                if heard.send(Heard::Message(text)).await.is_err() {
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
        // What is published at one node of a cluster is told at every node.
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
