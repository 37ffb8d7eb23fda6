//! Stable machine-readable reasons that ride with a failed call in `google.rpc.ErrorInfo`.

/// The request is malformed in a way no other reason names.
pub const INVALID_REQUEST: &str = "INVALID_REQUEST";
/// An e-mail address has the wrong syntax, or stands on a domain that may not be used yet.
pub const INVALID_ADDRESS: &str = "INVALID_ADDRESS";
/// The domain is not served here.
pub const INVALID_DOMAIN: &str = "INVALID_DOMAIN";
/// The password is below the minimum length.
pub const PASSWORD_TOO_SHORT: &str = "PASSWORD_TOO_SHORT";
/// The password is above the maximum length.
pub const PASSWORD_TOO_LONG: &str = "PASSWORD_TOO_LONG";
/// No attachment has this index.
pub const INVALID_INDEX: &str = "INVALID_INDEX";
/// The address and the password do not belong together.
pub const INVALID_CREDENTIALS: &str = "INVALID_CREDENTIALS";
/// The bearer token is not valid (whatever the cause: it is never told).
pub const INVALID_TOKEN: &str = "INVALID_TOKEN";
/// A Pro user has as many mailboxes as allowed.
pub const ACCOUNT_LIMIT_REACHED: &str = "ACCOUNT_LIMIT_REACHED";
/// A Pro user has as many domains as allowed.
pub const DOMAIN_LIMIT_REACHED: &str = "DOMAIN_LIMIT_REACHED";
/// Somebody has verified this domain.
pub const DOMAIN_ALREADY_EXISTS: &str = "DOMAIN_ALREADY_EXISTS";
/// A domain was not verified in time.
pub const DOMAIN_EXPIRED: &str = "DOMAIN_EXPIRED";
/// A Pro user has as many API tokens as allowed.
pub const TOKEN_LIMIT_REACHED: &str = "TOKEN_LIMIT_REACHED";
/// A Pro user has as many webhooks as allowed.
pub const WEBHOOK_LIMIT_REACHED: &str = "WEBHOOK_LIMIT_REACHED";
/// A webhook's URL has the wrong shape, or leads where nothing may be sent.
pub const INVALID_URL: &str = "INVALID_URL";
/// A webhook asks for events that do not exist.
pub const INVALID_EVENTS: &str = "INVALID_EVENTS";
/// An Idempotency-Key came with another request before.
pub const IDEMPOTENCY_KEY_REUSED: &str = "IDEMPOTENCY_KEY_REUSED";
/// What an Idempotency-Key asks for was done, and the answer cannot be read any more.
pub const IDEMPOTENCY_ANSWER_GONE: &str = "IDEMPOTENCY_ANSWER_GONE";
/// Registration is closed by configuration.
pub const REGISTRATION_CLOSED: &str = "REGISTRATION_CLOSED";
/// The object does not exist, or belongs to someone else.
pub const NOT_FOUND: &str = "NOT_FOUND";
/// The mailbox that the caller acts for is gone: its token is void.
pub const MAILBOX_GONE: &str = "MAILBOX_GONE";
/// The address is in use, or was until lately.
pub const ADDRESS_TAKEN: &str = "ADDRESS_TAKEN";
/// A Pro user with this e-mail address exists.
pub const EMAIL_TAKEN: &str = "EMAIL_TAKEN";
/// The message is past its retention.
pub const EXPIRED: &str = "EXPIRED";
/// The mailbox has no room for the message.
pub const MAILBOX_FULL: &str = "MAILBOX_FULL";
/// The reservation of an address has lapsed before it was activated.
pub const RESERVATION_EXPIRED: &str = "RESERVATION_EXPIRED";
/// The message is larger than can be taken.
pub const MESSAGE_TOO_LARGE: &str = "MESSAGE_TOO_LARGE";
/// Too many calls of this kind.
pub const RATE_LIMITED: &str = "RATE_LIMITED";
/// All workers for this are busy; trying later may succeed.
pub const OVERLOADED: &str = "OVERLOADED";
/// A store or a peer cannot be reached.
pub const UNAVAILABLE: &str = "UNAVAILABLE";
/// The deadline passed.
pub const TIMEOUT: &str = "TIMEOUT";
/// The caller lacks the service credential.
pub const SERVICE_CREDENTIAL: &str = "SERVICE_CREDENTIAL";
/// A defect.
pub const INTERNAL: &str = "INTERNAL";
