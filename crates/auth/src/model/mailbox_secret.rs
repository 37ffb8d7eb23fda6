//! What opens a mailbox: its password, or the key that clients of mail.td derive from password and address, and send in place
//! of the password.

use argon2::Params;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::password::{Memory, Password, StoredPassword};
use crate::error::Error;

const KEY_BYTES: usize = 32;

/// The parameters of mail.td's clients: 16 MiB, three passes, one lane.
const KEY_MEMORY_KIB: u32 = 16_384;
const KEY_PASSES: u32 = 3;
const KEY_LANES: u32 = 1;

/// A key, wiped when dropped. A client can send another secret in its place, so nothing is known of it.
#[derive(Clone)]
pub(crate) struct AuthKey(Zeroizing<[u8; KEY_BYTES]>);

impl AuthKey {
    /// Accepts 32 bytes.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, Error> {
        let key = bytes.try_into();
        let key = key.map_err(|_| Error::InvalidRequest("a key has 32 bytes"))?;
        Ok(Self(Zeroizing::new(key)))
    }

    fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(*self.0).into())
    }
}

/// SHA-256 of a key that was derived here. The key is an output of argon2id, so a fast hash of it reveals nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyHash(pub(crate) [u8; 32]);

/// The salt of the key of a mailbox.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeySalt([u8; 32]);

impl KeySalt {
    /// Returns the salt of a canonical address; `None` for an empty text.
    pub(crate) fn of(address: &str) -> Option<Self> {
        (!address.is_empty()).then(|| Self(Sha256::digest(address).into()))
    }
}

/// What a client presents.
#[derive(Clone)]
pub(crate) enum MailboxSecret {
    Password {
        password: Password,
        /// Unknown from callers of earlier versions.
        salt: Option<KeySalt>,
    },
    Key(AuthKey),
}

/// What is stored of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredSecret {
    /// Of the password, or of the key where the password is not known.
    pub(crate) password: StoredPassword,
    /// Of the key, where the password is known.
    pub(crate) key_hash: Option<KeyHash>,
}

/// The outcome of a verification.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verification {
    Failed,
    Passed {
        /// Replaces what is stored, if that is weak or has no key.
        refreshed: Option<StoredSecret>,
    },
}

impl Memory {
    /// Hashes a secret for storage; with `keeps_key`, the key of a password too.
    pub(crate) fn hash_secret(
        &mut self,
        secret: &MailboxSecret,
        keeps_key: bool,
    ) -> Result<StoredSecret, Error> {
        match secret {
            MailboxSecret::Password { password, salt } => Ok(StoredSecret {
                password: self.hash(password)?,
                key_hash: self.hash_derived_key(password, salt.filter(|_| keeps_key))?,
            }),
            MailboxSecret::Key(key) => Ok(StoredSecret {
                password: self.hash_key(&*key.0)?,
                key_hash: None,
            }),
        }
    }

    /// Compares a secret with what is stored. Without anything stored, and for a key whose hash is fast, it does the work of one
    /// password. Only a password for a mailbox that was made with a key costs more.
    pub(crate) fn verify_secret(
        &mut self,
        secret: &MailboxSecret,
        stored: Option<&StoredSecret>,
        keeps_key: bool,
    ) -> Result<Verification, Error> {
        let hash = stored.map(|stored| &stored.password);
        let hash_of_key = hash.filter(|hash| hash.is_of_key());
        let is_right = match secret {
            MailboxSecret::Password { password, salt } => match (hash_of_key, salt) {
                (None, _) => self.verify(password, hash)?,
                (Some(_), None) => self.verify(password, None)?,
                (Some(hash), Some(salt)) => {
                    let key = self.derive_key(password, salt)?;
                    self.verify_bytes(&*key.0, Some(hash))?
                }
            },
            MailboxSecret::Key(key) => {
                let is_stored = self.verify_bytes(&*key.0, hash_of_key)?;
                let derived = stored.and_then(|stored| stored.key_hash);
                is_stored || derived.is_some_and(|derived| derived.0.ct_eq(&key.hash().0).into())
            }
        };
        match stored {
            Some(stored) if is_right => Ok(Verification::Passed {
                refreshed: self.refresh(secret, stored, keeps_key)?,
            }),
            _ => Ok(Verification::Failed),
        }
    }

    /// Returns what should replace a stored secret that has been verified; `None` if it is as good as a new one.
    fn refresh(
        &mut self,
        secret: &MailboxSecret,
        stored: &StoredSecret,
        keeps_key: bool,
    ) -> Result<Option<StoredSecret>, Error> {
        let MailboxSecret::Password { password, salt } = secret else {
            return Ok(None);
        };
        let lacks_key = keeps_key && salt.is_some() && stored.key_hash.is_none();
        let is_weak = stored.password.is_weak();
        if stored.password.is_of_key() || !(is_weak || lacks_key) {
            return Ok(None);
        }
        let mut refreshed = stored.clone();
        if is_weak {
            refreshed.password = self.hash(password)?;
        }
        if lacks_key {
            refreshed.key_hash = self.hash_derived_key(password, *salt)?;
        }
        Ok(Some(refreshed))
    }

    fn hash_derived_key(
        &mut self,
        password: &Password,
        salt: Option<KeySalt>,
    ) -> Result<Option<KeyHash>, Error> {
        let Some(salt) = salt else { return Ok(None) };
        Ok(Some(self.derive_key(password, &salt)?.hash()))
    }

    /// Derives the key of a password as mail.td's clients do.
    fn derive_key(&mut self, password: &Password, salt: &KeySalt) -> Result<AuthKey, Error> {
        let params = Params::new(KEY_MEMORY_KIB, KEY_PASSES, KEY_LANES, Some(KEY_BYTES))
            .map_err(|_| Error::Defect("argon2 parameters"))?;
        let mut key = AuthKey(Zeroizing::new([0; KEY_BYTES]));
        self.argon2(&params, password.expose(), &salt.0, &mut *key.0)?;
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::password::Owner;

    fn password(text: &str) -> MailboxSecret {
        MailboxSecret::Password {
            password: Password::new(text.as_bytes(), Owner::Mailbox).unwrap(),
            salt: KeySalt::of("user@box.test"),
        }
    }

    fn key(text: &str) -> MailboxSecret {
        MailboxSecret::Key(AuthKey::new(&hex::decode(text).unwrap()).unwrap())
    }

    /// Of the password `secret1` and the address `user@box.test`.
    const KEY: &str = "4810fb138b705e79ea030ad8106ffac5beb84f2eac2b947e561e4084b5cf55d0";
    const OTHER_KEY: &str = "4810fb138b705e79ea030ad8106ffac5beb84f2eac2b947e561e4084b5cf55d1";

    #[test]
    fn verify_secret_accepts_password_and_key_of_either_kind() {
        let mut memory = Memory::default();
        for made_with in [password("secret1"), key(KEY)] {
            let stored = memory.hash_secret(&made_with, true).unwrap();
            for (secret, is_right) in [
                (password("secret1"), true),
                (key(KEY), true),
                (password("secret2"), false),
                (key(OTHER_KEY), false),
            ] {
                let expected = if is_right {
                    Verification::Passed { refreshed: None }
                } else {
                    Verification::Failed
                };
                let verification = memory.verify_secret(&secret, Some(&stored), true).unwrap();
                assert_eq!(verification, expected);
            }
        }
        assert_eq!(
            memory.verify_secret(&key(KEY), None, true).unwrap(),
            Verification::Failed
        );
        assert!(AuthKey::new(&[0; 31]).is_err());
    }

    #[test]
    fn verify_secret_of_mailbox_without_key_adds_it_once() {
        let mut memory = Memory::default();
        let stored = memory.hash_secret(&password("secret1"), false).unwrap();
        assert_eq!(stored.key_hash, None);
        let by_key = memory.verify_secret(&key(KEY), Some(&stored), true).unwrap();
        assert_eq!(by_key, Verification::Failed);
        let off = memory.verify_secret(&password("secret1"), Some(&stored), false);
        assert_eq!(off.unwrap(), Verification::Passed { refreshed: None });
        let verification = memory.verify_secret(&password("secret1"), Some(&stored), true);
        let Verification::Passed {
            refreshed: Some(refreshed),
        } = verification.unwrap()
        else {
            panic!("no key was added")
        };
        assert_eq!(refreshed.password, stored.password);
        for secret in [key(KEY), password("secret1")] {
            let verification = memory.verify_secret(&secret, Some(&refreshed), true);
            assert_eq!(verification.unwrap(), Verification::Passed { refreshed: None });
        }
    }
}
