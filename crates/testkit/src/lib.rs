//! For tests only: a clock that a test sets, and a mail sender that says exactly what it is told to.

mod clock;
mod mail_sender;

pub use clock::ManualClock;
pub use mail_sender::{MailSender, Reply};
