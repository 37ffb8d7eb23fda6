//! Code generated from `/proto`, and nothing else.
#![allow(clippy::all, reason = "generated")]

/// Credentials: see `proto/mayfly/auth/v1/auth.proto`.
pub mod auth {
    tonic::include_proto!("mayfly.auth.v1");
}

/// Domains, mailboxes and messages: see `proto/mayfly/mailbox/v1/mailbox.proto`.
pub mod mailbox {
    tonic::include_proto!("mayfly.mailbox.v1");
}
