//! Which calls are tried again when a connection breaks under them, how often, and how many of all.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response};
use http_body_util::{BodyExt, BodyStream, Full, Limited, StreamBody};
use mayfly_types::random_bytes;
use tonic::{Status, body::Body};

use super::{
    MAX_MESSAGE_BYTES,
    pool::{Failed, Pool},
};

/// How often a call is tried after the first time.
const MORE_TRIES: u32 = 2;
/// What a try after the first costs, in the coins that each call earns one of: an outage adds a fifth to the calls.
const PRICE: u32 = 5;
/// The coins that can be saved: all the calls under way on a process that dies can be tried elsewhere.
const PURSE: u32 = 1000 * PRICE;
/// How much of an answer is awaited before its caller has it, so that one which breaks off can be asked for again.
const HELD_BYTES: usize = 64 * 1024;

/// The calls of a transport that may be repeated, and how many more may be.
#[derive(Debug)]
pub(super) struct Retries {
    methods: HashSet<&'static str>,
    coins: AtomicU32,
}

impl Retries {
    pub(super) fn new(methods: &[&'static str]) -> Self {
        Self {
            methods: methods.iter().copied().collect(),
            coins: AtomicU32::new(PURSE),
        }
    }

    /// Sends a call: once, or up to three times if its method says that repeating it does no harm.
    pub(super) async fn send(&self, pool: &Pool, request: Request<Body>) -> Result<Response<Body>, Status> {
        let failed = if self.methods.contains(request.uri().path()) {
            match self.repeat(pool, request).await? {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            }
        } else {
            match pool.send(request, &mut Vec::new()).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            }
        };
        Err(Status::unavailable(match failed {
            Failed::Unreachable => format!("no process of {} can be reached", pool.service),
            Failed::Broken(error) => format!("the connection to {} broke: {error}", pool.service),
        }))
    }

    async fn repeat(
        &self,
        pool: &Pool,
        request: Request<Body>,
    ) -> Result<Result<Response<Body>, Failed>, Status> {
        let (head, body) = request.into_parts();
        // The message and the five bytes before it.
        let body = Limited::new(body, MAX_MESSAGE_BYTES + 5).collect().await;
        let body = body.map_err(Status::from_error)?.to_bytes();
        self.earn();
        let mut avoid = Vec::new();
        let mut tries = 0;
        loop {
            let request = Request::from_parts(head.clone(), Body::new(Full::new(body.clone())));
            let failed = match pool.send(request, &mut avoid).await {
                Ok(answer) => match hold(answer).await {
                    Ok(answer) => return Ok(Ok(answer)),
                    Err(broken) => Failed::Broken(broken.to_string()),
                },
                Err(failed) => failed,
            };
            tries += 1;
            if matches!(failed, Failed::Unreachable) || tries > MORE_TRIES || !self.spend() {
                return Ok(Err(failed));
            }
            tokio::time::sleep(pause(tries)).await;
        }
    }

    fn earn(&self) {
        let earned = |coins| (coins < PURSE).then_some(coins + 1);
        let _ = self
            .coins
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, earned);
    }

    fn spend(&self) -> bool {
        let spent = |coins: u32| coins.checked_sub(PRICE);
        self.coins
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent)
            .is_ok()
    }
}

/// 5 to 20 ms before the second try, four times that before the third: calls that broke together do not come back together.
fn pause(tries: u32) -> Duration {
    let [chance] = random_bytes::<1>();
    Duration::from_micros(5000 + u64::from(chance) * 60) * 4_u32.pow(tries - 1)
}

/// Waits for the end of a small answer, or for the beginning of a large one.
async fn hold(answer: Response<Body>) -> Result<Response<Body>, Status> {
    let (head, mut body) = answer.into_parts();
    let (mut frames, mut held_bytes) = (Vec::new(), 0);
    while held_bytes < HELD_BYTES {
        let Some(frame) = body.frame().await.transpose()? else {
            break;
        };
        held_bytes += frame.data_ref().map_or(0, Bytes::len);
        frames.push(Ok(frame));
    }
    let body = StreamBody::new(stream::iter(frames).chain(BodyStream::new(body)));
    Ok(Response::from_parts(head, Body::new(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_not_amplified() {
        let retries = Retries::new(&[]);
        let mut tried_again = 0;
        for _ in 0..20_000 {
            retries.earn();
            tried_again += u32::from(retries.spend()) + u32::from(retries.spend());
        }
        assert!((4900..=5100).contains(&tried_again), "{tried_again}");
    }

    #[test]
    fn pauses_grow_and_differ() {
        let pauses: HashSet<_> = (0..64).map(|_| pause(1)).collect();
        assert!(pauses.len() > 1);
        assert!(pauses.iter().all(|pause| (5..=21).contains(&pause.as_millis())));
        assert!((20..=84).contains(&pause(2).as_millis()));
    }
}
