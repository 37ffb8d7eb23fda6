//! Tickets: one-time credentials for URLs, where a browser cannot send a header. Each is valid once, for 30 seconds, for
//! one purpose. The stored form reveals neither credential: its name is a hash of the ticket, and its value is the caller's
//! bearer token, sealed with a key derived from the ticket.

mod issued;
mod memory;

pub(crate) use issued::Issued;

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

/// How long a ticket is valid.
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
    /// The associated data of the sealed token. No purpose is a prefix of another: only a message id follows.
    fn binding(&self) -> String {
        match self {
            Self::Events => "ticket events".to_owned(),
            Self::Message(id) => format!("ticket message {id}"),
        }
    }
}

/// The valid tickets: in Redis where gateways share one, else in this process.
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

    /// Issues a ticket for a bearer token.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be stored.
    pub(crate) async fn issue(&self, bearer: &str, purpose: &Purpose) -> Result<String, Failure> {
        let ticket = URL_SAFE_NO_PAD.encode(random_bytes::<32>());
        let name = name_of(&ticket);
        let sealed = key_of(&ticket).seal(purpose.binding().as_bytes(), bearer.as_bytes());
        match &self.store {
            Store::Memory(memory) => {
                if !memory.put(name, sealed, self.life) {
                    return Err(Failure::unavailable("too many tickets are valid"));
                }
            }
            Store::Shared(redis) => {
                let mut put = Cmd::new();
                let life_ms = u64::try_from(self.life.as_millis()).unwrap_or(u64::MAX);
                put.arg("SET").arg(redis_name(&name)).arg(sealed);
                put.arg("PX").arg(life_ms).arg("NX");
                let stored: Result<Option<String>, RedisError> = redis.run(&put).await;
                if !matches!(stored, Ok(Some(_))) {
                    return Err(Failure::unavailable("a ticket could not be stored in Redis"));
                }
            }
        }
        Ok(ticket)
    }

    /// Consumes a ticket and returns its bearer token. A ticket for another purpose is consumed too. The caller validates the
    /// token, which can be revoked by now.
    ///
    /// # Errors
    /// `InvalidToken` when the ticket is unknown, used, expired or for another purpose; `Unavailable` without Redis.
    pub(crate) async fn redeem(&self, ticket: &str, purpose: &Purpose) -> Result<SecretString, Failure> {
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if ticket.len() != TICKET_CHARS || !ticket.bytes().all(is_base64) {
            return Err(Failure::invalid_token());
        }
        let name = name_of(ticket);
        let sealed = match &self.store {
            Store::Memory(memory) => memory.take(&name),
            Store::Shared(redis) => {
                // One atomic command, so that only one of two concurrent redemptions succeeds.
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

/// The name under which a ticket is stored. It reveals neither the ticket nor its key.
fn name_of(ticket: &str) -> Name {
    labelled("mayfly ticket name", ticket)
}

fn key_of(ticket: &str) -> SealingKey {
    SealingKey::new(&SecretKey::from_bytes(labelled("mayfly ticket key", ticket)))
}

/// Derives a value from a ticket. A ticket has the entropy of a key, so one labelled hash is enough.
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
