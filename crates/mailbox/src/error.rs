//! The failures of calls, without tonic or HTTP.

use std::{sync::Arc, time::Duration};

use mayfly_database::{DatabaseFailure, DbErr, idempotency::Refused};
use mayfly_types::{ErrorCode, Reason};

/// Space becomes free with retention, not within seconds.
const STORAGE_RETRY: Duration = Duration::from_secs(60);

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    InvalidRequest(&'static str),
    #[error(transparent)]
    InvalidQuery(mayfly_search::QueryError),
    #[error("the address has the wrong syntax")]
    InvalidAddress,
    #[error("this name is reserved for the operator")]
    ReservedAddress,
    #[error("no mail is taken for this domain")]
    InvalidDomain,
    #[error("no attachment has this index")]
    InvalidIndex,
    #[error(transparent)]
    Webhooks(#[from] mayfly_webhooks::Error),
    #[error("the message is larger than can be taken")]
    MessageTooLarge,
    #[error("the address is taken")]
    AddressTaken,
    #[error("somebody has verified this domain")]
    DomainAlreadyExists,
    #[error("no more domains are allowed")]
    DomainLimitReached,
    #[error("the domain was not verified within seven days; add it again")]
    DomainExpired,
    #[error("no more sandboxes are allowed")]
    SandboxLimitReached,
    #[error("no more mailboxes are allowed")]
    AccountLimitReached,
    #[error("the reservation has lapsed")]
    ReservationExpired,
    #[error("there is no such object")]
    NotFound,
    #[error(transparent)]
    NotRepeated(#[from] Refused),
    #[error("this account is suspended")]
    AccountSuspended,
    #[error("the user of this mailbox is suspended; resume the user")]
    OwnerSuspended,
    #[error("mail from this sender or client, or to this address, is blocked")]
    Blocked,
    #[error("the mailbox is gone")]
    MailboxGone,
    #[error("the message is past its retention")]
    Expired,
    #[error("the mailbox is full")]
    MailboxFull,
    #[error("the mailbox has received enough mail today")]
    ReceivedEnough,
    #[error("the server has no room for more mail")]
    StorageFull,
    #[error("too many messages arrive at once")]
    Overloaded,
    #[error("too many large messages are read at once")]
    ReadsOverloaded,
    #[error("the service is stopping")]
    Stopping,
    #[error(
        "the store of large messages belongs to another database: give this one a directory, bucket or prefix of its own. If \
         it replaces the other, as after a restore, stop the other, delete {0} and start again"
    )]
    ForeignBlobs(String),
    #[error("the store of large messages failed: {0}")]
    Blob(String),
    #[error("the bytes of this message are missing in the store of large messages")]
    BlobMissing,
    #[error("the database failed: {}", mayfly_database::cause(.0))]
    Database(#[from] DbErr),
    /// The failure of a commit of several deliveries; each of them returns it.
    #[error("{0}")]
    Batch(Arc<Error>),
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
    /// Returns the code of the failure.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidRequest(_)
            | Self::InvalidQuery(_)
            | Self::InvalidAddress
            | Self::ReservedAddress
            | Self::InvalidDomain
            | Self::InvalidIndex
            | Self::MessageTooLarge => ErrorCode::InvalidArgument,
            Self::AddressTaken | Self::DomainAlreadyExists => ErrorCode::AlreadyExists,
            Self::AccountLimitReached
            | Self::SandboxLimitReached
            | Self::DomainLimitReached
            | Self::AccountSuspended
            | Self::Blocked => ErrorCode::PermissionDenied,
            Self::Webhooks(error) => error.code(),
            Self::ReservationExpired
            | Self::Expired
            | Self::DomainExpired
            | Self::MailboxFull
            | Self::OwnerSuspended => ErrorCode::FailedPrecondition,
            Self::NotRepeated(refused) => refused.code(),
            Self::NotFound | Self::MailboxGone => ErrorCode::NotFound,
            Self::ReceivedEnough => ErrorCode::RateLimited,
            Self::StorageFull
            | Self::Overloaded
            | Self::ReadsOverloaded
            | Self::Stopping
            | Self::ForeignBlobs(_)
            | Self::Blob(_)
            | Self::BlobMissing => ErrorCode::Unavailable,
            Self::Database(error) => mayfly_database::error_code(error),
            Self::Batch(error) => error.code(),
            Self::Defect(_) => ErrorCode::Internal,
        }
    }

    /// Returns the stable name that callers branch on.
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::InvalidRequest(_) => Reason::InvalidRequest,
            Self::InvalidQuery(_) => Reason::InvalidQuery,
            Self::InvalidAddress | Self::ReservedAddress => Reason::InvalidAddress,
            Self::InvalidDomain => Reason::InvalidDomain,
            Self::InvalidIndex => Reason::InvalidIndex,
            Self::Webhooks(error) => error.reason(),
            Self::MessageTooLarge => Reason::MessageTooLarge,
            Self::DomainAlreadyExists => Reason::DomainAlreadyExists,
            Self::DomainLimitReached => Reason::DomainLimitReached,
            Self::DomainExpired => Reason::DomainExpired,
            Self::AddressTaken => Reason::AddressTaken,
            Self::AccountLimitReached => Reason::AccountLimitReached,
            Self::SandboxLimitReached => Reason::SandboxLimitReached,
            Self::ReservationExpired => Reason::ReservationExpired,
            Self::NotFound => Reason::NotFound,
            Self::NotRepeated(refused) => refused.reason(),
            Self::AccountSuspended | Self::OwnerSuspended => Reason::AccountSuspended,
            Self::Blocked => Reason::Blocked,
            Self::MailboxGone => Reason::MailboxGone,
            Self::Expired => Reason::Expired,
            Self::MailboxFull => Reason::MailboxFull,
            Self::ReceivedEnough => Reason::RateLimited,
            Self::StorageFull => Reason::StorageFull,
            Self::Overloaded | Self::ReadsOverloaded => Reason::Overloaded,
            Self::Stopping | Self::ForeignBlobs(_) | Self::Blob(_) | Self::BlobMissing => Reason::Unavailable,
            Self::Batch(error) => error.reason(),
            Self::Database(error) if mayfly_database::is_disk_full(error) => Reason::StorageFull,
            Self::Database(_) | Self::Defect(_) => match self.code() {
                ErrorCode::Unavailable => Reason::Unavailable,
                _ => Reason::Internal,
            },
        }
    }

    /// Returns the message for clients.
    pub(crate) fn public_message(&self) -> String {
        match self.code() {
            ErrorCode::Internal => "internal error".to_owned(),
            ErrorCode::Unavailable if self.is_of_store() => "the mail store is not available".to_owned(),
            _ => self.to_string(),
        }
    }

    fn is_of_store(&self) -> bool {
        matches!(
            self,
            Self::ForeignBlobs(_)
                | Self::Blob(_)
                | Self::Database(_)
                | Self::Batch(_)
                | Self::Webhooks(mayfly_webhooks::Error::Database(_))
        )
    }

    /// Returns when to retry.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match (self.reason(), self.code()) {
            (Reason::StorageFull, _) => Some(STORAGE_RETRY),
            (_, ErrorCode::Unavailable) => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_error_hides_details_and_retry_time() {
        for error in [
            Error::Database(DbErr::Custom("SELECT secret".to_owned())),
            Error::Defect("secret"),
        ] {
            assert_eq!(error.code(), ErrorCode::Internal);
            assert_eq!(error.reason(), Reason::Internal);
            assert_eq!(error.public_message(), "internal error");
            assert_eq!(error.retry_after(), None);
        }
        assert_eq!(Error::Overloaded.code(), ErrorCode::Unavailable);
        assert!(Error::Overloaded.retry_after().is_some());
    }
}
