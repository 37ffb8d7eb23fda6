//! Replicas that come, go, hang and drain, callers with and without the credential, over real sockets.

mod credentials;
mod membership;
mod replica;
mod retries;
