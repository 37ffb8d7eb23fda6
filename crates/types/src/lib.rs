//! What every role means by an id, an address, an error and the time. No async, no I/O.

pub mod address;
pub mod clock;
pub mod error_code;
pub mod ids;
mod new_message;
mod reason;
pub mod secret;

pub use address::{Address, DomainName, InvalidAddress};
pub use clock::{Clock, SharedClock, SystemClock};
pub use error_code::ErrorCode;
pub use ids::{AccountId, DeliveryId, DomainId, EventId, InvalidId, MessageId, TokenId, UserId, WebhookId};
pub use new_message::NewMessage;
pub use reason::{Reason, UnknownReason};
pub use secret::{SecretKey, random_bytes};
