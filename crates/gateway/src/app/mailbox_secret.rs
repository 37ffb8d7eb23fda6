//! What opens a mailbox: a password, or the key that clients of mail.td send in its place.

use bytes::Bytes;
use mayfly_rpc::Failure;
use mayfly_types::{
    ErrorCode, Reason,
    password::{self, LengthError},
};

const KEY_BYTES: usize = 32;

/// The secret of a mailbox, as a client sends it.
pub(crate) enum MailboxSecret {
    Password(String),
    Key([u8; KEY_BYTES]),
}

impl From<String> for MailboxSecret {
    fn from(password: String) -> Self {
        Self::Password(password)
    }
}

impl MailboxSecret {
    /// Reads a key of 64 hexadecimal digits in either case.
    ///
    /// # Errors
    /// `InvalidAuthKey` for anything else.
    pub(crate) fn parse_key(text: &str) -> Result<Self, Failure> {
        let mut key = [0; KEY_BYTES];
        hex::decode_to_slice(text, &mut key).map_err(|_| {
            let message = "auth_key: must be 64 hexadecimal digits";
            Failure::new(ErrorCode::InvalidArgument, Reason::InvalidAuthKey, message)
        })?;
        Ok(Self::Key(key))
    }

    /// Checks the length of a new password. Auth decides; this spares an address from being reserved for a password that auth
    /// refuses.
    ///
    /// # Errors
    /// `PasswordTooShort` or `PasswordTooLong`.
    pub(super) fn check_length(&self) -> Result<(), Failure> {
        let Self::Password(password) = self else {
            return Ok(());
        };
        password::check_length(password, password::MIN_MAILBOX_BYTES).map_err(|error| {
            let reason = match error {
                LengthError::TooShort { .. } => Reason::PasswordTooShort,
                LengthError::TooLong { .. } => Reason::PasswordTooLong,
            };
            Failure::new(ErrorCode::InvalidArgument, reason, format!("password: {error}"))
        })
    }

    /// Returns the password and the key, as auth takes them.
    pub(super) fn into_fields(self) -> (Bytes, Option<Bytes>) {
        match self {
            Self::Password(password) => (password.into(), None),
            Self::Key(key) => (Bytes::new(), Some(Bytes::copy_from_slice(&key))),
        }
    }
}
