//! Sealing: secrets that must be given back later are kept encrypted and authenticated (AES-256-GCM), each bound to what
//! it belongs to.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hkdf::{HKDF_SHA256, Salt},
};
use mayfly_types::SecretKey;
use secrecy::{SecretSlice, zeroize::Zeroizing};

/// What was sealed cannot be opened: another key, another owner, or altered bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed with another key, for another owner, or damaged")]
pub struct CannotOpen;

/// A key that seals. Its `Debug` shows no key material.
#[derive(Debug)]
pub struct SealingKey(RandomizedNonceKey);

impl SealingKey {
    /// Takes over a key of 32 bytes.
    ///
    /// # Panics
    /// Never: the length is what the algorithm takes.
    #[must_use]
    #[expect(clippy::expect_used, reason = "32 bytes are a key of AES-256")]
    pub fn new(key: &SecretKey) -> Self {
        Self(RandomizedNonceKey::new(&AES_256_GCM, key.expose()).expect("a key of 32 bytes"))
    }

    /// Derives a key for a purpose of its own from one that serves another (HKDF, RFC 5869).
    ///
    /// # Panics
    /// Never: 32 bytes are within what can be derived.
    #[must_use]
    #[expect(clippy::expect_used, reason = "one block is always within HKDF's bounds")]
    pub fn derived(key: &SecretKey, purpose: &[u8]) -> Self {
        let mut derived = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, &[])
            .extract(key.expose())
            .expand(&[purpose], HKDF_SHA256)
            .and_then(|block| block.fill(&mut *derived))
            .expect("a derived key of 32 bytes");
        Self::new(&SecretKey::from_bytes(*derived))
    }

    /// Seals a secret for an owner, under a nonce of its own. Returns nonce and ciphertext: 28 bytes more than the secret.
    ///
    /// # Panics
    /// When the operating system has no randomness to give, or a secret is longer than 64 GiB.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "no secret may ever be kept without being sealed"
    )]
    pub fn seal(&self, owner: &[u8], secret: &[u8]) -> Vec<u8> {
        let mut text = Zeroizing::new(secret.to_vec());
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(owner), &mut *text)
            .expect("the secret is sealed");
        [nonce.as_ref(), text.as_slice()].concat()
    }

    /// Opens what was sealed for the same owner.
    ///
    /// # Errors
    /// When it was not, or not with this key.
    pub fn open(&self, owner: &[u8], sealed: &[u8]) -> Result<SecretSlice<u8>, CannotOpen> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(CannotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CannotOpen)?;
        let mut text = Zeroizing::new(text.to_vec());
        let secret = self
            .0
            .open_in_place(nonce, Aad::from(owner), &mut text)
            .map_err(|_| CannotOpen)?;
        Ok(secret.to_vec().into())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_owner_and_nobody_else() {
        let key = SealingKey::new(&SecretKey::random());
        let sealed = key.seal(b"alice", b"whsec_x");
        assert!(!sealed.windows(5).any(|window| window == b"whsec"));
        assert_eq!(key.open(b"alice", &sealed).unwrap().expose_secret(), b"whsec_x");
        assert_eq!(key.open(b"bob", &sealed).unwrap_err(), CannotOpen);
        let other = SealingKey::new(&SecretKey::random());
        assert_eq!(other.open(b"alice", &sealed).unwrap_err(), CannotOpen);
        assert_ne!(key.seal(b"alice", b"whsec_x"), sealed);
    }

    #[test]
    fn every_altered_byte_and_every_cut_is_noticed() {
        let key = SealingKey::new(&SecretKey::random());
        let sealed = key.seal(b"alice", b"whsec_x");
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(key.open(b"alice", &altered).is_err(), "byte {at}");
            assert!(key.open(b"alice", &sealed[..at]).is_err(), "cut at {at}");
        }
    }
}
