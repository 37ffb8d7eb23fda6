//! The use cases: one per file, each named after its RPC.

mod admin;
mod anonymous_tokens;
mod audit_events;
mod authorize_operator;
mod change_user_password;
mod check_user_password;
mod create_credential;
mod create_pro_token;
mod delete_credential;
mod delete_user;
mod get_pro_token;
mod get_user;
mod issue_sandbox_credential;
mod list_pro_tokens;
mod register_user;
mod reset_password;
mod revoke_sandbox_credentials;
mod revoke_token;
mod rotate_pro_token;
mod sign_in;
mod sign_in_local_user;
mod sign_in_user;
mod sign_out_user;
mod validate_submission;
mod validate_token;

use std::{future::Future, sync::Arc};

use mayfly_runtime::task::Tasks;
use mayfly_types::{SharedClock, TokenLimits, TokenScopes, UserId};
use opentelemetry::metrics::Counter;
use time::Duration;
use tokio::sync::oneshot;

pub(crate) use create_pro_token::WantedToken;
pub(crate) use rotate_pro_token::WantedRotation;
pub(crate) use validate_submission::Submitter;
pub(crate) use validate_token::Principal;

use crate::{
    audit_log::AuditLog,
    config::Registration,
    error::Error,
    hash_pool::HashPool,
    last_used::LastUsed,
    model::{
        jwt::{KeyRing, Subject},
        password::{Password, StoredPassword},
        pro_token::{Restrictions, TokenHash, ValidToken},
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
    pub(crate) audit_log: AuditLog,
    pub(crate) clock: SharedClock,
    pub(crate) tasks: Tasks,
    pub(crate) registration: Registration,
    pub(crate) max_tokens: u32,
    /// The longest life of a token; without it, a token can live for ever.
    pub(crate) max_token_life: Option<Duration>,
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
    Valid(ValidToken),
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
            Self::Valid(token) => valid_to_text(token),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "revoked" => return Some(Self::Revoked),
            "suspended" => return Some(Self::Suspended),
            _ => {}
        }
        valid_from_text(text).map(Self::Valid)
    }
}

/// Ids of the token and the user; a minus, or scopes, expiry and limits. Versions that know no restrictions wrote the ids alone:
/// neither they nor this one can read the text of the other.
fn valid_to_text(token: &ValidToken) -> String {
    let ValidToken {
        id,
        user_id,
        restrictions,
    } = token;
    let Some(restrictions) = restrictions else {
        return format!("{id} {user_id} -");
    };
    let hex = |bits: u64| format!("{bits:x}");
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let scopes = or_none(restrictions.scopes.map(|scopes| hex(scopes.bits())));
    let expires = or_none(restrictions.expires_at_secs.map(|secs| secs.to_string()));
    // Limits always serialize. An empty text cannot be read: the entry is a miss.
    let json = |limits: &TokenLimits| serde_json::to_string(limits).unwrap_or_default();
    let limits = or_none(restrictions.limits.as_ref().map(json));
    format!("{id} {user_id} {scopes} {expires} {limits}")
}

fn valid_from_text(text: &str) -> Option<ValidToken> {
    let mut parts = text.splitn(5, ' ');
    let (id, user_id) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let restrictions = match (parts.next()?, parts.next(), parts.next()) {
        ("-", None, None) => None,
        (scopes, Some(expires), Some(limits)) => {
            let scopes = some(scopes).map(|text| u64::from_str_radix(text, 16)).transpose();
            let expires = some(expires).map(str::parse).transpose();
            let limits = some(limits).map(serde_json::from_str).transpose();
            Some(Arc::new(Restrictions {
                scopes: scopes.ok()?.map(TokenScopes::from_bits),
                expires_at_secs: expires.ok()?,
                limits: limits.ok()?,
            }))
        }
        _ => return None,
    };
    Some(ValidToken {
        id,
        user_id,
        restrictions,
    })
}

/// Returns a part of a cached text, unless it is a minus.
fn some(part: &str) -> Option<&str> {
    (part != "-").then_some(part)
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

#[cfg(test)]
mod tests {
    use mayfly_types::{AccountId, Clock, SystemClock, TokenId, TokenScope};

    use super::*;

    fn token(restrictions: Option<Restrictions>) -> TokenStatus {
        let now = SystemClock.now();
        TokenStatus::Valid(ValidToken {
            id: TokenId::new(now),
            user_id: UserId::new(now),
            restrictions: restrictions.map(Arc::new),
        })
    }

    fn valid(status: &TokenStatus) -> ValidToken {
        match status {
            TokenStatus::Valid(token) => token.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn cached_token_reads_back_and_adds_at_most_512_bytes() {
        let now = SystemClock.now();
        let limits = TokenLimits {
            accounts: (0..10).map(|_| AccountId::new(now)).collect(),
            origin: Some(TokenId::new(now)),
            ..TokenLimits::default()
        };
        let plain = token(None).to_text().len();
        for restrictions in [
            None,
            Some((Some(TokenScopes::ALL), None, Some(1_800_000_000))),
            Some((None, None, Some(1))),
            Some((
                Some([TokenScope::MessagesRead].into_iter().collect()),
                Some(limits),
                None,
            )),
        ] {
            let restrictions = restrictions.map(|(scopes, limits, expires_at_secs)| Restrictions {
                scopes,
                limits,
                expires_at_secs,
            });
            let status = token(restrictions);
            let text = status.to_text();
            assert_eq!(
                valid(&TokenStatus::from_text(&text).unwrap()),
                valid(&status),
                "{text}"
            );
            assert!(text.len() <= plain + 512, "{text}");
        }
    }

    /// Earlier versions wrote the ids alone, whatever restricted the token.
    #[test]
    fn cached_text_of_earlier_version_is_a_miss() {
        let text = token(None).to_text();
        let earlier = text.strip_suffix(" -").unwrap();
        assert!(TokenStatus::from_text(earlier).is_none());
        for damaged in [
            "",
            "x y -",
            &format!("{earlier} 4 -"),
            &format!("{earlier} 4 - {{"),
        ] {
            assert!(TokenStatus::from_text(damaged).is_none(), "{damaged}");
        }
    }
}
