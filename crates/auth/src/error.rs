//! The errors of this service. Nothing here knows gRPC or HTTP.

use std::time::Duration;

use mayfly_database::{DatabaseFailure, DbErr, idempotency::Refused};
use mayfly_types::{ErrorCode, InvalidLimits, Reason, TokenScope, password::LengthError};

/// A failed use case.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("invalid request: {0}")]
    InvalidRequest(&'static str),
    #[error("not an e-mail address")]
    InvalidAddress,
    #[error("the password has less than {min_bytes} bytes")]
    PasswordTooShort { min_bytes: usize },
    #[error("the password has more than {max_bytes} bytes")]
    PasswordTooLong { max_bytes: usize },
    #[error("wrong password or unknown account")]
    InvalidCredentials,
    #[error("token refused: {0:?}")]
    InvalidToken(Refusal),
    #[error("the user is suspended")]
    AccountSuspended,
    #[error("the token lacks the scope {scope}")]
    InsufficientScope { scope: TokenScope },
    #[error("a token cannot expire then")]
    InvalidExpiry { max_days: i64 },
    #[error(transparent)]
    InvalidLimits(#[from] InvalidLimits),
    #[error("registration is closed")]
    RegistrationClosed,
    #[error("the e-mail address is taken")]
    EmailTaken,
    #[error("the user has {limit} tokens already")]
    TokenLimitReached { limit: u32 },
    #[error("not found")]
    NotFound,
    #[error(transparent)]
    NotRepeated(#[from] Refused),
    #[error("the hashing queue is full")]
    Overloaded { retry_after: Duration },
    #[error("the service is stopping")]
    Stopping,
    #[error("the database failed: {}", mayfly_database::cause(.0))]
    Database(#[from] DbErr),
    #[error("{0}")]
    Defect(&'static str),
}

/// Why a token was refused: for metrics only, never returned to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The shape, the length, the alphabet or the checksum is wrong.
    Malformed,
    /// The key id is absent or unknown.
    UnknownKey,
    /// The header differs from the one that this service writes.
    Header,
    /// The signature is wrong.
    Signature,
    /// A claim is absent, of the wrong type or out of range.
    Claims,
    /// The token is valid only later.
    NotYetValid,
    /// The token has expired.
    Expired,
    /// The subject was deleted, or its password was reset after the token was issued.
    Superseded,
    /// No such API token was issued.
    UnknownToken,
    /// The API token was revoked.
    Revoked,
    /// The life of the API token has ended.
    TokenExpired,
}

impl Refusal {
    /// Returns the metric label.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::Header => "header",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::UnknownToken => "unknown_token",
            Self::Revoked => "revoked",
            Self::TokenExpired => "token_expired",
        }
    }
}

impl From<LengthError> for Error {
    fn from(error: LengthError) -> Self {
        match error {
            LengthError::TooShort { min_bytes } => Self::PasswordTooShort { min_bytes },
            LengthError::TooLong { max_bytes } => Self::PasswordTooLong { max_bytes },
        }
    }
}

impl DatabaseFailure for Error {
    fn database_error(&self) -> Option<&DbErr> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}

impl Error {
    /// Returns the kind of failure.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidRequest(_)
            | Self::InvalidExpiry { .. }
            | Self::InvalidLimits(_)
            | Self::InvalidAddress
            | Self::PasswordTooShort { .. }
            | Self::PasswordTooLong { .. } => ErrorCode::InvalidArgument,
            Self::InvalidCredentials | Self::InvalidToken(_) => ErrorCode::Unauthenticated,
            Self::AccountSuspended
            | Self::InsufficientScope { .. }
            | Self::RegistrationClosed
            | Self::TokenLimitReached { .. } => ErrorCode::PermissionDenied,
            Self::EmailTaken => ErrorCode::AlreadyExists,
            Self::NotFound => ErrorCode::NotFound,
            Self::NotRepeated(refused) => refused.code(),
            Self::Overloaded { .. } | Self::Stopping => ErrorCode::Unavailable,
            Self::Database(error) => mayfly_database::error_code(error),
            Self::Defect(_) => ErrorCode::Internal,
        }
    }

    /// Returns the machine-readable reason.
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::InvalidRequest(_) | Self::InvalidExpiry { .. } | Self::InvalidLimits(_) => {
                Reason::InvalidRequest
            }
            Self::InvalidAddress => Reason::InvalidAddress,
            Self::PasswordTooShort { .. } => Reason::PasswordTooShort,
            Self::PasswordTooLong { .. } => Reason::PasswordTooLong,
            Self::InvalidCredentials => Reason::InvalidCredentials,
            Self::InvalidToken(Refusal::TokenExpired) => Reason::TokenExpired,
            Self::InvalidToken(_) => Reason::InvalidToken,
            Self::InsufficientScope { .. } => Reason::InsufficientScope,
            Self::AccountSuspended => Reason::AccountSuspended,
            Self::RegistrationClosed => Reason::RegistrationClosed,
            Self::EmailTaken => Reason::EmailTaken,
            Self::TokenLimitReached { .. } => Reason::TokenLimitReached,
            Self::NotFound => Reason::NotFound,
            Self::NotRepeated(refused) => refused.reason(),
            Self::Overloaded { .. } => Reason::Overloaded,
            Self::Stopping => Reason::Unavailable,
            Self::Database(_) | Self::Defect(_) if self.code() == ErrorCode::Unavailable => {
                Reason::Unavailable
            }
            Self::Database(_) | Self::Defect(_) => Reason::Internal,
        }
    }

    /// Returns the message for the caller. It contains no internal detail.
    pub(crate) fn public_message(&self) -> String {
        match self {
            Self::InvalidRequest(problem) => (*problem).to_owned(),
            Self::InvalidAddress => "not a valid e-mail address".to_owned(),
            Self::PasswordTooShort { min_bytes } => format!("the password needs at least {min_bytes} bytes"),
            Self::PasswordTooLong { max_bytes } => format!("the password may have at most {max_bytes} bytes"),
            Self::InvalidCredentials => "the address or the password is wrong".to_owned(),
            Self::InvalidExpiry { max_days } => {
                format!("expires_at: must be from 1 minute to {max_days} days ahead")
            }
            Self::InvalidLimits(problem) => problem.to_string(),
            Self::InvalidToken(Refusal::TokenExpired) => "the token has expired".to_owned(),
            Self::InvalidToken(_) => "the token is not valid".to_owned(),
            Self::InsufficientScope { scope } => format!("the token needs the scope {scope}"),
            Self::AccountSuspended => "this account is suspended".to_owned(),
            Self::RegistrationClosed => "registration is closed".to_owned(),
            Self::EmailTaken => "this e-mail address is registered already".to_owned(),
            Self::TokenLimitReached { limit } => {
                format!("there are {limit} tokens already; revoke one first")
            }
            Self::NotFound => "not found".to_owned(),
            Self::NotRepeated(refused) => refused.to_string(),
            Self::Overloaded { .. } => "too many sign-ins at once; try again".to_owned(),
            Self::Stopping => "the service is stopping".to_owned(),
            Self::Database(_) if self.code() == ErrorCode::Unavailable => {
                "the database is not available".to_owned()
            }
            Self::Database(_) | Self::Defect(_) => "internal error".to_owned(),
        }
    }
}
