//! Permits for requests that hash a password. The queue of the auth service is short and shared by everyone, so one client
//! may have only some requests on their way to it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use mayfly_rpc::Failure;
use mayfly_runtime::shares::{Bounds, Exceeded, Share, Shares};

/// Requests with passwords of one process: many, since each is counted before its body has come. The queue holds 64 by
/// default (`auth.hash_queue`); more are refused there.
const MAX_REQUESTS: Bounds = Bounds {
    total: 4096,
    share: 16,
    reserve: 1024,
    small: 2,
};
/// How long a request waits for others of its client.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// The permits of a process.
#[derive(Debug, Clone)]
pub(crate) struct PasswordPermits(Arc<Shares<IpAddr>>);

impl Default for PasswordPermits {
    fn default() -> Self {
        Self(Shares::new(MAX_REQUESTS))
    }
}

impl PasswordPermits {
    /// Takes a permit of a client.
    ///
    /// # Errors
    /// `RateLimited` above the share of the client, `Unavailable` when there are no more, after the time-out.
    pub(crate) async fn acquire(&self, client: IpAddr) -> Result<Share<IpAddr>, Failure> {
        let share = self.0.take_within(client, 1, ACQUIRE_TIMEOUT).await;
        share.map_err(|exceeded| match exceeded {
            Exceeded::Share => Failure::rate_limited(Duration::from_secs(1)),
            Exceeded::Pool => Failure::unavailable("too many requests hash passwords"),
        })
    }
}
