//! The closed list of error codes. Adding one needs an ADR.

/// The kind of a failure. `mayfly_rpc::status` maps it to gRPC, the gateway to HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The request is invalid and cannot succeed unchanged.
    InvalidArgument,
    /// The object does not exist, or belongs to another owner.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// The credential is absent, wrong or no longer valid.
    Unauthenticated,
    /// The credential is valid, but lacks permission.
    PermissionDenied,
    /// The object is in a state that forbids the request.
    FailedPrecondition,
    /// The caller exceeds a rate limit.
    RateLimited,
    /// A dependency is down or overloaded; a retry may succeed.
    Unavailable,
    /// The deadline passed; the outcome is unknown.
    Timeout,
    /// A defect. The answer contains no details.
    Internal,
}

impl ErrorCode {
    /// Every code, for tables that must cover them all.
    pub const ALL: [Self; 10] = [
        Self::InvalidArgument,
        Self::NotFound,
        Self::AlreadyExists,
        Self::Unauthenticated,
        Self::PermissionDenied,
        Self::FailedPrecondition,
        Self::RateLimited,
        Self::Unavailable,
        Self::Timeout,
        Self::Internal,
    ];

    /// Returns the stable lower-case name, used as a metric label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permission_denied",
            Self::FailedPrecondition => "failed_precondition",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
        }
    }
}
