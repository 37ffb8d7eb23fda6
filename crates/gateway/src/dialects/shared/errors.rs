//! The one table from failures to statuses and bodies of the bearer API.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};
use serde::Serialize;
use utoipa::ToSchema;

use crate::edge::failure::{ErrorDetail, ErrorPosition, ResourceMetadata, retry_after_secs};

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// A stable code to branch on.
    pub(crate) error: &'static str,
    /// A text for a person.
    pub(crate) message: String,
    /// Of `invalid_query`: where the error is, in characters from the start of the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<usize>,
}

const CHALLENGE: &str = "Bearer realm=\"mayfly\"";
const CHALLENGE_INVALID: &str = "Bearer realm=\"mayfly\", error=\"invalid_token\"";

/// How one failure is answered.
struct Answer {
    status: StatusCode,
    code: &'static str,
    /// In place of the failure's own message, which may describe what happened inside.
    message: Option<&'static str>,
    challenge: Option<&'static str>,
}

impl Answer {
    const fn new(status: StatusCode, code: &'static str) -> Self {
        Self {
            status,
            code,
            message: None,
            challenge: None,
        }
    }

    const fn saying(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self {
            message: Some(message),
            ..Self::new(status, code)
        }
    }

    const fn challenging(code: &'static str, message: &'static str, challenge: &'static str) -> Self {
        Self {
            challenge: Some(challenge),
            ..Self::saying(StatusCode::UNAUTHORIZED, code, message)
        }
    }

    /// One answer for every token that is not accepted, whatever the cause. RFC 6750 gives no error code in the challenge
    /// to a request without any.
    const fn invalid_token(challenge: &'static str) -> Self {
        Self::challenging("invalid_token", "a valid bearer token is needed", challenge)
    }

    const fn unavailable() -> Self {
        Self::saying(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "try again shortly",
        )
    }

    const fn internal() -> Self {
        Self::saying(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "something went wrong on our side",
        )
    }
}

fn answer(failure: &Failure) -> Answer {
    use StatusCode as S;
    match failure.reason {
        Reason::InvalidRequest => Answer::new(S::BAD_REQUEST, "invalid_request"),
        Reason::InvalidAddress => Answer::new(S::BAD_REQUEST, "invalid_address"),
        Reason::InvalidDomain => Answer::new(S::BAD_REQUEST, "invalid_domain"),
        Reason::PasswordTooShort => Answer::new(S::BAD_REQUEST, "password_too_short"),
        Reason::PasswordTooLong => Answer::new(S::BAD_REQUEST, "password_too_long"),
        Reason::InvalidAuthKey => Answer::new(S::BAD_REQUEST, "invalid_auth_key"),
        Reason::InvalidQuery => Answer::new(S::BAD_REQUEST, "invalid_query"),
        Reason::InvalidSince => Answer::new(S::BAD_REQUEST, "invalid_since"),
        Reason::InvalidIndex => {
            Answer::saying(S::BAD_REQUEST, "invalid_index", "no attachment has this index")
        }
        Reason::InvalidUrl => Answer::new(S::BAD_REQUEST, "invalid_url"),
        Reason::InvalidEvents => Answer::new(S::BAD_REQUEST, "invalid_events"),
        Reason::PowRequired => Answer::new(S::BAD_REQUEST, "pow_required"),
        Reason::InvalidPow => Answer::new(S::BAD_REQUEST, "invalid_pow"),
        Reason::CaptchaRequired => Answer::new(S::BAD_REQUEST, "captcha_required"),
        Reason::InvalidCaptcha => Answer::new(S::BAD_REQUEST, "invalid_captcha"),
        Reason::InvalidCredentials => Answer::challenging(
            "invalid_credentials",
            "the address or the password is wrong",
            CHALLENGE,
        ),
        Reason::MissingCredential => Answer::invalid_token(CHALLENGE),
        Reason::InvalidToken | Reason::MailboxGone => Answer::invalid_token(CHALLENGE_INVALID),
        Reason::AccountLimitReached => Answer::new(S::FORBIDDEN, "account_limit_reached"),
        Reason::DomainLimitReached => Answer::new(S::FORBIDDEN, "domain_limit_reached"),
        Reason::TokenLimitReached => Answer::new(S::FORBIDDEN, "token_limit_reached"),
        Reason::SandboxLimitReached => Answer::new(S::FORBIDDEN, "sandbox_limit_reached"),
        Reason::WebhookLimitReached => Answer::new(S::FORBIDDEN, "webhook_limit_reached"),
        Reason::AccountSuspended => {
            Answer::saying(S::FORBIDDEN, "account_suspended", "this account is suspended")
        }
        Reason::InsufficientScope => Answer::new(S::FORBIDDEN, "insufficient_scope"),
        Reason::TokenExpired => {
            Answer::challenging("invalid_token", "the token has expired", CHALLENGE_INVALID)
        }
        Reason::MailboxFull => Answer::saying(S::FORBIDDEN, "mailbox_full", "the mailbox is full"),
        Reason::RegistrationClosed => Answer::new(S::FORBIDDEN, "registration_closed"),
        Reason::OriginNotAllowed => Answer::new(S::FORBIDDEN, "origin_not_allowed"),
        Reason::NotFound => Answer::saying(S::NOT_FOUND, "not_found", "there is nothing here"),
        Reason::MethodNotAllowed => Answer::new(S::METHOD_NOT_ALLOWED, "method_not_allowed"),
        Reason::BodyTimeout => Answer::new(S::REQUEST_TIMEOUT, "invalid_request"),
        Reason::AddressTaken => Answer::new(S::CONFLICT, "address_taken"),
        Reason::EmailTaken => Answer::new(S::CONFLICT, "email_taken"),
        Reason::DomainAlreadyExists => Answer::new(S::CONFLICT, "domain_already_exists"),
        Reason::Expired => Answer::new(S::GONE, "expired"),
        Reason::DomainExpired => Answer::new(S::GONE, "domain_expired"),
        Reason::IdempotencyAnswerGone => Answer::new(S::GONE, "idempotency_answer_gone"),
        Reason::PayloadTooLarge => Answer::new(S::PAYLOAD_TOO_LARGE, "payload_too_large"),
        Reason::ContentEncoding => Answer::new(S::UNSUPPORTED_MEDIA_TYPE, "invalid_request"),
        Reason::WrongHost => Answer::new(S::MISDIRECTED_REQUEST, "invalid_request"),
        Reason::IdempotencyKeyReused => Answer::new(S::UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
        Reason::RateLimited => Answer::saying(
            S::TOO_MANY_REQUESTS,
            "rate_limited",
            "too many requests; slow down",
        ),
        Reason::AddressBusy => Answer::new(S::TOO_MANY_REQUESTS, "addr_busy"),
        Reason::CredentialBusy => Answer::new(S::TOO_MANY_REQUESTS, "token_busy"),
        Reason::Overloaded
        | Reason::Unavailable
        | Reason::Timeout
        | Reason::StorageFull
        | Reason::ReservationExpired => Answer::unavailable(),
        Reason::MessageTooLarge | Reason::Blocked | Reason::ServiceCredential | Reason::Internal => {
            match failure.code {
                ErrorCode::Unavailable | ErrorCode::Timeout => Answer::unavailable(),
                _ => Answer::internal(),
            }
        }
    }
}

/// Returns the code of a failure, and a text that describes nothing inside.
pub(crate) fn describe(failure: Failure) -> (&'static str, String) {
    let answer = answer(&failure);
    let message = answer.message.map_or(failure.message, str::to_owned);
    (answer.code, message)
}

/// Gives a response that carries a failure its status, headers and body. What other layers put on it stays.
pub(crate) fn render(failure: Failure, carrier: Response) -> Response {
    render_with(failure, carrier, |_| None)
}

/// As [`render`], for a dialect that has other codes for some reasons.
pub(crate) fn render_with(
    failure: Failure,
    carrier: Response,
    code: fn(Reason) -> Option<&'static str>,
) -> Response {
    let mut answer = answer(&failure);
    answer.code = code(failure.reason).unwrap_or(answer.code);
    let (mut carrier, _) = carrier.into_parts();
    // Of the empty body.
    carrier.headers.remove(header::CONTENT_LENGTH);
    if answer.status.is_server_error() {
        let detail = format!("{}: {}", failure.reason, failure.message);
        carrier.extensions.insert(ErrorDetail(detail));
    }
    if let Some(secs) = retry_after_secs(&failure, answer.status) {
        carrier.headers.insert(header::RETRY_AFTER, secs.into());
    }
    if let Some(challenge) = answer.challenge {
        let resource = carrier.extensions.remove::<ResourceMetadata>();
        carrier
            .headers
            .insert(header::WWW_AUTHENTICATE, full_challenge(challenge, resource));
    }
    let position = carrier.extensions.remove::<ErrorPosition>();
    let body = ErrorBody {
        error: answer.code,
        message: answer.message.map_or(failure.message, str::to_owned),
        position: position.map(|ErrorPosition(position)| position),
    };
    let mut response = (answer.status, Json(body)).into_response();
    response.headers_mut().extend(carrier.headers);
    response.extensions_mut().extend(carrier.extensions);
    response
}

/// Adds to a challenge where the metadata of the resource are, if it has any.
fn full_challenge(challenge: &'static str, resource: Option<ResourceMetadata>) -> HeaderValue {
    let full = resource.and_then(|ResourceMetadata(url)| {
        HeaderValue::try_from(format!("{challenge}, resource_metadata=\"{url}\"")).ok()
    });
    full.unwrap_or(HeaderValue::from_static(challenge))
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn rendered(failure: Failure) -> (u16, String) {
        let response = render(failure, Response::default());
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn internal_failure_is_answered_without_its_message() {
        for code in ErrorCode::ALL {
            let (status, body) = rendered(Failure::new(code, Reason::Internal, "SELECT secret FROM t")).await;
            assert!(!body.contains("SELECT"), "{body}");
            let is_outage = matches!(code, ErrorCode::Unavailable | ErrorCode::Timeout);
            assert_eq!(status, if is_outage { 503 } else { 500 });
        }
    }

    #[tokio::test]
    async fn failures_have_statuses_and_codes_of_the_contract() {
        let table = [
            (Reason::InvalidAddress, 400, "invalid_address"),
            (Reason::InvalidCredentials, 401, "invalid_credentials"),
            (Reason::MailboxGone, 401, "invalid_token"),
            (Reason::AccountLimitReached, 403, "account_limit_reached"),
            (Reason::AccountSuspended, 403, "account_suspended"),
            (Reason::MailboxFull, 403, "mailbox_full"),
            (Reason::NotFound, 404, "not_found"),
            (Reason::AddressTaken, 409, "address_taken"),
            (Reason::Expired, 410, "expired"),
            (Reason::IdempotencyAnswerGone, 410, "idempotency_answer_gone"),
            (Reason::IdempotencyKeyReused, 422, "idempotency_key_reused"),
            (Reason::RateLimited, 429, "rate_limited"),
            (Reason::Overloaded, 503, "unavailable"),
        ];
        for (reason, status, code) in table {
            let (found, body) = rendered(Failure::new(ErrorCode::NotFound, reason, "text")).await;
            assert_eq!(found, status, "{reason}");
            assert!(
                body.starts_with(&format!("{{\"error\":\"{code}\",\"message\":")),
                "{body}"
            );
        }
    }

    #[test]
    fn failure_keeps_headers_of_its_carrier() {
        let mut carrier = Response::default();
        let allow = HeaderValue::from_static("GET");
        carrier.headers_mut().insert(header::ALLOW, allow.clone());
        carrier.headers_mut().insert(header::CONTENT_LENGTH, 0.into());
        let failure = Failure::new(ErrorCode::InvalidArgument, Reason::MethodNotAllowed, "no");
        let response = render(failure, carrier);
        assert_eq!(response.headers()[header::ALLOW], allow);
        assert!(!response.headers().contains_key(header::CONTENT_LENGTH));
    }
}
