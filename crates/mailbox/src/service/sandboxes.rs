//! What the calls on sandboxes share: settings, their bounds, and creation.

use std::sync::Arc;

use mayfly_database::DatabaseTransaction;
use mayfly_types::{AccountId, Address, OwnerAccess, SandboxId, UserId, random_bytes};
use time::{Duration, OffsetDateTime};

use super::Service;
use crate::{
    config,
    error::Error,
    store::{Mailbox, Sandbox, State, mailboxes, millis, owners, sandboxes},
};

/// The name of the sandbox that Pro API tokens send to.
const DEFAULT_NAME: &str = "default";
/// The label before the default domain in the addresses of sandboxes.
const LABEL: &str = "sandbox";
const MAX_NAME_CHARS: usize = 100;
const DEFAULT_MAX_MESSAGES: i64 = 1_000;
/// Every delivery counts the messages of its sandbox.
const LARGEST_MAX_MESSAGES: i64 = 10_000;
/// The retention of a sandbox, unless the server keeps mail for less.
const DEFAULT_RETENTION: Duration = Duration::days(7);
/// The sweeper does not run more often.
const SHORTEST_RETENTION: Duration = Duration::minutes(1);
/// Random characters of a login, each of five bits. A login is no secret.
const LOGIN_CHARS: usize = 8;
const LOGIN_PREFIX: &str = "sb_";
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A sandbox with its mailbox.
#[derive(Debug, Clone)]
pub(crate) struct OpenedSandbox {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) mailbox: Arc<Mailbox>,
}

impl From<sandboxes::SandboxWithMailbox> for OpenedSandbox {
    fn from((sandbox, mailbox): sandboxes::SandboxWithMailbox) -> Self {
        Self {
            sandbox: Arc::new(sandbox),
            mailbox: Arc::new(mailbox),
        }
    }
}

/// Settings of a sandbox; absent ones are the defaults of a new sandbox, and stay as they are in a change.
#[derive(Debug, Clone, Default)]
pub(crate) struct SandboxSettings {
    pub(crate) name: Option<String>,
    pub(crate) max_messages: Option<u32>,
    pub(crate) retention_secs: Option<i64>,
    pub(crate) deliver_to_own: Option<bool>,
}

/// The id of the default sandbox of a Pro user. It is the user's own, so that there is one.
pub(crate) fn default_id(owner: UserId) -> SandboxId {
    SandboxId::from_uuid(owner.as_uuid())
}

/// Returns whether a user name of an SMTP login, in lower case, names a sandbox.
pub(crate) fn is_login(username: &str) -> bool {
    username
        .strip_prefix(LOGIN_PREFIX)
        .is_some_and(|name| name.len() == LOGIN_CHARS && name.bytes().all(|byte| BASE32.contains(&byte)))
}

/// Returns whether an address has the form of the address of a sandbox.
pub(super) fn is_address(address: &Address) -> bool {
    let label = address.domain().strip_prefix(LABEL);
    label.is_some_and(|rest| rest.starts_with('.'))
}

fn random_login() -> String {
    let chars = random_bytes::<LOGIN_CHARS>();
    let chars = chars
        .iter()
        .map(|byte| char::from(BASE32[usize::from(byte % 32)]));
    LOGIN_PREFIX.chars().chain(chars).collect()
}

impl SandboxSettings {
    /// Applies the settings to a sandbox. A retention above the one of the server is the one of the server.
    pub(crate) fn apply(self, sandbox: &mut Sandbox, longest: Duration) -> Result<(), Error> {
        if let Some(name) = self.name {
            let chars = name.chars().count();
            if !(1..=MAX_NAME_CHARS).contains(&chars)
                || name.trim().is_empty()
                || name.chars().any(char::is_control)
            {
                return Err(Error::InvalidRequest(
                    "name: needs 1 to 100 characters, no control characters",
                ));
            }
            sandbox.name = name;
        }
        if let Some(max_messages) = self.max_messages {
            let max_messages = i64::from(max_messages);
            if !(1..=LARGEST_MAX_MESSAGES).contains(&max_messages) {
                return Err(Error::InvalidRequest("max_messages: must be from 1 to 10000"));
            }
            sandbox.max_messages = max_messages;
        }
        if let Some(seconds) = self.retention_secs {
            let retention = Duration::seconds(seconds);
            if retention < SHORTEST_RETENTION {
                return Err(Error::InvalidRequest("retention: must be at least 1m"));
            }
            sandbox.retention_ms = millis_of(retention.min(longest));
        }
        if let Some(deliver_to_own) = self.deliver_to_own {
            sandbox.deliver_to_own = deliver_to_own;
        }
        Ok(())
    }
}

pub(super) fn millis_of(duration: Duration) -> i64 {
    i64::try_from(duration.whole_milliseconds()).unwrap_or(i64::MAX)
}

/// A sandbox to create, and the bound on how many there are.
#[derive(Debug, Clone)]
pub(super) struct NewSandbox {
    sandbox: Sandbox,
    mailbox: Mailbox,
    /// Of those that are not the default one.
    max_sandboxes: u64,
}

impl NewSandbox {
    /// Inserts it. Of concurrent calls for the default sandbox one inserts it, and the others find it.
    pub(super) async fn insert(self, tx: &DatabaseTransaction) -> Result<OpenedSandbox, Error> {
        let Self {
            sandbox,
            mailbox,
            max_sandboxes,
        } = self;
        let (owner, default) = (sandbox.owner_user_id, default_id(sandbox.owner_user_id));
        if !owners::lock(tx, owner).await? {
            return Err(Error::NotFound);
        }
        if sandbox.id == default {
            if let Some(found) = sandboxes::find(tx, owner, default).await? {
                return Ok(found.into());
            }
        } else if sandboxes::count(tx, owner, default).await? >= max_sandboxes {
            return Err(Error::SandboxLimitReached);
        }
        mailboxes::insert(tx, mailbox.clone()).await?;
        sandboxes::insert(tx, sandbox.clone()).await?;
        Ok((sandbox, mailbox).into())
    }
}

impl Service {
    /// Returns how long the server keeps mail.
    pub(super) fn longest_retention(&self) -> Duration {
        config::duration(self.config.retention)
    }

    /// Prepares a sandbox: the default one of its owner without settings.
    pub(super) fn new_sandbox(
        &self,
        owner: UserId,
        settings: Option<SandboxSettings>,
        now: OffsetDateTime,
    ) -> Result<NewSandbox, Error> {
        let (account_id, login) = (AccountId::new(now), random_login());
        let id = match settings {
            Some(_) => SandboxId::new(now),
            None => default_id(owner),
        };
        let longest = self.longest_retention();
        let mut sandbox = Sandbox {
            id,
            owner_user_id: owner,
            name: DEFAULT_NAME.to_owned(),
            account_id,
            login,
            max_messages: DEFAULT_MAX_MESSAGES,
            retention_ms: millis_of(DEFAULT_RETENTION.min(longest)),
            deliver_to_own: true,
            created_at_ms: millis(now),
        };
        // The last digits of an id are random.
        let digits = id.as_uuid().simple().to_string().split_off(24);
        settings.unwrap_or_default().apply(&mut sandbox, longest)?;
        let domain = self
            .domains
            .first()
            .ok_or(Error::Defect("there is no system domain"))?;
        let mailbox = Mailbox {
            id: account_id,
            address: format!("{LABEL}-{digits}@{LABEL}.{domain}"),
            untagged_address: None,
            owner_user_id: Some(owner),
            state: State::Active,
            quota_bytes: self.config.quota(true),
            used_bytes: 0,
            message_count: 0,
            created_at_ms: millis(now),
            last_active_at_ms: millis(now),
            lease_expires_at_ms: None,
            deleted_at_ms: None,
            last_message_id: None,
            received_day: 0,
            received_bytes: 0,
            created_from: None,
            created_by_token_id: None,
        };
        Ok(NewSandbox {
            sandbox,
            mailbox,
            max_sandboxes: u64::from(self.config.max_sandboxes),
        })
    }

    /// Finds a Pro user's sandbox.
    pub(super) async fn sandbox(&self, owner: &OwnerAccess, id: SandboxId) -> Result<OpenedSandbox, Error> {
        self.find_sandbox(owner, id).await?.ok_or(Error::NotFound)
    }

    /// Finds a Pro user's sandbox, in the cache or the database.
    pub(super) async fn find_sandbox(
        &self,
        owner: &OwnerAccess,
        id: SandboxId,
    ) -> Result<Option<OpenedSandbox>, Error> {
        if !owner.allows_sandbox(id) {
            return Ok(None);
        }
        let (owner, cache) = (owner.user, self.store.cache());
        let account = cache.account_of_sandbox(id);
        if let Some((sandbox, mailbox)) = account.and_then(|account| cache.sandbox(account))
            && (sandbox.id, sandbox.owner_user_id) == (id, owner)
        {
            return Ok(Some(OpenedSandbox { sandbox, mailbox }));
        }
        // A ticket is for an account, which the first look-up learns; the second caches the sandbox.
        let ticket = account.map(|account| (account, cache.begin(account)));
        let found = self.store.read("find_sandbox", |c| {
            Box::pin(async move { Ok(sandboxes::find(c, owner, id).await?) })
        });
        let found = found.await?.map(OpenedSandbox::from);
        if let Some(OpenedSandbox { sandbox, mailbox }) = &found {
            match ticket {
                Some((account, ticket)) if account == mailbox.id => {
                    cache.insert_sandbox(ticket, sandbox, mailbox);
                }
                _ => cache.set_account_of_sandbox(id, mailbox.id),
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_login_has_documented_shape() {
        for _ in 0..100 {
            let login = random_login();
            assert!(is_login(&login), "{login}");
        }
        for text in [
            "",
            "sb_",
            "sb_abcdefg",
            "sb_abcdefgh2",
            "sb_abcdefg1",
            "xx_abcdefgh",
            "ann@x.test",
        ] {
            assert!(!is_login(text), "{text}");
        }
    }
}
