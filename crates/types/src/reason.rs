//! Why a call failed, as a stable machine-readable name. It travels in `google.rpc.ErrorInfo`.

use std::{fmt, str::FromStr};

/// A name that this version does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown reason")]
pub struct UnknownReason;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// Why a call failed. An enum, so that an edge that maps it does not compile without an arm for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[$doc])* $variant,)+
        }

        impl Reason {
            /// Every reason, for tables that must cover them all.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Returns the name on the wire. It never changes.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl FromStr for Reason {
            type Err = UnknownReason;

            fn from_str(name: &str) -> Result<Self, UnknownReason> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(UnknownReason),
                }
            }
        }
    };
}

reasons! {
    /// The request is malformed in a way no other reason names.
    InvalidRequest = "INVALID_REQUEST",
    /// An e-mail address has the wrong syntax, or its domain is not verified yet.
    InvalidAddress = "INVALID_ADDRESS",
    /// The server does not serve the domain.
    InvalidDomain = "INVALID_DOMAIN",
    /// The password is below the minimum length.
    PasswordTooShort = "PASSWORD_TOO_SHORT",
    /// The password is above the maximum length.
    PasswordTooLong = "PASSWORD_TOO_LONG",
    /// A key in place of a password is not 64 hexadecimal digits.
    InvalidAuthKey = "INVALID_AUTH_KEY",
    /// A cursor of messages is malformed.
    InvalidSince = "INVALID_SINCE",
    /// A query does not follow its grammar.
    InvalidQuery = "INVALID_QUERY",
    /// No attachment has this index.
    InvalidIndex = "INVALID_INDEX",
    /// The address or the password is wrong.
    InvalidCredentials = "INVALID_CREDENTIALS",
    /// The bearer token is not valid. The cause is never revealed.
    InvalidToken = "INVALID_TOKEN",
    /// The Pro API token was valid, and has expired.
    TokenExpired = "TOKEN_EXPIRED",
    /// The Pro API token lacks the scope that the call needs.
    InsufficientScope = "INSUFFICIENT_SCOPE",
    /// The Pro user has reached the limit of mailboxes.
    AccountLimitReached = "ACCOUNT_LIMIT_REACHED",
    /// The Pro user has reached the limit of domains.
    DomainLimitReached = "DOMAIN_LIMIT_REACHED",
    /// A user has already verified this domain.
    DomainAlreadyExists = "DOMAIN_ALREADY_EXISTS",
    /// The domain was not verified in time.
    DomainExpired = "DOMAIN_EXPIRED",
    /// The Pro user has reached the limit of API tokens.
    TokenLimitReached = "TOKEN_LIMIT_REACHED",
    /// The Pro user has reached the limit of webhooks.
    WebhookLimitReached = "WEBHOOK_LIMIT_REACHED",
    /// The Pro user has reached the limit of sandboxes.
    SandboxLimitReached = "SANDBOX_LIMIT_REACHED",
    /// The URL of a webhook is invalid, or its target is not allowed.
    InvalidUrl = "INVALID_URL",
    /// The event type of a webhook does not exist.
    InvalidEvents = "INVALID_EVENTS",
    /// A new mailbox needs a proof of work.
    PowRequired = "POW_REQUIRED",
    /// The proof of work is wrong, too old, or was used before.
    InvalidPow = "INVALID_POW",
    /// A new mailbox needs a solved captcha.
    CaptchaRequired = "CAPTCHA_REQUIRED",
    /// The captcha is not solved, has expired, or was used before.
    InvalidCaptcha = "INVALID_CAPTCHA",
    /// The Idempotency-Key was used with another request.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED",
    /// The operation of the Idempotency-Key has been applied, but its answer cannot be read any more.
    IdempotencyAnswerGone = "IDEMPOTENCY_ANSWER_GONE",
    /// An operator has suspended the mailbox or the user.
    AccountSuspended = "ACCOUNT_SUSPENDED",
    /// An operator blocks the sender, the client or the recipient of a mail.
    Blocked = "BLOCKED",
    /// Registration is closed by configuration.
    RegistrationClosed = "REGISTRATION_CLOSED",
    /// The object does not exist, or belongs to another owner.
    NotFound = "NOT_FOUND",
    /// The mailbox of the token has been deleted.
    MailboxGone = "MAILBOX_GONE",
    /// The address is in use, or was until recently.
    AddressTaken = "ADDRESS_TAKEN",
    /// A Pro user with this e-mail address exists.
    EmailTaken = "EMAIL_TAKEN",
    /// The message is past its retention.
    Expired = "EXPIRED",
    /// The quota of the mailbox has no room for the message.
    MailboxFull = "MAILBOX_FULL",
    /// The server has no room for more mail.
    StorageFull = "STORAGE_FULL",
    /// The reservation of an address expired before activation.
    ReservationExpired = "RESERVATION_EXPIRED",
    /// The message exceeds the size limit.
    MessageTooLarge = "MESSAGE_TOO_LARGE",
    /// Too many calls of this kind.
    RateLimited = "RATE_LIMITED",
    /// Too many calls wait for mail of one address.
    AddressBusy = "ADDRESS_BUSY",
    /// Too many calls of one credential or client wait for mail.
    CredentialBusy = "CREDENTIAL_BUSY",
    /// All workers are busy; a retry may succeed.
    Overloaded = "OVERLOADED",
    /// A store or a peer cannot be reached.
    Unavailable = "UNAVAILABLE",
    /// The deadline passed.
    Timeout = "TIMEOUT",
    /// The caller lacks the service credential.
    ServiceCredential = "SERVICE_CREDENTIAL",
    /// A defect.
    Internal = "INTERNAL",
    /// The request has no credential. Of HTTP edges, as are those below.
    MissingCredential = "MISSING_CREDENTIAL",
    /// The path exists, with other methods.
    MethodNotAllowed = "METHOD_NOT_ALLOWED",
    /// The body of the request is too large.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE",
    /// The body of the request took too long to arrive.
    BodyTimeout = "BODY_TIMEOUT",
    /// The body of the request is compressed.
    ContentEncoding = "CONTENT_ENCODING",
    /// The request names a host that this server does not answer for.
    WrongHost = "WRONG_HOST",
    /// Pages of this origin may not do this.
    OriginNotAllowed = "ORIGIN_NOT_ALLOWED",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_reason_of_its_name_returns_it() {
        for reason in Reason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(*reason));
        }
        assert_eq!("SOMETHING_NEW".parse::<Reason>(), Err(UnknownReason));
    }
}
