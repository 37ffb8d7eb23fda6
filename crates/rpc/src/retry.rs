//! Retries of idempotent calls whose connection broke, and hedging of reads that are slow, within a retry budget.

use std::{collections::HashSet, net::SocketAddr, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use futures_util::{
    StreamExt,
    future::{Either, select},
    stream,
};
use http::{Request, Response, request::Parts};
use http_body_util::{BodyExt, BodyStream, Full, Limited, StreamBody};
use tonic::{Status, body::Body};
use tower::retry::budget::{Budget, TpsBudget};

use super::{
    MAX_MESSAGE_BYTES,
    pool::{Failed, Pool, Used},
};

/// Two retries, after 8 to 16 ms and 32 to 64 ms. The jitter spreads calls that failed together.
const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(8))
    .with_factor(4.0)
    .with_max_times(2)
    .with_jitter();
/// The retry budget counts the calls and retries of this time.
const BUDGET_WINDOW: Duration = Duration::from_secs(10);
/// Retries that are allowed for each call: an outage adds a fifth to the load.
const RETRIES_PER_CALL: f32 = 0.2;
/// Retries that are allowed besides: a thousand in a window, so that all calls in flight on a process that dies are retried.
const RETRIES_PER_SECOND: u32 = 100;
/// A read without an answer after this time is sent to another process too: one that hangs is recognised only after about
/// a second, and callers have deadlines of a second.
const HEDGE_AFTER: Duration = Duration::from_millis(300);
/// How much of an answer is buffered before its caller gets it, so that the call is retried if the answer breaks off.
const BUFFERED_BYTES: usize = 64 * 1024;

/// The idempotent methods of a transport, and its retry budget.
#[derive(Debug)]
pub(super) struct Retries {
    methods: HashSet<&'static str>,
    reads: HashSet<&'static str>,
    budget: TpsBudget,
}

impl Retries {
    pub(super) fn new(methods: &[&'static str], reads: &[&'static str]) -> Self {
        Self {
            methods: methods.iter().copied().collect(),
            reads: reads.iter().copied().collect(),
            budget: TpsBudget::new(BUDGET_WINDOW, RETRIES_PER_SECOND, RETRIES_PER_CALL),
        }
    }

    /// Sends a call: once, or up to three times if its method is idempotent.
    pub(super) async fn send(&self, pool: &Pool, request: Request<Body>) -> Result<Response<Body>, Status> {
        let failed = if self.methods.contains(request.uri().path()) {
            match self.send_idempotent(pool, request).await? {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            }
        } else {
            match pool.send(request, &[], &Used::default()).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            }
        };
        Err(Status::unavailable(match failed {
            Failed::Unreachable => format!("no process of {} can be reached", pool.service),
            Failed::Broken(error) => format!("the connection to {} broke: {error}", pool.service),
        }))
    }

    async fn send_idempotent(
        &self,
        pool: &Pool,
        request: Request<Body>,
    ) -> Result<Result<Response<Body>, Failed>, Status> {
        let (head, body) = request.into_parts();
        // The message and the five bytes before it.
        let body = Limited::new(body, MAX_MESSAGE_BYTES + 5).collect().await;
        let body = body.map_err(Status::from_error)?.to_bytes();
        self.budget.deposit();
        let mut avoid = Vec::new();
        let mut pauses = BACKOFF.build();
        let is_read = self.reads.contains(head.uri.path());
        loop {
            let attempt = Attempt {
                pool,
                head: &head,
                body: &body,
            };
            let failed = match self.send_hedged(&attempt, &mut avoid, is_read).await {
                Ok(answer) => return Ok(Ok(answer)),
                Err(failed) => failed,
            };
            let is_retryable = matches!(failed, Failed::Broken(_));
            match pauses.next() {
                Some(pause) if is_retryable && self.budget.withdraw() => tokio::time::sleep(pause).await,
                _ => return Ok(Err(failed)),
            }
        }
    }

    /// Sends a call, and a read that is slow to another process too; the first answer wins. Adds the process that failed to
    /// `avoid`.
    async fn send_hedged(
        &self,
        attempt: &Attempt<'_>,
        avoid: &mut Vec<SocketAddr>,
        is_read: bool,
    ) -> Result<Response<Body>, Failed> {
        let (used, used_by_hedge) = (Used::default(), Used::default());
        let outcome = {
            let first = std::pin::pin!(attempt.send(avoid, &used));
            if is_read {
                let timer = std::pin::pin!(tokio::time::sleep(HEDGE_AFTER));
                match select(first, timer).await {
                    Either::Left((outcome, _)) => outcome,
                    Either::Right(((), first)) => {
                        let others: Vec<SocketAddr> = avoid.iter().copied().chain(*used.lock()).collect();
                        if attempt.pool.has_another(&others) && self.budget.withdraw() {
                            let second = std::pin::pin!(attempt.send(&others, &used_by_hedge));
                            match select(first, second).await {
                                Either::Left((Ok(answer), _)) | Either::Right((Ok(answer), _)) => Ok(answer),
                                Either::Left((Err(_), second)) => second.await,
                                Either::Right((Err(_), first)) => first.await,
                            }
                        } else {
                            first.await
                        }
                    }
                }
            } else {
                first.await
            }
        };
        if outcome.is_err() {
            avoid.extend([used, used_by_hedge].into_iter().filter_map(Used::into_inner));
        }
        outcome
    }
}

/// One call, which can be sent several times.
struct Attempt<'a> {
    pool: &'a Pool,
    head: &'a Parts,
    body: &'a Bytes,
}

impl Attempt<'_> {
    async fn send(&self, avoid: &[SocketAddr], used: &Used) -> Result<Response<Body>, Failed> {
        let request = Request::from_parts(self.head.clone(), Body::new(Full::new(self.body.clone())));
        let answer = self.pool.send(request, avoid, used).await?;
        let buffered = buffer(answer).await;
        buffered.map_err(|broken| Failed::Broken(broken.to_string()))
    }
}

/// Buffers a small answer whole, or the beginning of a large one.
async fn buffer(answer: Response<Body>) -> Result<Response<Body>, Status> {
    let (head, mut body) = answer.into_parts();
    let (mut frames, mut buffered_bytes) = (Vec::new(), 0);
    while buffered_bytes < BUFFERED_BYTES {
        let Some(frame) = body.frame().await.transpose()? else {
            break;
        };
        buffered_bytes += frame.data_ref().map_or(0, Bytes::len);
        frames.push(Ok(frame));
    }
    let body = StreamBody::new(stream::iter(frames).chain(BodyStream::new(body)));
    Ok(Response::from_parts(head, Body::new(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_in_an_outage_allows_a_fifth_more_calls() {
        let retries = Retries::new(&[], &[]);
        let mut retried = 0;
        for _ in 0..20_000 {
            retries.budget.deposit();
            retried += u32::from(retries.budget.withdraw()) + u32::from(retries.budget.withdraw());
        }
        assert!((4900..=5100).contains(&retried), "{retried}");
    }

    #[test]
    fn backoff_grows_with_jitter() {
        let pauses: HashSet<Vec<Duration>> = (0..64).map(|_| BACKOFF.build().collect()).collect();
        assert!(pauses.len() > 1);
        for pauses in pauses {
            let millis: Vec<_> = pauses.iter().map(Duration::as_millis).collect();
            assert!(matches!(millis[..], [5..=20, 20..=80]), "{millis:?}");
        }
    }
}
