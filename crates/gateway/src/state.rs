//! What handlers share: a client of each service, and how long each kind of call may take.

use std::{ops::Deref, sync::Arc, time::Duration};

use mayfly_proto::{auth::auth_client::AuthClient, mailbox::mailbox_client::MailboxClient};
use mayfly_rpc::{MAX_MAIL_ANSWER_BYTES, MAX_MESSAGE_BYTES, Transport};
use mayfly_shared::redis::Redis;

use mayfly_types::SharedClock;

use crate::{
    config::Config, downloads::Downloads, mail_html::Cleaner, sign_in_limit::SignInLimit, streams::Streams,
    tickets::Tickets,
};

/// A token must be judged quickly: a slow auth service is a 503, never a pile of waiting requests.
const VALIDATE_TIMEOUT: Duration = Duration::from_secs(1);
/// Hashing waits in a bounded queue.
const HASH_TIMEOUT: Duration = Duration::from_secs(10);
/// The DNS is given five seconds, and the database has its share.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(8);

/// Clients of both services. Clones are one pointer: every stream has some.
#[derive(Debug, Clone)]
pub(crate) struct Gateway(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    auth: AuthClient<Transport>,
    mailbox: MailboxClient<Transport>,
    pub(crate) sign_in_limit: Arc<SignInLimit>,
    pub(crate) tickets: Arc<Tickets>,
    pub(crate) clock: SharedClock,
    pub(crate) cleaner: Cleaner,
    pub(crate) streams: Streams,
    pub(crate) downloads: Downloads,
}

impl Deref for Gateway {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Gateway {
    pub(crate) fn new(
        config: &Config,
        auth: Transport,
        mailbox: Transport,
        redis: Option<Redis>,
        clock: SharedClock,
        streams: Streams,
    ) -> Self {
        let downloads = Downloads::new(&streams.tasks);
        Self(Arc::new(Shared {
            auth: AuthClient::new(auth).max_decoding_message_size(MAX_MESSAGE_BYTES),
            mailbox: MailboxClient::new(mailbox).max_decoding_message_size(MAX_MAIL_ANSWER_BYTES),
            sign_in_limit: Arc::new(SignInLimit::new(config.sign_in_limit, redis.clone())),
            tickets: Arc::new(Tickets::new(redis)),
            clock,
            cleaner: Cleaner::default(),
            streams,
            downloads,
        }))
    }

    pub(crate) fn auth(&self) -> AuthClient<Transport> {
        self.auth.clone()
    }

    pub(crate) fn mailbox(&self) -> MailboxClient<Transport> {
        self.mailbox.clone()
    }
}

/// Makes a request that must be answered within a second.
pub(crate) fn validate_request<T>(message: T) -> tonic::Request<T> {
    with_timeout(message, VALIDATE_TIMEOUT)
}

/// Makes a request that may wait for a password to be hashed.
pub(crate) fn hash_request<T>(message: T) -> tonic::Request<T> {
    with_timeout(message, HASH_TIMEOUT)
}

/// Makes a request that may wait for the DNS.
pub(crate) fn look_up_request<T>(message: T) -> tonic::Request<T> {
    with_timeout(message, LOOK_UP_TIMEOUT)
}

fn with_timeout<T>(message: T, timeout: Duration) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(timeout);
    request
}
