//! The closed list of ways in which a call can fail. Adding one is an ADR.

/// What kind of failure a caller sees; how it travels is `mayfly_rpc::status`, how it looks in HTTP is the gateway's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The request can never succeed as it stands.
    InvalidArgument,
    /// The object does not exist, or is not the caller's.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// The credential is absent, wrong or no longer valid.
    Unauthenticated,
    /// The credential is good, and not enough.
    PermissionDenied,
    /// The object is in a state that forbids the request.
    FailedPrecondition,
    /// The caller asks too often.
    RateLimited,
    /// A dependency is down or too busy; trying later may succeed.
    Unavailable,
    /// The deadline passed; what happened is unknown.
    Timeout,
    /// A defect. Nothing about it is told.
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

    /// Returns the code's stable lower-case name, used as a metric label.
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
