//! The bounds on the length of a password, in bytes. The gateway and `auth` apply the same ones.

/// The shortest password of a mailbox.
pub const MIN_MAILBOX_BYTES: usize = 6;

/// The shortest password of a Pro user.
pub const MIN_PRO_USER_BYTES: usize = 8;

/// The longest password.
pub const MAX_BYTES: usize = 256;

/// A password has the wrong length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LengthError {
    /// It has fewer bytes than the minimum.
    #[error("at least {min_bytes} bytes")]
    TooShort {
        /// The minimum.
        min_bytes: usize,
    },
    /// It has more bytes than the maximum.
    #[error("at most {max_bytes} bytes")]
    TooLong {
        /// The maximum.
        max_bytes: usize,
    },
}

/// Checks the length of a password against a minimum and [`MAX_BYTES`].
///
/// # Errors
/// Returns the bound that is violated.
pub fn check_length(password: impl AsRef<[u8]>, min_bytes: usize) -> Result<(), LengthError> {
    match password.as_ref().len() {
        length if length < min_bytes => Err(LengthError::TooShort { min_bytes }),
        length if length > MAX_BYTES => Err(LengthError::TooLong { max_bytes: MAX_BYTES }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_length_counts_bytes_and_includes_both_bounds() {
        assert_eq!(check_length("é".repeat(128), MIN_MAILBOX_BYTES), Ok(()));
        assert_eq!(check_length("123456", MIN_MAILBOX_BYTES), Ok(()));
        assert_eq!(
            check_length("12345", MIN_MAILBOX_BYTES),
            Err(LengthError::TooShort { min_bytes: 6 })
        );
        assert_eq!(
            check_length([b'x'; 257], MIN_MAILBOX_BYTES),
            Err(LengthError::TooLong { max_bytes: 256 })
        );
    }
}
