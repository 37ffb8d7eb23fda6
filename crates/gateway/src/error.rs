//! The only table from failed calls to HTTP answers, and the envelope that they come in.

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};
use serde::Serialize;
use utoipa::ToSchema;

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// A stable code to branch on.
    error: &'static str,
    /// A text for a person.
    message: String,
}

/// An error as a client sees it.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<Duration>,
    challenge: Option<&'static str>,
    /// For the access log alone.
    detail: Option<String>,
}

/// What went wrong inside, handed to the access log with the response.
#[derive(Debug, Clone)]
pub(crate) struct ErrorDetail(pub(crate) String);

const CHALLENGE: &str = "Bearer realm=\"mayfly\"";
const CHALLENGE_INVALID: &str = "Bearer realm=\"mayfly\", error=\"invalid_token\"";

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after: None,
            challenge: None,
            detail: None,
        }
    }

    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    pub(crate) fn invalid_index() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_index",
            "no attachment has this index",
        )
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
    }

    pub(crate) fn payload_too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            "the body is larger than 1 MiB",
        )
    }

    pub(crate) fn rate_limited(retry_after: Duration) -> Self {
        let error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "too many requests; slow down",
        );
        Self {
            retry_after: Some(retry_after),
            ..error
        }
    }

    /// A request without any credential: RFC 6750 gives no error code in the challenge then.
    pub(crate) fn no_credential() -> Self {
        Self {
            challenge: Some(CHALLENGE),
            ..Self::invalid_token()
        }
    }

    /// One answer for every token that is not accepted, whatever the cause.
    pub(crate) fn invalid_token() -> Self {
        let error = Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "a valid bearer token is needed",
        );
        Self {
            challenge: Some(CHALLENGE_INVALID),
            ..error
        }
    }

    /// Tells whether the caller's credential is not accepted, as opposed to not judged.
    pub(crate) fn is_refusal(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// A page of another origin asked for a WebSocket.
    pub(crate) fn origin_not_allowed() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "origin_not_allowed",
            "pages of this origin may not open WebSockets here",
        )
    }

    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        let error = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "something went wrong on our side",
        );
        Self {
            detail: Some(detail.into()),
            ..error
        }
    }

    fn invalid_credentials() -> Self {
        let error = Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_credentials",
            "the address or the password is wrong",
        );
        Self {
            challenge: Some(CHALLENGE),
            ..error
        }
    }

    /// A bound or a dependency of this gateway's own stands in the way for now; what it is goes to the access log.
    pub(crate) fn out_of(detail: &str) -> Self {
        Self::unavailable(&Failure::new(ErrorCode::Unavailable, Reason::Unavailable, detail))
    }

    fn unavailable(failure: &Failure) -> Self {
        let error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "try again shortly",
        );
        let detail = Some(format!("{}: {}", failure.reason, failure.message));
        Self {
            retry_after: Some(failure.retry_after.unwrap_or(Duration::from_secs(1))),
            detail,
            ..error
        }
    }
}

impl From<tonic::Status> for ApiError {
    fn from(status: tonic::Status) -> Self {
        Failure::from(status).into()
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        use StatusCode as S;
        let (status, code) = match failure.reason {
            Reason::InvalidRequest => (S::BAD_REQUEST, "invalid_request"),
            Reason::InvalidAddress => (S::BAD_REQUEST, "invalid_address"),
            Reason::InvalidDomain => (S::BAD_REQUEST, "invalid_domain"),
            Reason::PasswordTooShort => (S::BAD_REQUEST, "password_too_short"),
            Reason::PasswordTooLong => (S::BAD_REQUEST, "password_too_long"),
            Reason::InvalidIndex => return Self::invalid_index(),
            Reason::InvalidCredentials => return Self::invalid_credentials(),
            Reason::InvalidToken | Reason::MailboxGone => return Self::invalid_token(),
            Reason::AccountLimitReached => (S::FORBIDDEN, "account_limit_reached"),
            Reason::DomainLimitReached => (S::FORBIDDEN, "domain_limit_reached"),
            Reason::DomainAlreadyExists => (S::CONFLICT, "domain_already_exists"),
            Reason::DomainExpired => (S::GONE, "domain_expired"),
            Reason::TokenLimitReached => (S::FORBIDDEN, "token_limit_reached"),
            Reason::WebhookLimitReached => (S::FORBIDDEN, "webhook_limit_reached"),
            Reason::InvalidUrl => (S::BAD_REQUEST, "invalid_url"),
            Reason::InvalidEvents => (S::BAD_REQUEST, "invalid_events"),
            Reason::RegistrationClosed => (S::FORBIDDEN, "registration_closed"),
            Reason::IdempotencyKeyReused => (S::UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
            Reason::IdempotencyAnswerGone => (S::GONE, "idempotency_answer_gone"),
            Reason::NotFound => return Self::not_found(),
            Reason::AddressTaken => (S::CONFLICT, "address_taken"),
            Reason::EmailTaken => (S::CONFLICT, "email_taken"),
            Reason::Expired => (S::GONE, "expired"),
            Reason::RateLimited => {
                return Self::rate_limited(failure.retry_after.unwrap_or(Duration::from_secs(1)));
            }
            Reason::Overloaded | Reason::Unavailable | Reason::Timeout | Reason::ReservationExpired => {
                return Self::unavailable(&failure);
            }
            _ if failure.code == ErrorCode::Unavailable || failure.code == ErrorCode::Timeout => {
                return Self::unavailable(&failure);
            }
            _ => return Self::internal(format!("{}: {}", failure.reason, failure.message)),
        };
        Self::new(status, code, failure.message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (
            self.status,
            Json(ErrorBody {
                error: self.code,
                message: self.message,
            }),
        )
            .into_response();
        let headers = response.headers_mut();
        if let Some(wait) = self.retry_after {
            let secs = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs.max(1)));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(detail) = self.detail {
            response.extensions_mut().insert(ErrorDetail(detail));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn answer(failure: Failure) -> (u16, String) {
        let response = ApiError::from(failure).into_response();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_defect_tells_nothing() {
        let mut bodies = Vec::new();
        for code in ErrorCode::ALL {
            bodies.push(answer(Failure::new(code, Reason::Internal, "SELECT secret FROM t")).await);
        }
        for (code, (status, body)) in ErrorCode::ALL.into_iter().zip(bodies) {
            assert!(!body.contains("SELECT"), "{body}");
            let expected = if matches!(code, ErrorCode::Unavailable | ErrorCode::Timeout) {
                503
            } else {
                500
            };
            assert_eq!(status, expected);
        }
    }

    #[tokio::test]
    async fn statuses_are_those_of_the_contract() {
        let table = [
            (Reason::InvalidAddress, 400, "invalid_address"),
            (Reason::InvalidCredentials, 401, "invalid_credentials"),
            (Reason::MailboxGone, 401, "invalid_token"),
            (Reason::AccountLimitReached, 403, "account_limit_reached"),
            (Reason::NotFound, 404, "not_found"),
            (Reason::AddressTaken, 409, "address_taken"),
            (Reason::Expired, 410, "expired"),
            (Reason::IdempotencyAnswerGone, 410, "idempotency_answer_gone"),
            (Reason::IdempotencyKeyReused, 422, "idempotency_key_reused"),
            (Reason::RateLimited, 429, "rate_limited"),
            (Reason::Overloaded, 503, "unavailable"),
        ];
        for (reason, status, code) in table {
            let (found, body) = answer(Failure::new(ErrorCode::NotFound, reason, "text")).await;
            assert_eq!(found, status, "{reason}");
            assert!(
                body.starts_with(&format!("{{\"error\":\"{code}\",\"message\":")),
                "{body}"
            );
        }
    }
}
