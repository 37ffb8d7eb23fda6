//! Telling Pro users of their mail: what is told, how it is signed, and when it is tried again.

mod backlog;
mod config;
mod dispatcher;
mod event;
mod lane;
mod schedule;
mod secret;
mod settled;

pub(crate) use backlog::Backlog;
pub(crate) use dispatcher::Dispatcher;
pub(crate) use event::{EVENT_TYPE, NewEmail, event_name, new_event};
pub(crate) use schedule::gives_up_at_ms;
pub(crate) use secret::{OLD_SECRET_FOR, Secrets, new_secret};

pub use config::WebhooksConfig;
