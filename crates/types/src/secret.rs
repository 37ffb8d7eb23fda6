//! Secrets that print as nothing, and the randomness that they are made of.

use std::fmt;

use rand::{TryRngCore, rngs::OsRng};
use secrecy::{ExposeSecret, SecretBox, zeroize::Zeroize};
use subtle::ConstantTimeEq;

/// Fills an array from the operating system's random generator.
///
/// # Panics
/// When the operating system has no randomness to give: nothing safe can be done without it.
#[must_use]
#[expect(clippy::expect_used, reason = "no secret may ever be made without randomness")]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system gives random bytes");
    bytes
}

/// A key of 32 bytes, written as 64 hex digits. `Debug` hides it; comparing takes constant time.
pub struct SecretKey(SecretBox<[u8; 32]>);

impl SecretKey {
    /// Makes a random key.
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

    /// Reads 64 hex digits, white space around them allowed.
    ///
    /// # Errors
    /// Says what is wrong without repeating any of the text.
    pub fn from_hex(text: &str) -> Result<Self, InvalidSecretKey> {
        let text = text.trim().as_bytes();
        if text.len() != 64 {
            return Err(InvalidSecretKey);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16).ok_or(InvalidSecretKey)?;
            let low = char::from(pair[1]).to_digit(16).ok_or(InvalidSecretKey)?;
            *byte = u8::try_from(high * 16 + low).map_err(|_| InvalidSecretKey)?;
        }
        // A key of one repeated byte is an example that somebody copied, never a random one.
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
        self.expose().iter().map(|byte| format!("{byte:02x}")).collect()
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
    fn a_key_survives_hex_and_hides_in_debug() {
        let key = SecretKey::random();
        assert_eq!(SecretKey::from_hex(&key.to_hex()), Ok(key.clone()));
        assert!(!format!("{key:?}").contains(&key.to_hex()[..8]));
    }

    #[test]
    fn short_long_foreign_and_example_keys_are_refused() {
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
