//! Proofs of work for the creation of mailboxes.

use mayfly_types::random_bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::proof_of_work::Proof;

/// A proof of work: SHA-256 of `lower(trim(address))`, `t` in decimal and `n`, as one UTF-8 text, begins with `d` zero bits.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ProofOfWork {
    /// Unix seconds, at most 5 minutes away from the time of the server.
    t: i64,
    /// The text that was searched, of at most 128 bytes.
    #[schema(max_length = 128)]
    n: String,
    /// 0 to 24. With fewer bits than needed the answer names their number.
    #[schema(maximum = 24)]
    d: u32,
}

impl From<ProofOfWork> for Proof {
    fn from(proof: ProofOfWork) -> Self {
        Self {
            time: proof.t,
            nonce: proof.n,
            bits: proof.d,
        }
    }
}

/// Nothing was created: the proof of work is valid, but needs more bits.
#[derive(Serialize, ToSchema)]
pub(crate) struct HarderProof {
    /// Always `retry`.
    status: &'static str,
    required_difficulty: u32,
    /// Of no meaning; it can be sent back in `pow`.
    token: String,
}

impl HarderProof {
    pub(crate) fn new(required_difficulty: u32) -> Self {
        Self {
            status: "retry",
            required_difficulty,
            token: hex::encode(random_bytes::<16>()),
        }
    }
}
