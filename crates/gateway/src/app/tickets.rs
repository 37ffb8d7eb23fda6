//! Tickets: what a browser carries in a URL where it cannot send a header. Each is good once, for 30 seconds, for one
//! purpose. What is kept of one tells nothing: it lies under a hash of the ticket, and holds the caller's bearer token
//! sealed with a key that only the ticket gives.

mod memory;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mayfly_rpc::Failure;
use mayfly_runtime::seal::SealingKey;
use mayfly_shared::redis::{
    Redis,
    redis::{Cmd, RedisError},
};
use mayfly_types::{SecretKey, random_bytes};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use self::memory::Memory;

/// How long a ticket is good.
pub(crate) const LIFE: Duration = Duration::from_secs(30);
/// 256 random bits as base64url.
const TICKET_CHARS: usize = 43;

/// What a ticket lets its bearer do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Follow events.
    Events,
    /// See the body of one message.
    Message(String),
}

impl Purpose {
    /// What the sealed token is bound to. No purpose is the beginning of another: an id of a message is all that follows.
    fn binding(&self) -> String {
        match self {
            Self::Events => "ticket events".to_owned(),
            Self::Message(id) => format!("ticket message {id}"),
        }
    }
}

/// The tickets that are out: in Redis where gateways share one, else in this process.
#[derive(Debug)]
pub(crate) struct Tickets {
    store: Store,
    life: Duration,
}

#[derive(Debug)]
enum Store {
    Memory(Memory),
    Shared(Redis),
}

impl Tickets {
    pub(crate) fn new(redis: Option<Redis>) -> Self {
        let store = redis.map_or_else(|| Store::Memory(Memory::default()), Store::Shared);
        Self { store, life: LIFE }
    }

    /// Makes a ticket that stands for a bearer token.
    ///
    /// # Errors
    /// `unavailable` when it cannot be kept.
    pub(crate) async fn issue(&self, bearer: &str, purpose: &Purpose) -> Result<String, Failure> {
        let ticket = URL_SAFE_NO_PAD.encode(random_bytes::<32>());
        let name = name_of(&ticket);
        let sealed = key_of(&ticket).seal(purpose.binding().as_bytes(), bearer.as_bytes());
        match &self.store {
            Store::Memory(memory) => {
                if !memory.put(name, sealed, self.life) {
                    return Err(Failure::unavailable("too many tickets are out"));
                }
            }
            Store::Shared(redis) => {
                let mut put = Cmd::new();
                let life_ms = u64::try_from(self.life.as_millis()).unwrap_or(u64::MAX);
                put.arg("SET").arg(redis_name(&name)).arg(sealed);
                put.arg("PX").arg(life_ms).arg("NX");
                let kept: Result<Option<String>, RedisError> = redis.run(&put).await;
                if !matches!(kept, Ok(Some(_))) {
                    return Err(Failure::unavailable("a ticket could not be kept in Redis"));
                }
            }
        }
        Ok(ticket)
    }

    /// Uses a ticket up, and gives back the token that it stands for. A ticket that was shown for another purpose is used
    /// up too. The token is yet to be judged: it may have been revoked since.
    ///
    /// # Errors
    /// `invalid_token` when it is none, was used, is late or is for something else; `unavailable` when nobody can say.
    pub(crate) async fn redeem(&self, ticket: &str, purpose: &Purpose) -> Result<SecretString, Failure> {
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if ticket.len() != TICKET_CHARS || !ticket.bytes().all(is_base64) {
            return Err(Failure::invalid_token());
        }
        let name = name_of(ticket);
        let sealed = match &self.store {
            Store::Memory(memory) => memory.take(&name),
            Store::Shared(redis) => {
                // One command, so that of two that redeem a ticket one gets nothing.
                let taken: Result<Option<Vec<u8>>, RedisError> =
                    redis.run(&Cmd::get_del(redis_name(&name))).await;
                taken.map_err(|_| Failure::unavailable("a ticket could not be looked up in Redis"))?
            }
        };
        let bearer = key_of(ticket)
            .open(purpose.binding().as_bytes(), &sealed.unwrap_or_default())
            .map_err(|_| Failure::invalid_token())?;
        let bearer = String::from_utf8(bearer.expose_secret().to_vec());
        bearer
            .map(SecretString::from)
            .map_err(|_| Failure::invalid_token())
    }
}

type Name = [u8; 32];

/// Where a ticket is kept: from the name neither the ticket nor its key can be told.
fn name_of(ticket: &str) -> Name {
    labelled("mayfly ticket name", ticket)
}

fn key_of(ticket: &str) -> SealingKey {
    SealingKey::new(&SecretKey::from_bytes(labelled("mayfly ticket key", ticket)))
}

/// A ticket is as random as a key, so one hash with a label of its own makes a key of it.
fn labelled(label: &str, ticket: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(label)
        .chain_update([0])
        .chain_update(ticket)
        .finalize()
        .into()
}

fn redis_name(name: &Name) -> String {
    format!("mayfly:ticket:{}", URL_SAFE_NO_PAD.encode(name))
}

#[cfg(test)]
mod tests;
