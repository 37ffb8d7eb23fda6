//! When a stream must end though both sides are well: its credential is no longer good. A credential is judged once, however
//! many streams it has.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::{auth::principal_of, state::Gateway};

/// How often a credential is judged again. With the second that the answer may take, a stream outlives its credential by
/// less than five.
const JUDGE_EVERY: Duration = Duration::from_secs(3);
/// How long a stream may go on while nobody can say whether its credential is good: with the second that the last question
/// may take, less than five.
const UNJUDGED: Duration = Duration::from_millis(3_500);
const RETRY_PAUSE: Duration = Duration::from_millis(300);

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The credential was revoked, has expired, or its mailbox is gone.
    Refused,
    /// Nobody can say whether it is good.
    Unknown,
}

/// What a credential is known by here.
type Name = [u8; 32];

/// The credentials that are judged, while somebody waits for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judges(Arc<Mutex<HashMap<Name, WeakShared<BoxFuture<'static, Ending>>>>>);

impl Judges {
    fn judged(&self) -> MutexGuard<'_, HashMap<Name, WeakShared<BoxFuture<'static, Ending>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(&self, gateway: &Gateway, bearer: &SecretString) -> Judging {
        let name = Sha256::digest(bearer.expose_secret()).into();
        let mut judged = self.judged();
        let known = judged.get(&name).and_then(WeakShared::upgrade);
        let verdict = known.unwrap_or_else(|| {
            let verdict = judge(gateway.clone(), bearer.clone()).boxed().shared();
            judged.extend(verdict.downgrade().map(|weak| (name, weak)));
            verdict
        });
        Judging {
            judges: self.clone(),
            name,
            verdict,
        }
    }
}

/// A place among those who wait for the end of a credential.
#[derive(Debug)]
pub(crate) struct Judging {
    judges: Judges,
    name: Name,
    verdict: Shared<BoxFuture<'static, Ending>>,
}

impl Future for Judging {
    type Output = Ending;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ending> {
        self.verdict.poll_unpin(context)
    }
}

impl Drop for Judging {
    fn drop(&mut self) {
        let mut judged = self.judges.judged();
        let Some(known) = judged.get(&self.name).and_then(WeakShared::upgrade) else {
            judged.remove(&self.name);
            return;
        };
        // This one and what was just looked up. There is no count once the verdict has come.
        if known.ptr_eq(&self.verdict) && known.strong_count() <= Some(2) {
            judged.remove(&self.name);
        }
    }
}

/// Returns once a credential that was good a moment ago is not, or cannot be judged.
pub(crate) fn until_invalid(gateway: &Gateway, bearer: &SecretString) -> Judging {
    gateway.streams.judges.judge(gateway, bearer)
}

async fn judge(gateway: Gateway, bearer: SecretString) -> Ending {
    let mut judged = Instant::now();
    tokio::time::sleep(JUDGE_EVERY).await;
    loop {
        // Between two questions it is small.
        match Box::pin(principal_of(bearer.expose_secret(), &gateway)).await {
            Ok(_) => {
                judged = Instant::now();
                tokio::time::sleep(JUDGE_EVERY).await;
            }
            Err(error) if error.is_refusal() => return Ending::Refused,
            Err(_) if judged.elapsed() >= UNJUDGED => return Ending::Unknown,
            Err(_) => tokio::time::sleep(RETRY_PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use mayfly_rpc::Failure;
    use mayfly_types::{ErrorCode, Reason};

    use super::*;
    use crate::streams::{Hub, stub};

    #[tokio::test(start_paused = true)]
    async fn a_credential_is_judged_once_for_all_its_streams() {
        let (asked, is_revoked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, answered) = (Arc::clone(&asked), Arc::clone(&is_revoked));
        let gateway = stub::gateway(Hub::default(), move || {
            counted.fetch_add(1, Ordering::Relaxed);
            if answered.load(Ordering::Relaxed) {
                return Err(Failure::new(ErrorCode::Unauthenticated, Reason::InvalidToken, "no").into());
            }
            // A Pro user without an id.
            Ok(vec![0x12, 0])
        });
        let [token, other] = ["one", "other"].map(SecretString::from);
        let streams: Vec<Judging> = (0..5).map(|_| until_invalid(&gateway, &token)).collect();
        let mut others = until_invalid(&gateway, &other);
        let mut ends = Box::pin(join_all(streams));
        let first = JUDGE_EVERY + Duration::from_millis(100);
        assert!(tokio::time::timeout(first, &mut ends).await.is_err());
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        // One that comes later is not judged for itself, and one that leaves takes nothing with it.
        let late = until_invalid(&gateway, &token);
        drop(until_invalid(&gateway, &token));
        is_revoked.store(true, Ordering::Relaxed);
        assert_eq!(ends.await, [Ending::Refused; 5]);
        assert_eq!(late.await, Ending::Refused);
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        assert_eq!((&mut others).await, Ending::Refused);
        drop(others);
        assert!(
            gateway.streams.judges.judged().is_empty(),
            "nothing is left of them"
        );
    }
}
