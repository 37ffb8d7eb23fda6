//! The use cases: one per file, each named after its RPC.

mod admin;
mod anonymous_tokens;
mod change_user_password;
mod check_user_password;
mod create_credential;
mod create_pro_token;
mod delete_credential;
mod delete_user;
mod get_user;
mod issue_sandbox_credential;
mod list_pro_tokens;
mod register_user;
mod reset_password;
mod revoke_sandbox_credentials;
mod revoke_token;
mod sign_in;
mod sign_in_local_user;
mod sign_in_user;
mod sign_out_user;
mod validate_submission;
mod validate_token;

use std::{future::Future, sync::Arc};

use mayfly_runtime::task::Tasks;
use mayfly_types::{SharedClock, TokenId, UserId};
use opentelemetry::metrics::Counter;
use tokio::sync::oneshot;

pub(crate) use validate_token::Principal;

use crate::{
    config::Registration,
    error::Error,
    hash_pool::HashPool,
    last_used::LastUsed,
    model::{
        jwt::{KeyRing, Subject},
        password::{Password, StoredPassword},
        pro_token::TokenHash,
        sandbox_status::SandboxStatus,
    },
    revocation_metrics::RevocationMetrics,
    store::Store,
    token_cache::{CacheKey, CacheValue, TokenCache},
};

/// What the use cases depend on.
pub(crate) struct Service {
    pub(crate) store: Arc<Store>,
    pub(crate) keys: KeyRing,
    pub(crate) hash_pool: HashPool,
    /// Generations of subjects; `None` is a deleted subject, or a suspended user.
    pub(crate) generations: TokenCache<Subject, Option<i64>>,
    pub(crate) tokens: TokenCache<TokenHash, TokenStatus>,
    pub(crate) sandbox_credentials: TokenCache<TokenHash, SandboxStatus>,
    pub(crate) last_used: LastUsed,
    pub(crate) clock: SharedClock,
    pub(crate) tasks: Tasks,
    pub(crate) registration: Registration,
    pub(crate) max_tokens: u32,
    /// Whether the key of a mailbox's password is stored with it.
    pub(crate) keeps_keys: bool,
    pub(crate) validations: Counter<u64>,
    pub(crate) revocation_metrics: RevocationMetrics,
}

/// The state of a Pro API token that was issued.
#[derive(Debug, Clone)]
pub(crate) enum TokenStatus {
    Revoked,
    /// The user is suspended.
    Suspended,
    Valid {
        id: TokenId,
        user_id: UserId,
    },
}

impl CacheKey for Subject {
    fn shared_name(&self) -> String {
        match self {
            Self::Account(id) => format!("account:{id}"),
            Self::User(id) => format!("user:{id}"),
        }
    }
}

impl CacheKey for TokenHash {
    fn shared_name(&self) -> String {
        format!("token:{}", hex::encode(self.0))
    }
}

/// A generation; `None` is a deleted subject.
impl CacheValue for Option<i64> {
    fn to_text(&self) -> String {
        self.map_or_else(|| "gone".to_owned(), |generation| generation.to_string())
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "gone" => Some(None),
            generation => generation.parse().ok().map(Some),
        }
    }
}

impl CacheValue for TokenStatus {
    fn to_text(&self) -> String {
        match self {
            Self::Revoked => "revoked".to_owned(),
            Self::Suspended => "suspended".to_owned(),
            Self::Valid { id, user_id } => format!("{id} {user_id}"),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "revoked" => return Some(Self::Revoked),
            "suspended" => return Some(Self::Suspended),
            _ => {}
        }
        let (id, user_id) = text.split_once(' ')?;
        Some(Self::Valid {
            id: id.parse().ok()?,
            user_id: user_id.parse().ok()?,
        })
    }
}

impl CacheValue for SandboxStatus {
    fn to_text(&self) -> String {
        match self {
            Self::Revoked => "revoked".to_owned(),
            Self::Suspended => "suspended".to_owned(),
            Self::Valid {
                id,
                user_id,
                sandbox_id,
            } => format!("{id} {user_id} {sandbox_id}"),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "revoked" => return Some(Self::Revoked),
            "suspended" => return Some(Self::Suspended),
            _ => {}
        }
        let mut ids = text.split(' ');
        Some(Self::Valid {
            id: ids.next()?.parse().ok()?,
            user_id: ids.next()?.parse().ok()?,
            sandbox_id: ids.next()?.parse().ok()?,
        })
    }
}

/// A user's id, e-mail address and new JWT.
pub(crate) struct SignedInUser {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) token: String,
}

/// Runs a change to completion even if its caller disconnects. A cancelled change could commit after the cache was
/// invalidated.
async fn run_to_completion<T: Send + 'static>(
    tasks: &Tasks,
    change: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let (reply, outcome) = oneshot::channel();
    tasks.spawn(async move {
        let _ = reply.send(change.await);
    });
    outcome.await.unwrap_or(Err(Error::Defect("a change panicked")))
}

impl Service {
    /// Rehashes a verified password with the current parameters if its stored hash is weaker. Returns `None` if the hash
    /// pool is full; the next sign-in tries again.
    async fn rehash_if_weak(&self, password: &[u8], stored: &StoredPassword) -> Option<StoredPassword> {
        if !stored.is_weak() {
            return None;
        }
        self.hash_pool.hash(Password::guess(password).ok()?).await.ok()
    }
}
