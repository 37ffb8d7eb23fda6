//! Ends streams whose credential is no longer valid. One task for each credential validates it, however many streams
//! it has open; the task ends with the last of them.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use mayfly_proto::auth::{ValidateTokenRequest, auth_client::AuthClient};
use mayfly_rpc::{Failure, Transport};
use mayfly_runtime::task::Tasks;
use parking_lot::{Mutex, MutexGuard};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

/// How often a credential is validated. With the second that the answer may take, a stream outlives its credential by
/// less than five.
const VALIDATE_EVERY: Duration = Duration::from_secs(3);
/// How long one validation may take.
const VALIDATE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a stream may go on while no validation gets an answer: with the second that the last one may take, less than
/// five.
const MAX_UNVALIDATED: Duration = Duration::from_millis(3_500);
const RETRY_PAUSE: Duration = Duration::from_millis(300);

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The credential was revoked, has expired, or its mailbox is deleted.
    Refused,
    /// The auth service cannot say whether it is valid.
    Unknown,
}

/// The SHA-256 of a credential.
type Digest32 = [u8; 32];
type Endings = HashMap<Digest32, watch::Sender<Option<Ending>>>;

/// The credentials with open streams.
#[derive(Debug, Clone)]
pub struct CredentialWatch {
    auth: AuthClient<Transport>,
    endings: Arc<Mutex<Endings>>,
    tasks: Tasks,
}

/// A stream's part in the watch over its credential.
#[derive(Debug)]
pub struct Watched(watch::Receiver<Option<Ending>>);

impl Watched {
    /// Returns once the credential is no longer valid, or cannot be validated. It may be cancelled and called again.
    pub async fn ended(&mut self) -> Ending {
        match self.0.wait_for(Option::is_some).await.map(|ending| *ending) {
            Ok(Some(ending)) => ending,
            // The watch stops with the process, whose streams end by themselves.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }
}

impl CredentialWatch {
    pub(crate) fn new(auth: AuthClient<Transport>, tasks: &Tasks) -> Self {
        Self {
            auth,
            endings: Arc::default(),
            tasks: tasks.clone(),
        }
    }

    fn endings(&self) -> MutexGuard<'_, Endings> {
        self.endings.lock()
    }

    /// Watches a credential that has just been validated.
    #[must_use]
    pub fn watch(&self, bearer: &SecretString) -> Watched {
        let digest = Sha256::digest(bearer.expose_secret()).into();
        let mut endings = self.endings();
        if let Some(ending) = endings.get(&digest) {
            return Watched(ending.subscribe());
        }
        let (ending, receiver) = watch::channel(None);
        endings.insert(digest, ending.clone());
        let (watch, bearer, stopping) = (self.clone(), bearer.clone(), self.tasks.stopping());
        self.tasks.spawn(async move {
            tokio::select! {
                outcome = watch.until_invalid(&bearer) => {
                    // Removed first: a stream that comes now gets a validation of its own.
                    watch.endings().remove(&digest);
                    ending.send_replace(Some(outcome));
                }
                () = watch.until_unused(&digest, &ending) => {}
                () = stopping.cancelled() => {
                    watch.endings().remove(&digest);
                }
            }
        });
        Watched(receiver)
    }

    /// Removes a credential once its last stream has ended.
    async fn until_unused(&self, digest: &Digest32, ending: &watch::Sender<Option<Ending>>) {
        loop {
            ending.closed().await;
            let mut endings = self.endings();
            // Streams subscribe under the same lock.
            if ending.receiver_count() == 0 {
                endings.remove(digest);
                return;
            }
        }
    }

    async fn until_invalid(&self, bearer: &SecretString) -> Ending {
        let mut validated = Instant::now();
        tokio::time::sleep(VALIDATE_EVERY).await;
        loop {
            // Boxed, so that the task is small between two validations.
            match Box::pin(self.validate(bearer)).await {
                Ok(()) => {
                    validated = Instant::now();
                    tokio::time::sleep(VALIDATE_EVERY).await;
                }
                Err(failure) if failure.refuses_credential() => return Ending::Refused,
                Err(_) if validated.elapsed() >= MAX_UNVALIDATED => return Ending::Unknown,
                Err(_) => tokio::time::sleep(RETRY_PAUSE).await,
            }
        }
    }

    async fn validate(&self, bearer: &SecretString) -> Result<(), Failure> {
        let request = ValidateTokenRequest {
            token: bearer.expose_secret().to_owned(),
            ..ValidateTokenRequest::default()
        };
        let mut request = tonic::Request::new(request);
        request.set_timeout(VALIDATE_TIMEOUT);
        let answer = self.auth.clone().validate_token(request).await?;
        match answer.into_inner().principal {
            Some(_) => Ok(()),
            None => Err(Failure::internal("a principal is missing")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use mayfly_types::{ErrorCode, Reason};

    use super::*;
    use crate::stub;

    #[tokio::test(start_paused = true)]
    async fn watch_validates_credential_once_for_all_streams() {
        let (calls, is_revoked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, answered) = (Arc::clone(&calls), Arc::clone(&is_revoked));
        let follow = stub::follow_credentials(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            if answered.load(Ordering::Relaxed) {
                return Err(Failure::new(ErrorCode::Unauthenticated, Reason::InvalidToken, "no").into());
            }
            Ok(())
        });
        let [token, other] = ["one", "other"].map(SecretString::from);
        let mut streams: Vec<Watched> = (0..5).map(|_| follow.watch(&token)).collect();
        let mut others = follow.watch(&other);
        let mut ends = Box::pin(join_all(streams.iter_mut().map(Watched::ended)));
        let first = VALIDATE_EVERY + Duration::from_millis(100);
        assert!(tokio::time::timeout(first, &mut ends).await.is_err());
        assert_eq!(calls.load(Ordering::Relaxed), 2, "once for each credential");
        // A stream that opens later adds no validation, and one that closes takes nothing from the others.
        let mut late = follow.watch(&token);
        drop(follow.watch(&token));
        is_revoked.store(true, Ordering::Relaxed);
        assert_eq!(ends.await, [Ending::Refused; 5]);
        assert_eq!(late.ended().await, Ending::Refused);
        assert_eq!(others.ended().await, Ending::Refused);
        assert_eq!(calls.load(Ordering::Relaxed), 4);
        assert!(follow.credentials.endings().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn watch_without_streams_ends_its_task() {
        let follow = stub::follow_credentials(|| Ok(()));
        let watched = ["a", "b"].map(|token| follow.watch(&SecretString::from(token)));
        assert_eq!(follow.credentials.endings().len(), 2);
        drop(watched);
        while !follow.credentials.endings().is_empty() {
            tokio::task::yield_now().await;
        }
        // The same credential is watched anew.
        let mut again = follow.watch(&SecretString::from("a"));
        assert!(
            tokio::time::timeout(VALIDATE_EVERY * 2, again.ended())
                .await
                .is_err()
        );
    }
}
