//! Drives one session over one socket: reads, writes, and enforces the time-outs.

use std::{
    io,
    mem::MaybeUninit,
    net::IpAddr,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use mayfly_types::Address;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tracing::{Instrument, Span};

use crate::{
    context::Context,
    session::{
        Authentication, Delivery, Finished, Login, Mail, Recipient, Recipients, Replies, Session, Step,
    },
    transaction_span,
};

/// RFC 5321 4.5.3.2.7: for a complete command to arrive.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// RFC 5321 4.5.3.2.5: between two reads of message data. A whole message gets this time too, and more by its size.
const DATA_IDLE_TIMEOUT: Duration = Duration::from_secs(3 * 60);
/// The slowest client: its message holds memory that others need. The default of Postfix, `smtpd_min_data_rate`.
const MIN_DATA_BYTES_PER_SEC: u64 = 500;
/// For a command or the next data while connections or memory are scarce. Postfix calls it stress.
const SCARCE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a waiting session looks whether they are.
const SCARCE_CHECK_EVERY: Duration = Duration::from_secs(5);
/// For a complete message to arrive.
const DATA_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// For a session, active or not.
const SESSION_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// For a client to continue its transaction while the server stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// For a client to complete its message while the server stops: less than the edges have to drain.
const DRAIN_DATA_TIMEOUT: Duration = Duration::from_secs(15);
/// For a client to send QUIT after a message while the server stops.
const QUIT_TIMEOUT: Duration = Duration::from_secs(2);
/// For a client to read replies.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// For the TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long input of a rejected client is read and discarded, so that it can read the reply.
const LINGER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long replies wait for a look-up, to be written together with its reply.
const COALESCE_TIMEOUT: Duration = Duration::from_millis(50);

/// Pipelined recipients that are looked up before other tasks run: a look-up can be answered without waiting for anything.
const LOOK_UPS_AT_ONCE: u32 = 8;

/// The size of a read: of commands, and of data at first and at most.
const COMMAND_READ_BYTES: usize = 2 * 1024;
const FIRST_DATA_READ_BYTES: usize = 8 * 1024;
const DATA_READ_BYTES: usize = 64 * 1024;

/// How a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// In plain text, with STARTTLS if there is a certificate.
    Plain,
    /// With a TLS handshake (RFC 8314 3.3).
    Tls,
}

/// How a session on one stream ended.
enum Outcome {
    Ended,
    StartTls,
}

/// One connection.
pub(crate) struct Connection {
    context: Context,
    peer: IpAddr,
    session: Session,
    input: BytesMut,
    replies: Replies,
    read_bytes: usize,
    started: Instant,
    /// When waiting for the current command or message began.
    waiting_since: Instant,
    /// When the last input came.
    heard_at: Instant,
    lines_seen: u64,
    was_in_data: bool,
    stopping_since: Option<Instant>,
    /// The span of the transaction in progress.
    transaction: Span,
    /// Whether the mails of this client are limited, and the one of this transaction is counted.
    is_limited: bool,
    is_counted: bool,
    /// Recipients of this session that were looked up.
    looked_up: u32,
}

impl Connection {
    pub(crate) fn new(context: Context, peer: IpAddr) -> Self {
        let now = Instant::now();
        Self {
            session: Session::new(context.settings.clone(), peer),
            is_limited: context.intake.applies_to(peer),
            is_counted: false,
            looked_up: 0,
            context,
            peer,
            input: BytesMut::new(),
            replies: Replies::default(),
            read_bytes: COMMAND_READ_BYTES,
            started: now,
            waiting_since: now,
            heard_at: now,
            lines_seen: 0,
            was_in_data: false,
            stopping_since: None,
            transaction: Span::none(),
        }
    }

    /// Runs the session until either side ends it. A lost connection is only logged.
    pub(crate) async fn run(mut self, stream: TcpStream, start: Start) {
        self.context.metrics.session_opened();
        if let Err(error) = self.serve(stream, start).await {
            tracing::debug!(peer = %self.peer, %error, "a session was lost");
        }
        self.context.metrics.session_closed(self.started.elapsed());
    }

    async fn serve(&mut self, mut stream: TcpStream, start: Start) -> io::Result<()> {
        if start == Start::Plain {
            let is_early_talker = has_sent_input(&stream);
            self.session.greet(is_early_talker, &mut self.replies);
            if let Outcome::Ended = self.run_on(&mut stream).await? {
                return Ok(());
            }
        }
        let Some(acceptor) = self.context.tls.clone() else {
            return Ok(());
        };
        let mut stream = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await??;
        self.input.clear();
        self.session.tls_started();
        if start == Start::Tls {
            self.session.greet(false, &mut self.replies);
        }
        self.run_on(&mut stream).await?;
        Ok(())
    }

    async fn run_on<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut S) -> io::Result<Outcome> {
        loop {
            let step = self.session.advance(&mut self.input, &mut self.replies);
            self.log_finished();
            self.update_transaction_span();
            match step {
                Step::Read => {
                    self.write_replies(stream).await?;
                    self.spool().await;
                    if !self.read(stream).await? {
                        return Ok(Outcome::Ended);
                    }
                }
                Step::Resolve {
                    address,
                    size_bytes,
                    sender,
                } => {
                    let recipient = match self.is_admitted() {
                        true => self.resolve(&address, size_bytes, sender, stream).await?,
                        false => Recipient::Limited,
                    };
                    if recipient == Recipient::Limited {
                        self.context.metrics.recipient_limited();
                    }
                    self.session.recipient_resolved(recipient, &mut self.replies);
                    self.looked_up = self.looked_up.wrapping_add(1);
                    if self.looked_up.is_multiple_of(LOOK_UPS_AT_ONCE) {
                        tokio::task::yield_now().await;
                    }
                }
                Step::Authenticate(login) => {
                    // The client waits for the replies before it, if the check takes long.
                    self.write_replies(stream).await?;
                    let authentication = self.authenticate(&login).await;
                    self.session.authenticated(authentication, &mut self.replies);
                }
                Step::Deliver(mail) => {
                    let delivery = self.deliver(mail).await;
                    self.session.delivered(&delivery, &mut self.replies);
                    self.log_finished();
                    // The reply to a stored mail is written at once, even if more input is pipelined.
                    self.write_replies(stream).await?;
                    self.heard_at = Instant::now();
                }
                Step::StartTls => {
                    self.write_replies(stream).await?;
                    return Ok(Outcome::StartTls);
                }
                Step::Close { lingers } => {
                    self.write_replies(stream).await?;
                    stream.shutdown().await?;
                    if lingers {
                        self.linger(stream).await;
                    }
                    return Ok(Outcome::Ended);
                }
            }
        }
    }

    /// Counts the mail of this transaction, once. Returns false if the client has sent too many.
    fn is_admitted(&mut self) -> bool {
        self.is_counted = self.is_counted || !self.is_limited || self.context.intake.takes_from(self.peer);
        self.is_counted
    }

    /// Checks a login, at AUTH and again at each MAIL. Failures of a client are limited, and so are its mails.
    async fn authenticate(&mut self, login: &Login) -> Authentication {
        let is_mail = self.session.is_in_transaction();
        let username = match login {
            Login::Password(credentials) => credentials.username.as_str(),
            Login::Open => "",
        };
        let is_allowed = match is_mail {
            true => self.is_admitted(),
            false => self.context.login_limit.allows(self.peer, username),
        };
        if !is_allowed {
            self.context.metrics.login_checked(&Authentication::Limited);
            return Authentication::Limited;
        }
        let mut logins = self.context.logins.clone();
        let checking = logins.check(login).instrument(self.transaction.clone());
        let authentication = checking.await;
        if authentication == Authentication::Rejected {
            self.context.login_limit.record_failure(self.peer, username);
        }
        self.context.metrics.login_checked(&authentication);
        authentication
    }

    /// Looks up a recipient, and whether its mailbox has received too many mails.
    async fn resolve<S: AsyncWrite + Unpin>(
        &mut self,
        address: &Address,
        size_bytes: u64,
        sender: String,
        stream: &mut S,
    ) -> io::Result<Recipient> {
        let mut mailboxes = self.context.mailboxes.clone();
        let resolving = mailboxes.resolve(address, size_bytes, sender, self.peer);
        let mut resolved = std::pin::pin!(resolving.instrument(self.transaction.clone()));
        let recipient = match timeout(COALESCE_TIMEOUT, &mut resolved).await {
            Ok(recipient) => recipient,
            Err(_) => {
                self.write_replies(stream).await?;
                resolved.await
            }
        };
        Ok(match recipient {
            Recipient::Found(mailbox)
                if self.is_limited && !self.context.intake.has_room(mailbox, self.peer) =>
            {
                Recipient::Limited
            }
            recipient => recipient,
        })
    }

    /// Stores a mail, and counts it for its mailboxes. One that is not stored does not count.
    async fn deliver(&mut self, mail: Mail) -> Delivery {
        let counted = match &mail.recipients {
            // The mailbox of a sandbox has no limit: the client that logged in has one.
            Recipients::Mailboxes(ids) if self.is_limited => {
                match self.context.intake.count(ids, self.peer) {
                    Some(counted) => Some(counted),
                    None => {
                        self.context.metrics.recipient_limited();
                        return Delivery::Limited;
                    }
                }
            }
            Recipients::Mailboxes(_) | Recipients::Sandbox { .. } => None,
        };
        let delivering = self.context.mailboxes.deliver(mail, self.peer);
        let delivery = delivering.instrument(self.transaction.clone()).await;
        if let (Some(counted), Delivery::Stored(_)) = (counted, &delivery) {
            counted.keep();
        }
        delivery
    }

    /// Moves what has arrived of a large message to the disk.
    async fn spool(&mut self) {
        if let Some(spool) = &self.context.spool
            && let Some(unspooled) = self.session.take_unspooled()
        {
            let spooled = spool.write(unspooled, self.peer).await;
            self.session.spooled(spooled);
        }
    }

    async fn write_replies<S: AsyncWrite + Unpin>(&mut self, stream: &mut S) -> io::Result<()> {
        if self.replies.as_str().is_empty() {
            return Ok(());
        }
        self.context.metrics.replied(self.replies.codes());
        let write = async {
            stream.write_all(self.replies.as_str().as_bytes()).await?;
            stream.flush().await
        };
        timeout(WRITE_TIMEOUT, write).await??;
        self.replies.clear();
        Ok(())
    }

    /// Reads more input. Returns false when the client has disconnected.
    async fn read<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> io::Result<bool> {
        let is_in_data = self.session.is_in_data();
        self.restart_wait_on_progress(is_in_data);
        if !is_in_data {
            self.read_bytes = COMMAND_READ_BYTES;
        }
        // A large buffer is freed between mails, so an idle session uses little memory.
        if self.input.is_empty() && self.input.capacity() > DATA_READ_BYTES {
            self.input = BytesMut::new();
        }
        self.input.reserve(self.read_bytes);
        let wait = self.read_timeout(is_in_data);
        if wait.is_zero() {
            // With input always available the time-out below would never fire, so it is checked first.
            self.session.time_out(&mut self.replies);
            return Ok(true);
        }
        let read = timeout(wait.min(SCARCE_CHECK_EVERY), stream.read_buf(&mut self.input));
        let stopping = self.context.stopping.clone();
        let outcome = tokio::select! {
            biased;
            outcome = read => outcome,
            () = stopping.cancelled(), if !self.session.is_stopping() => {
                self.session.stop();
                self.stopping_since = Some(Instant::now());
                return Ok(true);
            }
        };
        match outcome {
            Ok(Ok(0)) => Ok(false),
            Ok(Ok(length)) => {
                if is_in_data && length >= self.read_bytes {
                    self.read_bytes = (self.read_bytes * 2).min(DATA_READ_BYTES);
                }
                self.heard_at = Instant::now();
                Ok(true)
            }
            Ok(Err(error)) => Err(error),
            // The next call finds whether the time is over.
            Err(_) => Ok(true),
        }
    }

    /// Restarts the wait when a command is complete or data begins.
    fn restart_wait_on_progress(&mut self, is_in_data: bool) {
        let lines = self.session.lines_read();
        if lines != self.lines_seen || is_in_data != self.was_in_data {
            self.lines_seen = lines;
            self.was_in_data = is_in_data;
            self.waiting_since = Instant::now();
            if is_in_data {
                self.read_bytes = FIRST_DATA_READ_BYTES;
            }
        }
    }

    /// Returns how long the next read may take; zero when the time is over.
    fn read_timeout(&self, is_in_data: bool) -> Duration {
        let session = SESSION_TIMEOUT.saturating_sub(self.started.elapsed());
        let (waited, silent) = (self.waiting_since.elapsed(), self.heard_at.elapsed());
        let is_scarce = self.context.is_scarce();
        let wait = if let Some(stopping) = self.stopping_since.map(|since| since.elapsed()) {
            let silent = silent.min(stopping);
            if is_in_data {
                let whole = DRAIN_DATA_TIMEOUT.saturating_sub(stopping);
                whole.min(DRAIN_TIMEOUT.saturating_sub(silent))
            } else if self.session.is_in_transaction() {
                DRAIN_TIMEOUT.saturating_sub(silent)
            } else {
                QUIT_TIMEOUT.saturating_sub(silent)
            }
        } else if is_in_data {
            let received = self.session.data_bytes().unwrap_or(0);
            let idle = if is_scarce {
                SCARCE_TIMEOUT
            } else {
                DATA_IDLE_TIMEOUT
            };
            let whole = idle + Duration::from_secs(received / MIN_DATA_BYTES_PER_SEC);
            let whole = whole.min(DATA_TIMEOUT).saturating_sub(waited);
            whole.min(idle.saturating_sub(silent))
        } else if is_scarce {
            SCARCE_TIMEOUT.saturating_sub(waited)
        } else {
            COMMAND_TIMEOUT.saturating_sub(waited)
        };
        wait.min(session)
    }

    /// Reads and discards what a rejected client still sends. Closing with unread input would reset the connection, and the
    /// client would lose the reply.
    async fn linger<S: AsyncRead + Unpin>(&mut self, stream: &mut S) {
        let stopping = self.context.stopping.clone();
        self.input = BytesMut::new();
        let drain = async {
            let mut discarded = [0; 4096];
            while let Ok(1..) = stream.read(&mut discarded).await {}
        };
        let bounded = timeout(LINGER_TIMEOUT, drain);
        if self.session.is_stopping() {
            // The server is stopping and must not wait for this client.
            return;
        }
        stopping.run_until_cancelled(bounded).await;
    }

    /// Starts a span when a transaction begins, and drops it when a transaction ends without a message.
    fn update_transaction_span(&mut self) {
        if !self.session.is_in_transaction() {
            self.is_counted = false;
            self.transaction = Span::none();
        } else if self.transaction.is_none() {
            self.transaction = transaction_span::begin();
        }
    }

    fn log_finished(&mut self) {
        let Some(finished) = self.session.take_finished() else {
            return;
        };
        let Finished {
            sender_domain,
            recipients,
            size_bytes,
            code,
        } = finished;
        self.context.metrics.message_ended(code);
        let transaction = std::mem::replace(&mut self.transaction, Span::none());
        transaction_span::end(&transaction, recipients, size_bytes, code);
        let _in_transaction = transaction.entered();
        let (peer, ms) = (self.peer, self.waiting_since.elapsed().as_millis() as u64);
        if code == 250 {
            tracing::debug!(%peer, sender_domain, recipients, size_bytes, code, ms, "mail");
        } else {
            tracing::info!(%peer, sender_domain, recipients, size_bytes, code, ms, "mail refused");
        }
    }
}

/// Returns whether the client has sent input before the greeting. Asks the kernel, because tokio does not know yet.
fn has_sent_input(stream: &TcpStream) -> bool {
    let mut early = [MaybeUninit::uninit()];
    SockRef::from(stream)
        .peek(&mut early)
        .is_ok_and(|length| length > 0)
}

#[cfg(test)]
mod tests;
