//! The limit of mailboxes that clients without a Pro user create in a day: for each client, and ten times as many for its wider
//! network. Gateways that share a Redis count together.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use mayfly_rpc::Failure;
use mayfly_runtime::task::Tasks;
use mayfly_shared::{
    limits::{LocalBuckets, SharedBucket},
    redis::Redis,
};
use mayfly_types::wider_network;

const DAY: Duration = Duration::from_secs(86_400);
/// How many times the limit of a client the limit of its network is.
pub(super) const NETWORK_FACTOR: u32 = 10;

/// The limit; without one, nothing is counted.
#[derive(Debug)]
pub(crate) struct CreateLimit(Option<Limits>);

#[derive(Debug)]
struct Limits {
    redis: Option<Redis>,
    clients: Count,
    networks: Count,
}

/// Mailboxes by the address of a client or a network.
#[derive(Debug)]
struct Count {
    per_day: NonZeroU32,
    buckets: LocalBuckets<IpAddr>,
}

impl Count {
    fn start(per_day: NonZeroU32, tasks: &Tasks) -> Self {
        let buckets = LocalBuckets::start("creation limit pruning", per_day, DAY, tasks);
        Self { per_day, buckets }
    }

    async fn take(&self, address: IpAddr, redis: Option<&Redis>) -> Result<(), Duration> {
        self.buckets.take(address)?;
        match redis {
            Some(redis) => {
                let name = format!("create:{}:{address}", self.per_day);
                SharedBucket::new(&name, self.per_day.get(), DAY)
                    .take(redis)
                    .await
            }
            None => Ok(()),
        }
    }
}

impl CreateLimit {
    pub(crate) fn start(per_day: u32, redis: Option<Redis>, tasks: &Tasks) -> Self {
        let limits = NonZeroU32::new(per_day).map(|per_day| {
            let per_network = per_day.saturating_mul(NonZeroU32::MIN.saturating_add(NETWORK_FACTOR - 1));
            Limits {
                redis,
                clients: Count::start(per_day, tasks),
                networks: Count::start(per_network, tasks),
            }
        });
        Self(limits)
    }

    /// Counts a mailbox that a client is about to create.
    ///
    /// # Errors
    /// `RateLimited` when it has created enough.
    pub(crate) async fn take(&self, client: IpAddr) -> Result<(), Failure> {
        let Some(limits) = &self.0 else {
            return Ok(());
        };
        let redis = limits.redis.as_ref();
        let taken = match limits.clients.take(client, redis).await {
            Ok(()) => limits.networks.take(wider_network(client), redis).await,
            refused => refused,
        };
        taken.map_err(Failure::rate_limited)
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test]
    async fn take_beyond_limit_of_client_or_network_is_refused() {
        let tasks = Tasks::new(CancellationToken::new());
        let limit = CreateLimit::start(20, None, &tasks);
        let created = async |client: IpAddr, times: u32| {
            let mut created = 0;
            for _ in 0..times {
                created += u32::from(limit.take(client).await.is_ok());
            }
            created
        };
        assert_eq!(created([192, 0, 2, 1].into(), 100).await, 20);
        let mut of_network = 20;
        for last in 2..=50 {
            of_network += created([192, 0, 2, last].into(), 20).await;
        }
        assert_eq!(of_network, 200);
        assert_eq!(created([198, 51, 100, 1].into(), 1).await, 1);
        let refused = limit.take([192, 0, 2, 1].into()).await.unwrap_err();
        assert!(refused.retry_after.is_some());
        let unlimited = CreateLimit::start(0, None, &tasks);
        for _ in 0..1000 {
            unlimited.take([192, 0, 2, 1].into()).await.unwrap();
        }
    }
}
