//! The only table between error codes and gRPC statuses. The reason is sent in `google.rpc.ErrorInfo`, the retry delay in
//! `google.rpc.RetryInfo`.

use std::{collections::HashMap, time::Duration};

use mayfly_types::{ErrorCode, reason};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

const DOMAIN: &str = "mayfly";

/// A failed call, as its caller gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind of failure.
    pub code: ErrorCode,
    /// The exact failure: a constant of `mayfly_types::reason`.
    pub reason: String,
    /// A message for people, safe to show.
    pub message: String,
    /// When a retry makes sense.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// Creates a failure without a retry delay.
    pub fn new(code: ErrorCode, reason: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.to_owned(),
            message: message.into(),
            retry_after: None,
        }
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

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        let mut details = ErrorDetails::with_error_info(failure.reason, DOMAIN, HashMap::new());
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
            .filter(|info| info.domain == DOMAIN && info.reason != reason::SERVICE_CREDENTIAL);
        let retry_after = details.retry_info().and_then(|info| info.retry_delay);
        let Some(ours) = ours else {
            let (code, reason) = match status.code() {
                // A channel that breaks mid-call reports `Unknown` or `Cancelled`.
                Code::Unavailable | Code::Cancelled | Code::Unknown => {
                    (ErrorCode::Unavailable, reason::UNAVAILABLE)
                }
                Code::DeadlineExceeded => (ErrorCode::Timeout, reason::TIMEOUT),
                _ => (ErrorCode::Internal, reason::INTERNAL),
            };
            return Self::new(code, reason, status.message());
        };
        let code = ErrorCode::ALL
            .into_iter()
            .find(|code| code_to_grpc(*code) == status.code());
        Self {
            code: code.unwrap_or(ErrorCode::Internal),
            reason: ours.reason.clone(),
            message: status.message().to_owned(),
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
                    ..Failure::new(code, reason::EXPIRED, "text")
                };
                let status = Status::from(failure.clone());
                assert_eq!(Failure::from(status), failure);
            }
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
                Failure::new(ErrorCode::Unauthenticated, reason::SERVICE_CREDENTIAL, "x").into(),
                ErrorCode::Internal,
            ),
        ];
        for (status, code) in cases {
            assert_eq!(Failure::from(status).code, code);
        }
    }
}
