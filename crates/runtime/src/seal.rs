//! Sealing: secrets that are needed again later are stored encrypted and authenticated (AES-256-GCM), each bound to its
//! owner.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hkdf::{HKDF_SHA256, Salt},
};
use mayfly_types::SecretKey;
use secrecy::{SecretSlice, zeroize::Zeroizing};

/// The sealed bytes cannot be opened: another key, another owner, or altered bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed with another key, for another owner, or damaged")]
pub struct CannotOpen;

/// A sealing key. Its `Debug` shows no key material.
#[derive(Debug)]
pub struct SealingKey(RandomizedNonceKey);

impl SealingKey {
    /// Creates a sealing key from a key of 32 bytes.
    ///
    /// # Panics
    /// Never: the length is the key length of the algorithm.
    #[must_use]
    #[expect(clippy::expect_used, reason = "32 bytes are a key of AES-256")]
    pub fn new(key: &SecretKey) -> Self {
        Self(RandomizedNonceKey::new(&AES_256_GCM, key.expose()).expect("a key of 32 bytes"))
    }

    /// Derives a key for one purpose from a key that also serves others (HKDF, RFC 5869).
    ///
    /// # Panics
    /// Never: 32 bytes are within the output bound of HKDF.
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

    /// Seals a secret for an owner with a random nonce. Returns nonce, ciphertext and tag: 28 bytes more than the secret.
    ///
    /// # Panics
    /// When the operating system gives no randomness, or the secret is longer than 64 GiB.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a secret must never be stored unsealed")]
    pub fn seal(&self, owner: &[u8], secret: &[u8]) -> Vec<u8> {
        let mut text = Zeroizing::new(secret.to_vec());
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(owner), &mut *text)
            .expect("the secret is sealed");
        [nonce.as_ref(), text.as_slice()].concat()
    }

    /// Opens a secret that was sealed for the same owner.
    ///
    /// # Errors
    /// When it was sealed for another owner or with another key, or is damaged.
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
    fn open_with_another_owner_or_key_fails() {
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
    fn open_altered_or_truncated_bytes_fails() {
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
