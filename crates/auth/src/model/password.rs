//! Passwords as bytes, and the versioned format of their hashes.

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::phc::{Output, ParamsString, Salt},
};
use mayfly_types::{password, random_bytes};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::error::Error;

const HASH_BYTES: usize = 32;
const SALT_BYTES: usize = 16;

/// OWASP's recommendation for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The scheme of stored hashes: argon2id over the plain password, as a PHC string. A pepper or another function would be a third.
const ARGON2ID: i16 = 1;

/// The same over a key of mail.td.
const ARGON2ID_OF_KEY: i16 = 2;

/// Whose password it is: the minimum lengths differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Mailbox,
    ProUser,
}

/// A plain password, wiped when dropped.
#[derive(Clone)]
pub(crate) struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// Accepts a new password.
    pub(crate) fn new(bytes: &[u8], owner: Owner) -> Result<Self, Error> {
        let min_bytes = match owner {
            Owner::Mailbox => password::MIN_MAILBOX_BYTES,
            Owner::ProUser => password::MIN_PRO_USER_BYTES,
        };
        password::check_length(bytes, min_bytes)?;
        Ok(Self::wrap(bytes))
    }

    /// Accepts a password to verify. A short one is verified like any other, and is always wrong.
    pub(crate) fn guess(bytes: &[u8]) -> Result<Self, Error> {
        password::check_length(bytes, 0)?;
        Ok(Self::wrap(bytes))
    }

    fn wrap(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// A stored password hash: a scheme, and a PHC string with all parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredPassword {
    pub(crate) scheme: i16,
    pub(crate) phc: String,
}

impl StoredPassword {
    /// Returns whether a new hash would have stronger parameters. A hash in an unknown format is not replaced.
    pub(crate) fn is_weak(&self) -> bool {
        self.read()
            .is_ok_and(|(params, _, _)| params.m_cost() < MEMORY_KIB || params.t_cost() < PASSES)
    }

    /// Returns whether a key was hashed, and not a password.
    pub(super) fn is_of_key(&self) -> bool {
        self.scheme == ARGON2ID_OF_KEY
    }

    fn read(&self) -> Result<(Params, Salt, Output), Error> {
        let unreadable = || Error::Defect("a stored password hash cannot be read");
        if ![ARGON2ID, ARGON2ID_OF_KEY].contains(&self.scheme) {
            return Err(Error::Defect("a stored password hash has an unknown scheme"));
        }
        let hash = PasswordHash::new(&self.phc).map_err(|_| unreadable())?;
        let is_ours = hash.algorithm.as_str() == Algorithm::Argon2id.as_str()
            && hash.version == Some(Version::V0x13.into());
        let params = Params::try_from(&hash).map_err(|_| unreadable())?;
        match (is_ours, hash.salt, hash.hash) {
            (true, Some(salt), Some(output)) => Ok((params, salt, output)),
            _ => Err(unreadable()),
        }
    }
}

/// The memory of one hashing thread, kept between hashes: a new allocation of 19 MiB costs about a tenth of a hash.
#[derive(Default)]
pub(crate) struct Memory {
    blocks: Vec<Block>,
    is_dirty: bool,
}

impl Memory {
    /// Hashes a password with a new salt and the current parameters.
    pub(crate) fn hash(&mut self, password: &Password) -> Result<StoredPassword, Error> {
        self.hash_bytes(password.expose(), ARGON2ID)
    }

    /// Hashes a key with a new salt and the current parameters.
    pub(super) fn hash_key(&mut self, key: &[u8]) -> Result<StoredPassword, Error> {
        self.hash_bytes(key, ARGON2ID_OF_KEY)
    }

    fn hash_bytes(&mut self, secret: &[u8], scheme: i16) -> Result<StoredPassword, Error> {
        let params = current_params()?;
        let salt: [u8; SALT_BYTES] = random_bytes();
        let mut output = [0; HASH_BYTES];
        self.argon2(&params, secret, &salt, &mut output)?;
        let failed = |_| Error::Defect("a password hash cannot be written");
        let hash = PasswordHash {
            algorithm: argon2::ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(|_| Error::Defect("argon2 parameters"))?,
            salt: Some(Salt::new(&salt).map_err(failed)?),
            hash: Some(Output::new(&output).map_err(failed)?),
        };
        Ok(StoredPassword {
            scheme,
            phc: hash.to_string(),
        })
    }

    /// Compares a password with a stored hash. Without one it does the same work and returns false.
    pub(crate) fn verify(
        &mut self,
        password: &Password,
        stored: Option<&StoredPassword>,
    ) -> Result<bool, Error> {
        self.verify_bytes(password.expose(), stored)
    }

    /// As [`Memory::verify`], for a key too.
    pub(super) fn verify_bytes(
        &mut self,
        secret: &[u8],
        stored: Option<&StoredPassword>,
    ) -> Result<bool, Error> {
        let Some(stored) = stored else {
            let mut output = [0; HASH_BYTES];
            self.argon2(&current_params()?, secret, &[0; SALT_BYTES], &mut output)?;
            return Ok(false);
        };
        let (params, salt, expected) = stored.read()?;
        let mut output = Zeroizing::new(vec![0; expected.as_bytes().len()]);
        self.argon2(&params, secret, &salt, &mut output)?;
        Ok(expected.as_bytes().ct_eq(&output).into())
    }

    /// Returns whether a hash has left traces of a password here.
    pub(crate) fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    /// Overwrites the traces. The next hash overwrites them too, so only an idle thread needs this.
    pub(crate) fn wipe(&mut self) {
        self.blocks.iter_mut().for_each(Zeroize::zeroize);
        self.is_dirty = false;
    }

    pub(super) fn argon2(
        &mut self,
        params: &Params,
        secret: &[u8],
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), Error> {
        let blocks = params.block_count();
        if self.blocks.len() < blocks {
            self.blocks.resize(blocks, Block::new());
        }
        self.is_dirty = true;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
            .hash_password_into_with_memory(secret, salt, output, &mut self.blocks[..blocks])
            .map_err(|_| Error::Defect("argon2 refused its input"))
    }
}

fn current_params() -> Result<Params, Error> {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).map_err(|_| Error::Defect("argon2 parameters"))
}

#[cfg(test)]
mod tests {
    use argon2::{CustomizedPasswordHasher, PasswordVerifier};

    use super::*;

    #[test]
    fn new_password_length_is_bounded_in_bytes() {
        for (bytes, owner, is_ok) in [
            (5, Owner::Mailbox, false),
            (6, Owner::Mailbox, true),
            (256, Owner::Mailbox, true),
            (257, Owner::Mailbox, false),
            (7, Owner::ProUser, false),
            (8, Owner::ProUser, true),
            (256, Owner::ProUser, true),
            (257, Owner::ProUser, false),
            (1 << 20, Owner::ProUser, false),
        ] {
            assert_eq!(
                Password::new(&vec![b'x'; bytes], owner).is_ok(),
                is_ok,
                "{bytes} {owner:?}"
            );
        }
        assert!(Password::guess(b"").is_ok());
        assert!(Password::guess(&[0; 257]).is_err());
        assert!(
            Password::new("😀😀".as_bytes(), Owner::ProUser).is_ok(),
            "8 bytes, 2 characters"
        );
    }

    #[test]
    fn hash_is_standard_argon2id_and_matches_only_its_password() {
        let mut memory = Memory::default();
        let password = Password::new(b" p\xffss w\0rd ", Owner::Mailbox).unwrap();
        let stored = memory.hash(&password).unwrap();
        assert_eq!(stored.scheme, 1);
        assert!(
            stored.phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            stored.phc
        );
        let hash = PasswordHash::new(&stored.phc).unwrap();
        assert!(
            Argon2::default()
                .verify_password(b" p\xffss w\0rd ", &hash)
                .is_ok()
        );
        assert!(memory.verify(&password, Some(&stored)).unwrap());
        assert!(!stored.is_weak());
        for other in [&b"p\xffss w\0rd"[..], b" p\xffss w\0rd", b" p\xffss w", b""] {
            assert!(
                !memory
                    .verify(&Password::guess(other).unwrap(), Some(&stored))
                    .unwrap()
            );
        }
        assert!(!memory.verify(&password, None).unwrap());
        assert_ne!(memory.hash(&password).unwrap(), stored, "a new salt each time");
        memory.wipe();
        assert!(!memory.is_dirty());
        assert!(
            memory
                .blocks
                .iter()
                .all(|block| block.as_ref().iter().all(|word| *word == 0))
        );
    }

    #[test]
    fn weak_hash_matches_and_is_reported_weak() {
        let params = Params::new(64, 1, 1, None).unwrap();
        let hash = Argon2::default()
            .hash_password_customized(b"password", &[7; 16], None, None, params)
            .unwrap();
        let stored = StoredPassword {
            scheme: 1,
            phc: hash.to_string(),
        };
        let mut memory = Memory::default();
        assert!(stored.is_weak());
        assert!(
            memory
                .verify(&Password::guess(b"password").unwrap(), Some(&stored))
                .unwrap()
        );
        let unknown = StoredPassword { scheme: 9, ..stored };
        assert!(!unknown.is_weak());
        assert!(
            memory
                .verify(&Password::guess(b"password").unwrap(), Some(&unknown))
                .is_err()
        );
    }
}
