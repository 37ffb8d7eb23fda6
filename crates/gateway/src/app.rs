//! The use cases that every dialect shares. They know no path, no status and no JSON.

mod account_scope;
mod add_domain;
pub(crate) mod answer_memory;
mod audit;
pub(crate) mod authenticate;
mod captcha;
mod change_user_password;
pub(crate) mod create_account;
mod create_limit;
mod delete_user;
pub(crate) mod download_message;
pub(crate) mod downloads;
pub(crate) mod follow_mailbox;
mod get_usage;
pub(crate) mod get_user;
pub(crate) mod inbox;
mod issue_ticket;
mod list_messages;
pub(crate) mod mailbox_secret;
mod mark_message;
pub(crate) mod open_message;
pub(crate) mod paced_body;
pub(crate) mod password_permits;
pub(crate) mod permits;
pub(crate) mod principal;
pub(crate) mod proof_of_work;
mod recent;
mod register_user;
mod reset_password;
pub(crate) mod sandboxes;
pub(crate) mod search_messages;
mod send_test_message;
pub(crate) mod sign_in;
pub(crate) mod sign_in_limit;
pub(crate) mod stream;
pub(crate) mod tickets;
mod verify_domain;
pub(crate) mod wait;
pub(crate) mod wait_inbox;
pub(crate) mod zoned_query;

use std::{ops::Deref, sync::Arc, time::Duration};

use mayfly_follow::Follow;
use mayfly_proto::{auth::auth_client::AuthClient, mailbox::mailbox_client::MailboxClient};
use mayfly_rpc::{Failure, MAX_MAIL_ANSWER_BYTES, MAX_MESSAGE_BYTES, Transport};
use mayfly_runtime::{
    fair::{self, ComputePool},
    task::Tasks,
};
use mayfly_shared::{bus, counters::SocketCount, redis::Redis};
use mayfly_types::SharedClock;

use self::{
    answer_memory::AnswerMemory,
    audit::Refusals,
    captcha::Captcha,
    create_limit::CreateLimit,
    downloads::Downloads,
    password_permits::PasswordPermits,
    proof_of_work::ProofOfWork,
    sign_in_limit::SignInLimit,
    tickets::{Issued, Tickets},
    wait_inbox::InboxWaits,
};
use crate::{
    config::{Config, Dialect},
    mail_html::Cleaner,
    submission::Submission,
};

/// Validation fails fast, so that requests do not queue behind a slow auth service.
const VALIDATE_TIMEOUT: Duration = Duration::from_secs(1);
/// Hashing waits in a bounded queue.
const HASH_TIMEOUT: Duration = Duration::from_secs(10);
/// Five seconds for the DNS, the rest for the database.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(8);

/// Of larger mail, answers are made on threads of their own. Below this size the handover costs more than the work.
const MAX_INLINE_BYTES: usize = 64 << 10;

/// What use cases depend on. A clone is one pointer, since every stream holds some.
#[derive(Debug, Clone)]
pub(crate) struct App(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    auth: AuthClient<Transport>,
    mailbox: MailboxClient<Transport>,
    create_limit: CreateLimit,
    proof_of_work: ProofOfWork,
    pub(crate) captcha: Captcha,
    pub(crate) sign_in_limit: SignInLimit,
    pub(crate) tickets: Tickets,
    pub(crate) issued_tickets: Issued,
    pub(crate) password_permits: PasswordPermits,
    pub(crate) clock: SharedClock,
    pub(crate) cleaner: Cleaner,
    /// Makes large answers.
    compute_pool: Arc<ComputePool>,
    answer_memory: AnswerMemory,
    pub(crate) follow: Follow,
    pub(crate) sockets: SocketCount,
    pub(crate) downloads: Downloads,
    pub(crate) submission: Submission,
    pub(crate) tasks: Tasks,
    /// Origins whose pages can open WebSockets; empty means the gateway's own.
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) ping_interval: Duration,
    pub(crate) inbox_waits: InboxWaits,
    /// Refusals that wait to be reported.
    refusals: Refusals,
    /// Whether a key of mail.td is taken in place of a mailbox's password.
    pub(crate) takes_auth_keys: bool,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    #[expect(clippy::too_many_arguments, reason = "each is a dependency of its own")]
    pub(crate) fn start(
        config: &Config,
        auth: Transport,
        mailbox: Transport,
        submission: Submission,
        events: bus::Subscription,
        redis: Option<Redis>,
        clock: SharedClock,
        tasks: &Tasks,
    ) -> Self {
        let auth = AuthClient::new(auth).max_decoding_message_size(MAX_MESSAGE_BYTES);
        let mailbox = MailboxClient::new(mailbox).max_decoding_message_size(MAX_MAIL_ANSWER_BYTES);
        let follow = Follow::start(auth.clone(), mailbox.clone(), events, config.max_streams, tasks);
        let refusals = Refusals::start(auth.clone(), tasks);
        let compute_pool = Arc::new(ComputePool::start("answers"));
        Self(Arc::new(Shared {
            auth,
            mailbox,
            create_limit: CreateLimit::start(config.create_limit, redis.clone(), tasks),
            proof_of_work: ProofOfWork::new(config.pow_bits, clock.clone(), redis.clone()),
            captcha: Captcha::new(config, clock.clone(), redis.clone()),
            sign_in_limit: SignInLimit::new(config.sign_in_limit, redis.clone()),
            tickets: Tickets::new(redis.clone()),
            issued_tickets: Issued::default(),
            password_permits: PasswordPermits::default(),
            clock,
            cleaner: Cleaner::new(Arc::clone(&compute_pool)),
            compute_pool,
            answer_memory: AnswerMemory::default(),
            follow,
            sockets: SocketCount::start(redis, tasks),
            downloads: Downloads::new(tasks),
            submission,
            tasks: tasks.clone(),
            allowed_origins: config.allowed_origins.0.to_vec(),
            ping_interval: config.ping_interval.0,
            inbox_waits: InboxWaits::new(config.max_streams),
            refusals,
            takes_auth_keys: config.dialects.0.contains(&Dialect::MailTd),
        }))
    }

    /// Computes something of the size of a mail, on a thread of its own when it is large.
    ///
    /// # Errors
    /// When that panics.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        bytes: usize,
        compute: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        if bytes <= MAX_INLINE_BYTES {
            return Ok(compute());
        }
        let permit = self.compute_pool.acquire(fair::client()).await;
        let computed = self.compute_pool.run(permit, compute).await;
        computed.map_err(|_| Failure::internal("an answer could not be made"))
    }

    pub(crate) fn auth(&self) -> AuthClient<Transport> {
        self.auth.clone()
    }

    pub(crate) fn mailbox(&self) -> MailboxClient<Transport> {
        self.mailbox.clone()
    }
}

/// Creates a request with a deadline of one second.
fn validate_request<T>(message: T) -> tonic::Request<T> {
    with_timeout(message, VALIDATE_TIMEOUT)
}

/// Creates a request that can wait for a password to be hashed.
fn hash_request<T>(message: T) -> tonic::Request<T> {
    with_timeout(message, HASH_TIMEOUT)
}

/// Creates a request that can wait for the DNS.
fn look_up_request<T>(message: T) -> tonic::Request<T> {
    with_timeout(message, LOOK_UP_TIMEOUT)
}

fn with_timeout<T>(message: T, timeout: Duration) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(timeout);
    request
}
