//! Captchas for mailboxes without a Pro user. Those of another service are checked there ([`Remote`]).
//!
//! Those of the kind ALTCHA are a challenge that this server signs, solved by computing. A person sees no puzzle, and a script that computes
//! passes: it makes creation dearer, like the proof of work.
//! Gateways that share a Redis share the key, and accept a solution once together.

mod remote;

use std::{sync::LazyLock, time::Duration};

use altcha::{
    Challenge, CreateChallengeOptions, Payload, VerifySolutionOptions, create_challenge, verify_solution,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use mayfly_rpc::Failure;
use mayfly_shared::redis::{
    Redis,
    redis::{Cmd, RedisError, Script},
};
use mayfly_types::{ErrorCode, Reason, SecretKey, SharedClock};
use serde_json::Value;
use sha2::{Digest, Sha256};

use self::remote::Remote;
use super::recent::{Recent, WINDOW};
use crate::config::{Captcha as Kind, Config};

/// How long a challenge is valid. Shorter than [`WINDOW`], for which used ones are remembered.
const LIFE: Duration = Duration::from_secs(300);
/// What a client tries: SHA-256, so often, until the digest begins with these hexadecimal digits. On average 65,536 digests, which
/// take a browser less than a second.
const ALGORITHM: &str = "SHA-256";
const COST: u32 = 16;
const PREFIX: &str = "000";
/// The signed datum with the end of a challenge, in Unix seconds by the clock of the server. The library compares its own with the clock
/// of the machine.
const EXPIRES: &str = "expires";
/// The longest solution: those of this server have about 600 bytes.
const MAX_SOLUTION_BYTES: usize = 4096;
/// How long gateways use a key. A solution of its last minutes fails, and the client solves another challenge.
const KEY_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns the key of all gateways, and stores one if there is none.
static KEY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local key = redis.call('GET', KEYS[1]) \
         if key then return key end \
         redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) \
         return ARGV[1]",
    )
});
const KEY_NAME: &str = "mayfly:captcha:key";

/// The beginning of the digest of a challenge's signature: its name among the used ones.
type ChallengeHash = [u8; 16];

/// Issues challenges, and accepts each solution once.
#[derive(Debug)]
pub(crate) struct Captcha {
    check: Check,
    clock: SharedClock,
}

/// How solutions are checked.
#[derive(Debug)]
enum Check {
    Off,
    Altcha(Store),
    Remote(Remote),
}

enum Store {
    Memory {
        key: String,
        used: Recent<ChallengeHash>,
    },
    Shared(Redis),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Memory { .. } => "Memory",
            Self::Shared(_) => "Shared",
        })
    }
}

impl Captcha {
    pub(crate) fn new(config: &Config, clock: SharedClock, redis: Option<Redis>) -> Self {
        let check = match (&config.captcha_verify_url, config.captcha) {
            // Validation has read the secret before.
            (Some(url), _) => Check::Remote(Remote::new(url, config.captcha_verify_secret().ok().flatten())),
            (None, Kind::Off) => Check::Off,
            (None, Kind::Altcha) => Check::Altcha(Store::new(redis)),
        };
        Self { check, clock }
    }

    fn now(&self) -> i64 {
        self.clock.now().unix_timestamp()
    }

    /// Returns a new challenge.
    ///
    /// # Errors
    /// `NotFound` where captchas are off, `Unavailable` without Redis.
    pub(crate) async fn challenge(&self) -> Result<Challenge, Failure> {
        let Check::Altcha(store) = &self.check else {
            return Err(Failure::not_found());
        };
        let life = i64::try_from(LIFE.as_secs()).unwrap_or(i64::MAX);
        let options = CreateChallengeOptions {
            algorithm: ALGORITHM.to_owned(),
            cost: COST,
            key_prefix: PREFIX.to_owned(),
            data: Some([(EXPIRES.to_owned(), Value::from(self.now().saturating_add(life)))].into()),
            hmac_signature_secret: Some(store.key().await?),
            ..CreateChallengeOptions::default()
        };
        create_challenge(options).map_err(|error| Failure::internal(error.to_string()))
    }

    /// Uses the solution of a client that is about to create a mailbox.
    ///
    /// # Errors
    /// `CaptchaRequired` without one, `InvalidCaptcha` for one that is wrong, expired or was used before; `Unavailable` without Redis, or
    /// when another service does not check it.
    pub(crate) async fn take(&self, solution: Option<&str>) -> Result<(), Failure> {
        let required = || {
            let (code, reason) = (ErrorCode::InvalidArgument, Reason::CaptchaRequired);
            Failure::new(code, reason, "solve a captcha first")
        };
        match &self.check {
            Check::Off => Ok(()),
            Check::Altcha(store) => self.take_altcha(store, solution.ok_or_else(required)?).await,
            Check::Remote(remote) => match remote.accepts(solution.ok_or_else(required)?).await? {
                true => Ok(()),
                false => Err(invalid("the captcha was not accepted")),
            },
        }
    }

    async fn take_altcha(&self, store: &Store, solution: &str) -> Result<(), Failure> {
        let payload = parse(solution).ok_or_else(|| invalid("the captcha is malformed"))?;
        if expires(&payload.challenge).is_none_or(|at| at <= self.now()) {
            return Err(invalid("the captcha has expired"));
        }
        let options = VerifySolutionOptions::new(&payload.challenge, &payload.solution, store.key().await?);
        if !verify_solution(options).is_ok_and(|result| result.verified) {
            return Err(invalid("the captcha is not solved"));
        }
        if !store.is_new(hash(&payload.challenge)).await? {
            return Err(invalid("this captcha was used before"));
        }
        Ok(())
    }
}

/// Returns the time in a challenge, in Unix seconds. It is trusted once the signature is verified.
fn expires(challenge: &Challenge) -> Option<i64> {
    challenge.parameters.data.as_ref()?.get(EXPIRES)?.as_i64()
}

impl Store {
    fn new(redis: Option<Redis>) -> Self {
        match redis {
            Some(redis) => Self::Shared(redis),
            None => Self::Memory {
                key: SecretKey::random().to_hex(),
                used: Recent::default(),
            },
        }
    }

    async fn key(&self) -> Result<String, Failure> {
        match self {
            Self::Memory { key, .. } => Ok(key.clone()),
            Self::Shared(redis) => {
                let mut key = KEY.key(KEY_NAME);
                key.arg(SecretKey::random().to_hex()).arg(KEY_LIFE.as_secs());
                let key: Result<String, RedisError> = redis.run_script(&key).await;
                key.map_err(|_| Failure::unavailable("the key of captchas could not be read from Redis"))
            }
        }
    }

    /// Remembers a challenge, and returns whether it was not used before: one atomic step, so that only one of two concurrent uses
    /// succeeds.
    async fn is_new(&self, hash: ChallengeHash) -> Result<bool, Failure> {
        match self {
            Self::Memory { used, .. } => Ok(used.insert(hash)),
            Self::Shared(redis) => {
                let mut set = Cmd::new();
                set.arg("SET").arg(used_key(hash)).arg(1);
                set.arg("EX").arg(WINDOW.as_secs()).arg("NX");
                let stored: Result<Option<String>, RedisError> = redis.run(&set).await;
                let is_new = stored.map(|stored| stored.is_some());
                is_new.map_err(|_| Failure::unavailable("a captcha could not be stored in Redis"))
            }
        }
    }
}

fn used_key(hash: ChallengeHash) -> String {
    format!("mayfly:captcha:used:{}", hex::encode(hash))
}

fn invalid(message: &'static str) -> Failure {
    Failure::new(ErrorCode::InvalidArgument, Reason::InvalidCaptcha, message)
}

/// Decodes base64 of JSON, the form of ALTCHA's widget.
fn parse(solution: &str) -> Option<Payload> {
    if solution.len() > MAX_SOLUTION_BYTES {
        return None;
    }
    serde_json::from_slice(&STANDARD.decode(solution).ok()?).ok()
}

/// Names a challenge by its signature, which is checked in one spelling only.
fn hash(challenge: &Challenge) -> ChallengeHash {
    let digest = Sha256::digest(challenge.signature.as_deref().unwrap_or_default());
    let mut hash = [0; 16];
    hash.copy_from_slice(&digest[..16]);
    hash
}

#[cfg(test)]
mod tests;
