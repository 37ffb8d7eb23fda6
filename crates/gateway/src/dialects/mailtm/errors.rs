//! The one table from failures to statuses and bodies of mail.tm.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};
use serde::Serialize;
use utoipa::ToSchema;

use super::accept::Format;
use crate::edge::failure::{ErrorDetail, retry_after_secs};

/// The body of every error: all names under which clients look for its text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// `/contexts/Error`, or `/contexts/ConstraintViolationList`.
    #[serde(rename = "@context")]
    context: &'static str,
    /// `hydra:Error`, or `ConstraintViolationList`.
    #[serde(rename = "@type")]
    r#type: &'static str,
    #[serde(rename = "hydra:title")]
    hydra_title: &'static str,
    #[serde(rename = "hydra:description")]
    hydra_description: String,
    title: &'static str,
    detail: String,
    status: u16,
    code: u16,
    message: String,
    /// With 422 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    violations: Option<[Violation; 1]>,
}

/// A value that cannot be accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Violation {
    /// The field of the request.
    #[serde(rename = "propertyPath")]
    property_path: &'static str,
    message: String,
    /// Always null.
    #[schema(required)]
    code: Option<String>,
}

/// How one failure is answered.
enum Answer {
    /// With a text in place of the failure's own message, which may describe what happened inside.
    Status(StatusCode, &'static str),
    /// With the failure's message.
    BadRequest,
    /// 422: a field, and a text in place of the failure's message.
    Violation(&'static str, Option<&'static str>),
}

fn answer(failure: &Failure) -> Answer {
    use Answer::{BadRequest, Status, Violation};
    use StatusCode as S;
    match failure.reason {
        Reason::InvalidRequest | Reason::BodyTimeout | Reason::ContentEncoding => BadRequest,
        Reason::InvalidAddress | Reason::InvalidDomain | Reason::AddressTaken => Violation("address", None),
        Reason::AccountLimitReached => Violation("address", Some("The limit of accounts is reached.")),
        Reason::PasswordTooShort => Violation(
            "password",
            Some("This value is too short. It should have 6 characters or more."),
        ),
        Reason::PasswordTooLong => Violation(
            "password",
            Some("This value is too long. It should have 256 characters or less."),
        ),
        Reason::PowRequired | Reason::InvalidPow => Violation("pow", Some("A proof of work is required.")),
        Reason::CaptchaRequired | Reason::InvalidCaptcha => {
            Violation("captcha", Some("A captcha is required."))
        }
        Reason::MissingCredential => Status(S::UNAUTHORIZED, "JWT Token not found"),
        Reason::InvalidCredentials => Status(S::UNAUTHORIZED, "Invalid credentials."),
        Reason::InvalidToken
        | Reason::TokenExpired
        | Reason::InsufficientScope
        | Reason::MailboxGone
        | Reason::AccountSuspended => Status(S::UNAUTHORIZED, "Invalid JWT Token"),
        Reason::NotFound | Reason::Expired | Reason::InvalidIndex => Status(S::NOT_FOUND, "Not Found"),
        Reason::MethodNotAllowed => Status(S::METHOD_NOT_ALLOWED, "Method Not Allowed"),
        Reason::PayloadTooLarge => Status(S::PAYLOAD_TOO_LARGE, "Payload Too Large"),
        Reason::WrongHost => Status(S::MISDIRECTED_REQUEST, "Misdirected Request"),
        Reason::RateLimited | Reason::AddressBusy | Reason::CredentialBusy => {
            Status(S::TOO_MANY_REQUESTS, "Too Many Requests")
        }
        Reason::Overloaded
        | Reason::Unavailable
        | Reason::Timeout
        | Reason::StorageFull
        | Reason::ReservationExpired => Status(S::SERVICE_UNAVAILABLE, "Service Unavailable"),
        // No route of this dialect has the others.
        Reason::InvalidUrl
        | Reason::InvalidAuthKey
        | Reason::InvalidSince
        | Reason::InvalidQuery
        | Reason::InvalidEvents
        | Reason::DomainLimitReached
        | Reason::TokenLimitReached
        | Reason::WebhookLimitReached
        | Reason::SandboxLimitReached
        | Reason::RegistrationClosed
        | Reason::OriginNotAllowed
        | Reason::EmailTaken
        | Reason::DomainAlreadyExists
        | Reason::DomainExpired
        | Reason::IdempotencyAnswerGone
        | Reason::IdempotencyKeyReused
        | Reason::MailboxFull
        | Reason::MessageTooLarge
        | Reason::Blocked
        | Reason::ServiceCredential
        | Reason::Internal => match failure.code {
            ErrorCode::Unavailable | ErrorCode::Timeout => {
                Status(S::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
            _ => Status(S::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        },
    }
}

/// Gives a response that carries a failure its status, headers and body. What other layers put on it stays.
pub(crate) fn render(failure: &Failure, carrier: Response, format: Format) -> Response {
    let (mut carrier, _) = carrier.into_parts();
    // Of the empty body.
    carrier.headers.remove(header::CONTENT_LENGTH);
    let (status, body) = match answer(failure) {
        Answer::Status(status, text) => (status, error(status, text.to_owned())),
        Answer::BadRequest => {
            let status = StatusCode::BAD_REQUEST;
            (status, error(status, failure.message.clone()))
        }
        Answer::Violation(property, text) => {
            let text = text.map_or_else(|| failure.message.clone(), str::to_owned);
            (StatusCode::UNPROCESSABLE_ENTITY, violation(property, text))
        }
    };
    if status.is_server_error() {
        let detail = format!("{}: {}", failure.reason, failure.message);
        carrier.extensions.insert(ErrorDetail(detail));
    }
    if let Some(secs) = retry_after_secs(failure, status) {
        carrier.headers.insert(header::RETRY_AFTER, secs.into());
    }
    let mut content_type = HeaderValue::from_static("application/json");
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer");
        carrier.headers.insert(header::WWW_AUTHENTICATE, challenge);
    } else if format == Format::JsonLd {
        content_type = HeaderValue::from_static("application/ld+json");
    }
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response.headers_mut().extend(carrier.headers);
    response.extensions_mut().extend(carrier.extensions);
    response
}

fn error(status: StatusCode, text: String) -> ErrorBody {
    let title = "An error occurred";
    ErrorBody {
        context: "/contexts/Error",
        r#type: "hydra:Error",
        hydra_title: title,
        hydra_description: text.clone(),
        title,
        detail: text.clone(),
        status: status.as_u16(),
        code: status.as_u16(),
        message: text,
        violations: None,
    }
}

fn violation(property_path: &'static str, message: String) -> ErrorBody {
    let text = format!("{property_path}: {message}");
    ErrorBody {
        context: "/contexts/ConstraintViolationList",
        r#type: "ConstraintViolationList",
        violations: Some([Violation {
            property_path,
            message,
            code: None,
        }]),
        ..error(StatusCode::UNPROCESSABLE_ENTITY, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clients fail on other statuses.
    #[test]
    fn every_reason_has_a_status_of_the_contract() {
        let known = [400, 401, 404, 405, 413, 421, 422, 429, 500, 503];
        for reason in Reason::ALL {
            let failure = Failure::new(ErrorCode::Internal, *reason, "SELECT secret FROM t");
            let response = render(&failure, Response::default(), Format::JsonLd);
            assert!(known.contains(&response.status().as_u16()), "{reason}");
        }
    }

    #[tokio::test]
    async fn internal_failure_is_answered_without_its_message() {
        use http_body_util::BodyExt;
        for code in ErrorCode::ALL {
            let failure = Failure::new(code, Reason::Internal, "SELECT secret FROM t");
            let response = render(&failure, Response::default(), Format::Json);
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert!(!String::from_utf8_lossy(&body).contains("SELECT"));
        }
    }
}
