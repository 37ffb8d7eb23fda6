//! When a stream must end though both sides are well: its credential is no longer good.

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};

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

/// Returns once a credential that was good a moment ago is not, or cannot be judged.
pub(crate) async fn until_invalid(gateway: &Gateway, bearer: &SecretString) -> Ending {
    let mut judged = Instant::now();
    tokio::time::sleep(JUDGE_EVERY).await;
    loop {
        match principal_of(bearer.expose_secret(), gateway).await {
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
