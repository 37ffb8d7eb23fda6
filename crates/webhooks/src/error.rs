//! Every way in which a use case can fail. Nothing here knows tonic or HTTP.

use std::borrow::Cow;

use mayfly_database::{DatabaseFailure, DbErr, error_code, idempotency::Refused};
use mayfly_search::QueryError;
use mayfly_types::{ErrorCode, Reason};

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The target is malformed or not public.
    #[error("the URL {0}")]
    InvalidUrl(Cow<'static, str>),
    /// The subscription names an event that does not exist.
    #[error("there is only the event email.received")]
    InvalidEvents,
    /// The filter is not understood.
    #[error("the filter: {0}, at character {position}", position = .0.position)]
    InvalidFilter(QueryError),
    /// The Pro user has as many webhooks as allowed.
    #[error("no more webhooks are allowed")]
    LimitReached,
    /// The webhook is `failed`.
    #[error("the webhook has failed, and nothing is sent to it: rotate its secret first")]
    WebhookFailed,
    /// The Pro user has no such webhook or attempt.
    #[error("there is no such object")]
    NotFound,
    /// The idempotency key is known, and its answer is not returned.
    #[error(transparent)]
    NotRepeated(#[from] Refused),
    /// The process stops.
    #[error("the service is stopping")]
    Stopping,
    /// The database failed.
    #[error("the database failed: {}", mayfly_database::cause(.0))]
    Database(#[from] DbErr),
    /// A defect of this crate or its configuration.
    #[error("{0}")]
    Defect(&'static str),
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
    /// Returns what kind of failure it is.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidUrl(_) | Self::InvalidEvents | Self::InvalidFilter(_) | Self::WebhookFailed => {
                ErrorCode::InvalidArgument
            }
            Self::LimitReached => ErrorCode::PermissionDenied,
            Self::NotFound => ErrorCode::NotFound,
            Self::NotRepeated(refused) => refused.code(),
            Self::Stopping => ErrorCode::Unavailable,
            Self::Database(error) => error_code(error),
            Self::Defect(_) => ErrorCode::Internal,
        }
    }

    /// Returns the stable name that callers branch on.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::InvalidUrl(_) => Reason::InvalidUrl,
            Self::InvalidEvents => Reason::InvalidEvents,
            Self::InvalidFilter(_) => Reason::InvalidQuery,
            Self::WebhookFailed => Reason::InvalidRequest,
            Self::LimitReached => Reason::WebhookLimitReached,
            Self::NotFound => Reason::NotFound,
            Self::NotRepeated(refused) => refused.reason(),
            Self::Stopping => Reason::Unavailable,
            Self::Database(_) | Self::Defect(_) => match self.code() {
                ErrorCode::Unavailable => Reason::Unavailable,
                _ => Reason::Internal,
            },
        }
    }
}
