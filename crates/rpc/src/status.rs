//! The only table between error codes and gRPC statuses. The reason is sent in `google.rpc.ErrorInfo`, the retry delay in
//! `google.rpc.RetryInfo`.

use std::{collections::HashMap, time::Duration};

use mayfly_types::{ErrorCode, Reason, UnknownReason};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

const DOMAIN: &str = "mayfly";

/// A failed call, as its caller gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind of failure.
    pub code: ErrorCode,
    /// Which one.
    pub reason: Reason,
    /// A text for a person, safe to show.
    pub message: String,
    /// When a retry makes sense.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// Creates a failure without a retry delay.
    pub fn new(code: ErrorCode, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            retry_after: None,
        }
    }

    /// A malformed request; the text names what is wrong with it.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidArgument, Reason::InvalidRequest, message)
    }

    /// A credential that is not accepted, whatever the cause.
    #[must_use]
    pub fn invalid_token() -> Self {
        let message = "a valid bearer token is needed";
        Self::new(ErrorCode::Unauthenticated, Reason::InvalidToken, message)
    }

    /// An object that does not exist, or is not the caller's.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, Reason::NotFound, "there is nothing here")
    }

    /// Too many calls of this kind.
    #[must_use]
    pub fn rate_limited(retry_after: Duration) -> Self {
        let message = "too many requests; slow down";
        Self {
            retry_after: Some(retry_after),
            ..Self::new(ErrorCode::RateLimited, Reason::RateLimited, message)
        }
    }

    /// A bound or a dependency that is in the way for now. The text is for the log.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unavailable, Reason::Unavailable, message)
    }

    /// A defect. The text is for the log.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, Reason::Internal, message)
    }

    /// Returns true if the caller's credential is not accepted, and false if that is not known.
    #[must_use]
    pub fn refuses_credential(&self) -> bool {
        matches!(
            self.reason,
            Reason::InvalidToken
                | Reason::TokenExpired
                | Reason::InvalidCredentials
                | Reason::MissingCredential
                | Reason::MailboxGone
                | Reason::AccountSuspended
        )
    }
}

fn code_to_grpc(code: ErrorCode) -> Code {
    match code {
        ErrorCode::InvalidArgument => Code::InvalidArgument,
        ErrorCode::NotFound => Code::NotFound,
        ErrorCode::AlreadyExists => Code::AlreadyExists,
        ErrorCode::Unauthenticated => Code::Unauthenticated,
        ErrorCode::PermissionDenied => Code::PermissionDenied,
        ErrorCode::FailedPrecondition => Code::FailedPrecondition,
        ErrorCode::RateLimited => Code::ResourceExhausted,
        ErrorCode::Unavailable => Code::Unavailable,
        ErrorCode::Timeout => Code::DeadlineExceeded,
        ErrorCode::Internal => Code::Internal,
    }
}

/// The reason that stands for one that is not known.
fn reason_of_code(code: ErrorCode) -> Reason {
    match code {
        ErrorCode::Unavailable => Reason::Unavailable,
        ErrorCode::Timeout => Reason::Timeout,
        ErrorCode::InvalidArgument
        | ErrorCode::NotFound
        | ErrorCode::AlreadyExists
        | ErrorCode::Unauthenticated
        | ErrorCode::PermissionDenied
        | ErrorCode::FailedPrecondition
        | ErrorCode::RateLimited
        | ErrorCode::Internal => Reason::Internal,
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        let mut details = ErrorDetails::with_error_info(failure.reason.as_str(), DOMAIN, HashMap::new());
        if let Some(retry_after) = failure.retry_after {
            details.set_retry_info(Some(retry_after));
        }
        Status::with_error_details(code_to_grpc(failure.code), failure.message, details)
    }
}

impl From<Status> for Failure {
    /// Reads the failure of a Mayfly service. A status without such a reason comes from the transport or a defect. A rejected
    /// *service* credential is also a defect, never the fault of the user.
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let ours = details
            .error_info()
            .filter(|info| info.domain == DOMAIN && info.reason != Reason::ServiceCredential.as_str());
        let retry_after = details.retry_info().and_then(|info| info.retry_delay);
        let Some(ours) = ours else {
            let (code, reason) = match status.code() {
                // A channel that breaks mid-call reports `Unknown` or `Cancelled`.
                Code::Unavailable | Code::Cancelled | Code::Unknown => {
                    (ErrorCode::Unavailable, Reason::Unavailable)
                }
                Code::DeadlineExceeded => (ErrorCode::Timeout, Reason::Timeout),
                _ => (ErrorCode::Internal, Reason::Internal),
            };
            return Self::new(code, reason, status.message());
        };
        let code = ErrorCode::ALL
            .into_iter()
            .find(|code| code_to_grpc(*code) == status.code());
        let code = code.unwrap_or(ErrorCode::Internal);
        let (reason, message) = match ours.reason.parse() {
            Ok(reason) => (reason, status.message().to_owned()),
            // A peer of a later version. Its code says enough to fail safely.
            Err(UnknownReason) => {
                let message = format!("{}: {}", ours.reason, status.message());
                (reason_of_code(code), message)
            }
        };
        Self {
            code,
            reason,
            message,
            retry_after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_round_trips_every_code() {
        for code in ErrorCode::ALL {
            for retry_after in [None, Some(Duration::from_secs(2))] {
                let failure = Failure {
                    retry_after,
                    ..Failure::new(code, Reason::Expired, "text")
                };
                let status = Status::from(failure.clone());
                assert_eq!(Failure::from(status), failure);
            }
        }
    }

    #[test]
    fn status_with_unknown_reason_decodes_to_safe_reason() {
        for (code, expected) in [
            (Code::Unavailable, Reason::Unavailable),
            (Code::DeadlineExceeded, Reason::Timeout),
            (Code::NotFound, Reason::Internal),
            (Code::Internal, Reason::Internal),
        ] {
            let details = ErrorDetails::with_error_info("SOMETHING_NEW", DOMAIN, HashMap::new());
            let failure = Failure::from(Status::with_error_details(code, "text", details));
            assert_eq!(code_to_grpc(failure.code), code);
            assert_eq!(failure.reason, expected);
            assert_eq!(failure.message, "SOMETHING_NEW: text");
        }
    }

    #[test]
    fn status_without_reason_is_unavailable_or_internal() {
        let cases = [
            (Status::unavailable("x"), ErrorCode::Unavailable),
            (Status::deadline_exceeded("x"), ErrorCode::Timeout),
            (Status::unauthenticated("x"), ErrorCode::Internal),
            (Status::not_found("x"), ErrorCode::Internal),
            (
                Failure::new(ErrorCode::Unauthenticated, Reason::ServiceCredential, "x").into(),
                ErrorCode::Internal,
            ),
        ];
        for (status, code) in cases {
            assert_eq!(Failure::from(status).code, code);
        }
    }
}
