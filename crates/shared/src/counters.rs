//! The limit of three WebSockets for each mailbox, over all gateways. An entry in Redis expires unless its gateway renews
//! it, so the entries of a crashed gateway disappear. Without Redis each gateway counts its own.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use crate::redis::{
    Redis,
    redis::{Pipeline, RedisError, Script, cmd},
};
use mayfly_runtime::task::Tasks;
use mayfly_types::{AccountId, random_bytes};
use parking_lot::{Mutex, MutexGuard};

/// WebSockets of one mailbox.
const MAX_SOCKETS: usize = 3;
/// How long an entry lives after it was renewed.
const ENTRY_TTL: Duration = Duration::from_secs(45);
const RENEW_EVERY: Duration = Duration::from_secs(15);
/// Commands sent together.
const CHUNK: usize = 500;

/// Enters a socket below the limit, by the clock of Redis.
static ENTER: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local t = redis.call('TIME') \
         local now = t[1] * 1000 + math.floor(t[2] / 1000) \
         redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now) \
         if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end \
         redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1]) \
         redis.call('PEXPIRE', KEYS[1], ARGV[3]) \
         return 1",
    )
});

type Id = u128;

/// The sockets that are open.
#[derive(Debug, Clone)]
pub struct SocketCount {
    redis: Option<Redis>,
    own: Arc<Mutex<HashMap<AccountId, Vec<Id>>>>,
    tasks: Tasks,
}

/// A counted socket; dropping it ends the count.
#[derive(Debug)]
pub struct Counted {
    count: SocketCount,
    account: AccountId,
    id: Id,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.count.leave_own(self.account, self.id);
        if let Some(redis) = self.count.redis.clone() {
            let (account, id) = (self.account, self.id);
            self.count.tasks.spawn(async move {
                let mut leave = cmd("ZREM");
                leave.arg(key(account)).arg(member(id));
                // An entry that is not removed expires.
                let _: Result<i64, RedisError> = redis.run(&leave).await;
            });
        }
    }
}

impl SocketCount {
    /// Starts to renew the entries of open sockets, until the tasks stop.
    pub fn start(redis: Option<Redis>, tasks: &Tasks) -> Self {
        let count = Self {
            redis,
            own: Arc::default(),
            tasks: tasks.clone(),
        };
        if let Some(redis) = count.redis.clone() {
            let count = count.clone();
            tasks.every("socket count renewal", RENEW_EVERY, RENEW_EVERY, move || {
                let (count, redis) = (count.clone(), redis.clone());
                async move { count.renew(&redis).await }
            });
        }
        count
    }

    fn own(&self) -> MutexGuard<'_, HashMap<AccountId, Vec<Id>>> {
        self.own.lock()
    }

    fn leave_own(&self, account: AccountId, id: Id) {
        let mut own = self.own();
        if let Some(ids) = own.get_mut(&account) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                own.remove(&account);
            }
        }
    }

    /// Counts a socket of a mailbox; returns `None` at the limit.
    pub async fn enter(&self, account: AccountId) -> Option<Counted> {
        let id = Id::from_ne_bytes(random_bytes());
        {
            let mut own = self.own();
            let ids = own.entry(account).or_default();
            if ids.len() >= MAX_SOCKETS {
                return None;
            }
            ids.push(id);
        }
        let counted = Counted {
            count: self.clone(),
            account,
            id,
        };
        if let Some(redis) = &self.redis {
            let mut enter = ENTER.key(key(account));
            enter.arg(member(id)).arg(MAX_SOCKETS).arg(millis(ENTRY_TTL));
            let entered: Result<i64, RedisError> = redis.run_script(&enter).await;
            if let Ok(0) = entered {
                return None;
            }
        }
        Some(counted)
    }

    async fn renew(&self, redis: &Redis) -> Result<(), RedisError> {
        let open: Vec<(AccountId, Id)> = self
            .own()
            .iter()
            .flat_map(|(account, ids)| ids.iter().map(|id| (*account, *id)))
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        let (seconds, micros): (u64, u64) = redis.run(&cmd("TIME")).await?;
        let ends = seconds * 1000 + micros / 1000 + millis(ENTRY_TTL);
        for some in open.chunks(CHUNK) {
            let mut commands = Pipeline::new();
            for (account, id) in some {
                let key = key(*account);
                commands.cmd("ZADD").arg(&key).arg(ends).arg(member(*id)).ignore();
                commands.cmd("PEXPIRE").arg(&key).arg(millis(ENTRY_TTL)).ignore();
            }
            redis.run_all(&commands).await?;
        }
        // This renewal can have entered a socket again that closed meanwhile.
        for (account, id) in open {
            let is_open = self.own().get(&account).is_some_and(|ids| ids.contains(&id));
            if !is_open {
                let mut leave = cmd("ZREM");
                leave.arg(key(account)).arg(member(id));
                let _: i64 = redis.run(&leave).await?;
            }
        }
        Ok(())
    }
}

fn key(account: AccountId) -> String {
    format!("mayfly:sockets:{account}")
}

fn member(id: Id) -> String {
    format!("{id:032x}")
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use crate::redis::RedisConfig;
    use futures_util::poll;
    use mayfly_testkit::{RedisServer, eventually_within};
    use mayfly_types::{Clock, SystemClock};
    use tokio_util::sync::CancellationToken;

    use super::*;

    /// Less than [`ENTRY_TTL`], after which an entry ends by itself.
    const WITHIN: Duration = Duration::from_secs(10);

    async fn counted(redis: &Redis, account: AccountId) -> Option<u64> {
        let mut count = cmd("ZCARD");
        count.arg(key(account));
        redis.run(&count).await.ok()
    }

    #[tokio::test]
    async fn socket_that_closes_during_renewal_is_not_counted() {
        let server = RedisServer::start();
        let tasks = Tasks::new(CancellationToken::new());
        let config: RedisConfig = toml::from_str(&format!("url = \"{}\"", server.url())).unwrap();
        let redis = Redis::start(&config, &tasks).unwrap().unwrap();
        let account = AccountId::new(SystemClock.now());
        eventually_within("connected", WITHIN, async || {
            counted(&redis, account).await.is_some()
        })
        .await;
        let count = SocketCount::start(Some(redis.clone()), &tasks);
        let kept = count.enter(account).await.unwrap();
        let ended = count.enter(account).await.unwrap();

        // The renewal has listed the open sockets, and asks Redis for the time.
        let mut renewing = Box::pin(count.renew(&redis));
        assert!(poll!(renewing.as_mut()).is_pending());
        drop(ended);
        eventually_within("left", WITHIN, async || counted(&redis, account).await == Some(1)).await;
        renewing.await.unwrap();
        assert_eq!(counted(&redis, account).await, Some(1), "it was entered again");
        drop(kept);
        eventually_within("left", WITHIN, async || counted(&redis, account).await == Some(0)).await;
    }
}
