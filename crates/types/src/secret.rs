//! Secret keys, hidden in `Debug`, and random bytes.

use std::fmt;

use rand::{TryRngCore, rngs::OsRng};
use secrecy::{ExposeSecret, SecretBox, zeroize::Zeroize};
use subtle::ConstantTimeEq;

/// Fills an array from the operating system's random generator.
///
/// # Panics
/// When the operating system gives no randomness: nothing can be done safely without it.
#[must_use]
#[expect(clippy::expect_used, reason = "a secret without randomness is unsafe")]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system gives random bytes");
    bytes
}

/// A key of 32 bytes, written as 64 hex digits. `Debug` hides it; comparison takes constant time.
pub struct SecretKey(SecretBox<[u8; 32]>);

impl SecretKey {
    /// Generates a random key.
    #[must_use]
    pub fn random() -> Self {
        Self::from_bytes(random_bytes())
    }

    /// Wraps key material.
    #[must_use]
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        let key = Self(SecretBox::new(Box::new(bytes)));
        bytes.zeroize();
        key
    }

    /// Parses 64 hex digits, with optional white space around them.
    ///
    /// # Errors
    /// When the text is not a usable key. The error contains no part of it.
    pub fn from_hex(text: &str) -> Result<Self, InvalidSecretKey> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| InvalidSecretKey)?;
        // A key of one repeated byte is a copied example, never a random key.
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err(InvalidSecretKey);
        }
        Ok(Self::from_bytes(bytes))
    }

    /// Returns the key material, for the function that signs or compares.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }

    /// Returns the key as 64 hex digits, for a key file or a header.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(self.expose())
    }
}

impl Clone for SecretKey {
    fn clone(&self) -> Self {
        Self::from_bytes(*self.expose())
    }
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for SecretKey {}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey([hidden])")
    }
}

/// The text is not a usable key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 64 random hex digits (32 bytes); `openssl rand -hex 32` makes one")]
pub struct InvalidSecretKey;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_round_trips_and_debug_hides_the_key() {
        let key = SecretKey::random();
        assert_eq!(SecretKey::from_hex(&key.to_hex()), Ok(key.clone()));
        assert!(!format!("{key:?}").contains(&key.to_hex()[..8]));
    }

    #[test]
    fn from_hex_rejects_wrong_length_digits_and_examples() {
        for text in [
            String::new(),
            "ab".repeat(31),
            "ab".repeat(33),
            "zz".repeat(32),
            "00".repeat(32),
            "ab".repeat(32),
        ] {
            assert_eq!(SecretKey::from_hex(&text), Err(InvalidSecretKey), "{text}");
        }
    }
}
