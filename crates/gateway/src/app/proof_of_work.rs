//! Proof of work for mailboxes without a Pro user: SHA-256 of address, time and a text that the client searches, with so many
//! leading zero bits. The difficulty rises with the mailboxes that a client and its network create. It slows scripts down, and
//! cannot stop them.
//! Gateways that share a Redis count together, and accept a proof once together.

use std::{net::IpAddr, sync::LazyLock};

use mayfly_rpc::Failure;
use mayfly_shared::redis::{
    Redis,
    redis::{Cmd, RedisError, Script},
};
use mayfly_types::{Address, ErrorCode, Reason, SharedClock, wider_network};
use sha2::{Digest, Sha256};

use super::{
    create_limit::NETWORK_FACTOR,
    recent::{Recent, WINDOW},
};

/// The greatest difficulty, in bits: a browser needs about half a minute for it.
pub(crate) const MAX_BITS: u32 = 24;
/// How many mailboxes of a client within [`WINDOW`] raise its difficulty by one bit; of its network, [`NETWORK_FACTOR`] times as
/// many.
const CREATIONS_PER_BIT: u32 = 20;
/// How far the time of a proof can be from the time of this machine, in seconds.
const MAX_SKEW_SECS: u64 = 300;
/// The longest text that a client can search.
const MAX_NONCE_BYTES: usize = 128;

/// Counts each key in Redis until the window that began with its first one ends.
static COUNT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "for _, key in ipairs(KEYS) do \
           if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[1]) end \
         end",
    )
});

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    /// Unix seconds.
    pub(crate) time: i64,
    /// The text that was searched.
    pub(crate) nonce: String,
    /// The leading zero bits that the client claims.
    pub(crate) bits: u32,
}

/// What a proof of a request is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worth {
    /// No proof is needed.
    Free,
    /// The proof is good. It is spent once the mailbox exists.
    Enough(ProofHash),
    /// The proof is valid, but needs so many bits.
    TooEasy(u32),
}

/// The beginning of the digest of a proof: its name among the spent ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ProofHash([u8; 16]);

/// The difficulty of a gateway, and what was created and spent lately.
#[derive(Debug)]
pub(crate) struct ProofOfWork {
    /// Of a client that has created nothing; 0 is off.
    bits: u32,
    clock: SharedClock,
    redis: Option<Redis>,
    created: Recent<IpAddr>,
    /// By network: a client with many addresses is still one network.
    created_in_network: Recent<IpAddr>,
    spent: Recent<ProofHash>,
}

impl ProofOfWork {
    pub(crate) fn new(bits: u32, clock: SharedClock, redis: Option<Redis>) -> Self {
        Self {
            bits,
            clock,
            redis,
            created: Recent::default(),
            created_in_network: Recent::default(),
            spent: Recent::default(),
        }
    }

    /// Checks the proof for a new address.
    ///
    /// # Errors
    /// `PowRequired` without a proof, `InvalidPow` for one that is wrong, too old or spent.
    pub(crate) async fn check(
        &self,
        address: &Address,
        client: IpAddr,
        proof: Option<Result<Proof, Failure>>,
    ) -> Result<Worth, Failure> {
        if self.bits == 0 {
            return Ok(Worth::Free);
        }
        let required = self.required_bits(client).await;
        let Some(proof) = proof else {
            let message = format!("pow: a proof of work of {required} bits is needed");
            return Err(Failure::new(
                ErrorCode::InvalidArgument,
                Reason::PowRequired,
                message,
            ));
        };
        let proof = proof?;
        let hash = verify(address.as_str(), &proof, self.clock.now().unix_timestamp())?;
        if self.is_spent(hash).await {
            return Err(invalid("pow: this proof was used before"));
        }
        if proof.bits < required {
            return Ok(Worth::TooEasy(required));
        }
        Ok(Worth::Enough(hash))
    }

    /// Counts a mailbox that a client has created, and remembers its proof. Returns the bits that its next mailbox needs; `None`
    /// without a proof.
    pub(crate) async fn spend(&self, client: IpAddr, worth: Worth) -> Option<u32> {
        let Worth::Enough(hash) = worth else { return None };
        self.created.add(client);
        self.created_in_network.add(wider_network(client));
        self.spent.add(hash);
        if let Some(redis) = &self.redis {
            Self::share_spent(redis, client, hash).await;
        }
        Some(self.required_bits(client).await)
    }

    async fn share_spent(redis: &Redis, client: IpAddr, hash: ProofHash) {
        // Without Redis each gateway counts by itself.
        let mut count = COUNT.key(created_key(client));
        count.key(network_key(client)).arg(WINDOW.as_secs());
        let _: Result<(), RedisError> = redis.run_script(&count).await;
        let remember = Cmd::set_ex(spent_key(hash), 1, WINDOW.as_secs());
        let _: Result<(), RedisError> = redis.run(&remember).await;
    }

    async fn required_bits(&self, client: IpAddr) -> u32 {
        let mut created = self.created.count(&client);
        let mut in_network = self.created_in_network.count(&wider_network(client));
        if let Some(redis) = &self.redis {
            let get = Cmd::mget(&[created_key(client), network_key(client)]);
            let shared: Result<(Option<u32>, Option<u32>), RedisError> = redis.run(&get).await;
            let (of_client, of_network) = shared.unwrap_or_default();
            created = created.max(of_client.unwrap_or_default());
            in_network = in_network.max(of_network.unwrap_or_default());
        }
        let steps = (created / CREATIONS_PER_BIT).max(in_network / (CREATIONS_PER_BIT * NETWORK_FACTOR));
        (self.bits + steps).min(MAX_BITS)
    }

    async fn is_spent(&self, hash: ProofHash) -> bool {
        if self.spent.count(&hash) > 0 {
            return true;
        }
        let Some(redis) = &self.redis else {
            return false;
        };
        let is_spent: Result<bool, RedisError> = redis.run(&Cmd::exists(spent_key(hash))).await;
        is_spent.unwrap_or(false)
    }
}

fn created_key(client: IpAddr) -> String {
    format!("{}:{client}", network_key(client))
}

/// The braces keep both counts on one node of a cluster: a script and `MGET` reach no other.
fn network_key(client: IpAddr) -> String {
    format!("mayfly:pow:created:{{{}}}", wider_network(client))
}

fn spent_key(hash: ProofHash) -> String {
    format!("mayfly:pow:spent:{}", hex::encode(hash.0))
}

fn invalid(message: &'static str) -> Failure {
    Failure::new(ErrorCode::InvalidArgument, Reason::InvalidPow, message)
}

/// Checks a proof for a trimmed and lower-cased address.
fn verify(address: &str, proof: &Proof, now: i64) -> Result<ProofHash, Failure> {
    if proof.bits > MAX_BITS {
        return Err(invalid("pow.d: is above 24"));
    }
    if proof.nonce.len() > MAX_NONCE_BYTES {
        return Err(invalid("pow.n: is longer than 128 bytes"));
    }
    if proof.time.abs_diff(now) > MAX_SKEW_SECS {
        return Err(invalid(
            "pow.t: is more than 5 minutes away from the time of the server",
        ));
    }
    let digest: [u8; 32] = Sha256::new()
        .chain_update(address)
        .chain_update(proof.time.to_string())
        .chain_update(&proof.nonce)
        .finalize()
        .into();
    if leading_zero_bits(&digest) < proof.bits {
        return Err(invalid("pow: the digest has fewer leading zero bits than d"));
    }
    // Digests begin with zeros; their end is as good as random.
    let mut hash = [0; 16];
    hash.copy_from_slice(&digest[16..]);
    Ok(ProofHash(hash))
}

fn leading_zero_bits(digest: &[u8; 32]) -> u32 {
    let mut bits = 0;
    for byte in digest {
        bits += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    bits
}

#[cfg(test)]
mod tests;
