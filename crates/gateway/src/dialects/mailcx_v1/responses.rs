//! The errors that routes declare, where they differ from those of the bearer API.

use crate::dialects::shared::responses::errors;

errors! {
    /// Of every route.
    Always {
        "401": "`invalid_token`: `x-api-token` is there and not valid, or absent where a Pro user is needed",
        "403": "`account_suspended` by an operator",
        "429": "`rate_limit_exceeded`, with `Retry-After` in seconds",
        "500": "`internal_error`",
        "503": "`unavailable`, with `Retry-After` in seconds",
    }
    /// Of routes that name an inbox.
    Inbox {
        "400": "`invalid_address`",
        "404": "`not_found`: the domain is neither open nor the caller's",
    }
    /// Of routes that wait.
    Waiting {
        "400": "`invalid_address`, `invalid_since` or `invalid_request`",
        "404": "`not_found`: not open, and not the caller's",
        "429": "`addr_busy`, `token_busy` or `rate_limit_exceeded`, with `Retry-After` in seconds",
    }
    /// Of routes that name a mail.
    MissingEmail {
        "404": "`not_found`",
        "410": "`email_expired`",
    }
    /// Of routes that name an attachment.
    MissingAttachment {
        "400": "`invalid_index`",
        "404": "`not_found`",
        "410": "`email_expired`",
    }
    /// Of routes that read a JSON body.
    JsonBody {
        "400": "`invalid_request`, `invalid_address` or `invalid_domain`",
        "408": "The body took too long to arrive",
        "413": "`payload_too_large`",
        "415": "The body is compressed",
    }
    /// Of routes that take a cursor in a header.
    Cursor {
        "400": "`invalid_address` or `invalid_request`",
    }
}
