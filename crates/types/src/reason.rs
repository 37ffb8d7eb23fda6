//! Stable machine-readable reasons of failed calls, sent in `google.rpc.ErrorInfo`.

/// The request is malformed in a way no other reason names.
pub const INVALID_REQUEST: &str = "INVALID_REQUEST";
/// An e-mail address has the wrong syntax, or its domain is not verified yet.
pub const INVALID_ADDRESS: &str = "INVALID_ADDRESS";
/// The server does not serve the domain.
pub const INVALID_DOMAIN: &str = "INVALID_DOMAIN";
/// The password is below the minimum length.
pub const PASSWORD_TOO_SHORT: &str = "PASSWORD_TOO_SHORT";
/// The password is above the maximum length.
pub const PASSWORD_TOO_LONG: &str = "PASSWORD_TOO_LONG";
/// No attachment has this index.
pub const INVALID_INDEX: &str = "INVALID_INDEX";
/// The address or the password is wrong.
pub const INVALID_CREDENTIALS: &str = "INVALID_CREDENTIALS";
/// The bearer token is not valid. The cause is never revealed.
pub const INVALID_TOKEN: &str = "INVALID_TOKEN";
/// The Pro user has reached the limit of mailboxes.
pub const ACCOUNT_LIMIT_REACHED: &str = "ACCOUNT_LIMIT_REACHED";
/// The Pro user has reached the limit of domains.
pub const DOMAIN_LIMIT_REACHED: &str = "DOMAIN_LIMIT_REACHED";
/// A user has already verified this domain.
pub const DOMAIN_ALREADY_EXISTS: &str = "DOMAIN_ALREADY_EXISTS";
/// The domain was not verified in time.
pub const DOMAIN_EXPIRED: &str = "DOMAIN_EXPIRED";
/// The Pro user has reached the limit of API tokens.
pub const TOKEN_LIMIT_REACHED: &str = "TOKEN_LIMIT_REACHED";
/// The Pro user has reached the limit of webhooks.
pub const WEBHOOK_LIMIT_REACHED: &str = "WEBHOOK_LIMIT_REACHED";
/// The URL of a webhook is invalid, or its target is not allowed.
pub const INVALID_URL: &str = "INVALID_URL";
/// The event type of a webhook does not exist.
pub const INVALID_EVENTS: &str = "INVALID_EVENTS";
/// The Idempotency-Key was used with another request.
pub const IDEMPOTENCY_KEY_REUSED: &str = "IDEMPOTENCY_KEY_REUSED";
/// The operation of the Idempotency-Key has been applied, but its answer cannot be read any more.
pub const IDEMPOTENCY_ANSWER_GONE: &str = "IDEMPOTENCY_ANSWER_GONE";
/// Registration is closed by configuration.
pub const REGISTRATION_CLOSED: &str = "REGISTRATION_CLOSED";
/// The object does not exist, or belongs to another owner.
pub const NOT_FOUND: &str = "NOT_FOUND";
/// The mailbox of the token has been deleted.
pub const MAILBOX_GONE: &str = "MAILBOX_GONE";
/// The address is in use, or was until recently.
pub const ADDRESS_TAKEN: &str = "ADDRESS_TAKEN";
/// A Pro user with this e-mail address exists.
pub const EMAIL_TAKEN: &str = "EMAIL_TAKEN";
/// The message is past its retention.
pub const EXPIRED: &str = "EXPIRED";
/// The quota of the mailbox has no room for the message.
pub const MAILBOX_FULL: &str = "MAILBOX_FULL";
/// The reservation of an address expired before activation.
pub const RESERVATION_EXPIRED: &str = "RESERVATION_EXPIRED";
/// The message exceeds the size limit.
pub const MESSAGE_TOO_LARGE: &str = "MESSAGE_TOO_LARGE";
/// Too many calls of this kind.
pub const RATE_LIMITED: &str = "RATE_LIMITED";
/// All workers are busy; a retry may succeed.
pub const OVERLOADED: &str = "OVERLOADED";
/// A store or a peer cannot be reached.
pub const UNAVAILABLE: &str = "UNAVAILABLE";
/// The deadline passed.
pub const TIMEOUT: &str = "TIMEOUT";
/// The caller lacks the service credential.
pub const SERVICE_CREDENTIAL: &str = "SERVICE_CREDENTIAL";
/// A defect.
pub const INTERNAL: &str = "INTERNAL";
