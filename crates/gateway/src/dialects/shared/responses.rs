//! The errors that routes declare, by what can cause them. Each type is one line of a route's `responses(…)`.

use utoipa::{
    ToSchema,
    openapi::{Content, Ref, RefOr, Response, ResponseBuilder},
};

use super::errors::ErrorBody;

/// Returns a response with the body of an error.
pub(crate) fn error(description: &str) -> RefOr<Response> {
    let body = Content::new(Some(RefOr::Ref(Ref::from_schema_name(ErrorBody::name()))));
    let response = ResponseBuilder::new()
        .description(description)
        .content("application/json", body);
    RefOr::T(response.build())
}

/// Declares one type for each set of errors.
macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident { $($status:literal: $text:literal,)+ })+) => {
        $(
            $(#[$doc])*
            pub(crate) enum $name {}

            impl utoipa::IntoResponses for $name {
                fn responses()
                -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
                    use crate::dialects::shared::responses::error;
                    std::collections::BTreeMap::from([$(($status.to_owned(), error($text)),)+])
                }
            }
        )+
    };
}

pub(crate) use errors;

errors! {
    /// Of every route.
    Always {
        "429": "`rate_limited`, with `Retry-After` in seconds",
        "500": "`internal_error`",
        "503": "`unavailable`, with `Retry-After` in seconds",
    }
    /// Of routes that read parameters or a body.
    Invalid {
        "400": "`invalid_request`, or a code for the value that is wrong",
    }
    /// Of routes that read a JSON body.
    JsonBody {
        "400": "`invalid_request`, or a code for the value that is wrong",
        "408": "The body took too long to arrive",
        "413": "`payload_too_large`",
        "415": "The body is compressed",
    }
    /// Of routes that need a bearer token.
    Bearer {
        "400": "`invalid_request`, or a code for the value that is wrong",
        "401": "`invalid_token`",
        "403": "`insufficient_scope`: the token lacks the scope of the route; or `account_suspended` by an operator",
    }
    /// Of routes that need a bearer token and the password.
    BearerAndPassword {
        "401": "`invalid_token`, or `invalid_credentials`: the password is wrong",
        "403": "`insufficient_scope`: no token with scopes or limits may do this; or `account_suspended` by an operator",
    }
    /// Of routes that check a password.
    Password {
        "401": "`invalid_credentials`",
    }
    /// Of routes that name an object.
    Missing {
        "404": "`not_found`: not there, or not the caller's",
    }
    /// Of routes that create what the limits of a token can forbid.
    OutsideLimits {
        "404": "`not_found`: outside the limits of the token",
    }
    /// Of routes that name a message.
    MissingMessage {
        "404": "`not_found`: not there, or not the caller's",
        "410": "`expired`: past its retention",
    }
    /// Of routes that deliver a message. `Bearer` has the other code of the status.
    FullMailbox {
        "403": "`mailbox_full`: the message exceeds the quota; or `account_suspended` by an operator",
    }
    /// Of routes that take an `Idempotency-Key`.
    Idempotent {
        "410": "`idempotency_answer_gone`: done before, and the answer cannot be read any more",
        "422": "`idempotency_key_reused`: the key came with another request before",
    }
    /// Of creating a mailbox.
    NewAccount {
        "403": "`account_limit_reached`",
        "409": "`address_taken`",
    }
    /// Of registering a Pro user.
    NewUser {
        "403": "`registration_closed`",
        "409": "`email_taken`",
    }
    /// Of adding a domain.
    NewDomain {
        "403": "`domain_limit_reached`",
        "409": "`domain_already_exists`",
    }
    /// Of verifying a domain.
    UnverifiedDomain {
        "409": "`domain_already_exists`: another user has verified it",
        "410": "`domain_expired`: not verified within seven days",
    }
    /// Of creating a Pro token.
    NewToken {
        "403": "`token_limit_reached`",
    }
    /// Of creating a sandbox.
    NewSandbox {
        "403": "`sandbox_limit_reached`",
    }
    /// Of creating a webhook.
    NewWebhook {
        "403": "`webhook_limit_reached`",
    }
}
