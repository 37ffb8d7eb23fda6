//! The state machine of one SMTP session: bytes in, replies and steps out. No socket and no clock, so a fuzzer can drive it.

mod authentication;
mod line;
mod step;
mod transaction;

use std::{net::IpAddr, sync::Arc};

use bytes::BytesMut;
use ipnet::IpNet;

use crate::{
    budget::Budget,
    command::{self, Command},
    config::SandboxMode,
    data_reader::{DataReader, Progress},
    reply::{self, Reply},
    spool::Unspooled,
};
use authentication::{Checking, Exchange};
use line::{Line, LineReader};

pub use crate::reply::Replies;
pub use step::{
    Authentication, Credentials, Delivery, Finished, Login, Mail, Recipient, Recipients, Step, Submitter,
};

/// A session ends after this many errors since its last mail.
const MAX_ERRORS: u32 = 20;
/// A session ends after this many commands without effect since its last mail.
const MAX_JUNK_COMMANDS: u32 = 100;

/// The settings of all sessions.
#[derive(Debug)]
pub struct Settings {
    /// The name in the banner.
    pub host_name: String,
    /// The largest message, in bytes.
    pub max_message_bytes: u64,
    /// The most recipients of a message.
    pub max_recipients: usize,
    /// Whether STARTTLS is offered.
    pub has_tls: bool,
    /// Whether clients can log in.
    pub sandbox: SandboxMode,
    /// Whether only clients that have logged in can send mail.
    pub requires_login: bool,
    /// Clients that can log in without TLS.
    pub plain_login_networks: Vec<IpNet>,
    /// Whether a lone CR or LF in a message becomes CRLF.
    pub normalizes_newlines: bool,
    /// The memory for message data of all sessions.
    pub budget: Arc<Budget>,
}

impl Settings {
    fn allows_plain_login(&self, client: IpAddr) -> bool {
        let networks = self.plain_login_networks.iter();
        networks.copied().any(|network| network.contains(&client))
    }
}

#[derive(Debug)]
enum Phase {
    Command,
    /// The client is logging in.
    Sasl(Exchange),
    /// The driver is looking up a recipient, checking a login or storing a mail.
    Waiting,
    Data(DataReader),
    Closed {
        lingers: bool,
    },
}

#[derive(Debug)]
struct Envelope {
    sender: String,
    announced_bytes: u64,
    is_utf8: bool,
    recipients: Recipients,
}

/// One session.
#[derive(Debug)]
pub struct Session {
    settings: Arc<Settings>,
    client: IpAddr,
    phase: Phase,
    lines: LineReader,
    has_greeted: bool,
    /// The name that the client has for itself.
    helo: String,
    /// Of a client that has logged in; its password is checked again at each MAIL.
    login: Option<Login>,
    failed_logins: u32,
    checking: Option<Checking>,
    is_tls: bool,
    is_stopping: bool,
    /// No command has followed the last reply to a message.
    has_ended_transaction: bool,
    envelope: Option<Envelope>,
    /// The log entry of a mail that is being stored, without its reply code.
    delivering: Option<Finished>,
    finished: Option<Finished>,
    errors: u32,
    junk_commands: u32,
}

impl Session {
    /// Creates the session of a client that has just connected.
    #[must_use]
    pub fn new(settings: Arc<Settings>, client: IpAddr) -> Self {
        Self {
            settings,
            client,
            phase: Phase::Command,
            lines: LineReader::default(),
            has_greeted: false,
            helo: String::new(),
            login: None,
            failed_logins: 0,
            checking: None,
            is_tls: false,
            is_stopping: false,
            has_ended_transaction: false,
            envelope: None,
            delivering: None,
            finished: None,
            errors: 0,
            junk_commands: 0,
        }
    }

    /// Greets the client, or rejects one that has sent input before the greeting.
    pub fn greet(&mut self, is_early_talker: bool, out: &mut Replies) {
        if is_early_talker {
            self.close_with(reply::EARLY_TALKER, out);
        } else {
            out.line(220, format_args!("{} ESMTP Mayfly", self.settings.host_name));
        }
    }

    /// Consumes input until the driver has to act.
    pub fn advance(&mut self, input: &mut BytesMut, out: &mut Replies) -> Step {
        loop {
            match &mut self.phase {
                Phase::Closed { lingers } => return Step::Close { lingers: *lingers },
                Phase::Waiting => return Step::Read,
                Phase::Data(reader) => match reader.read(input) {
                    Progress::More => return Step::Read,
                    Progress::BareNewline => self.reject_message(reply::BARE_NEWLINE, true, out),
                    Progress::End => {
                        if let Some(step) = self.end_of_data(out) {
                            return step;
                        }
                    }
                },
                Phase::Command | Phase::Sasl(_) if self.is_stopping && self.envelope.is_none() => {
                    if self.awaits_quit(input, out) {
                        return Step::Read;
                    }
                }
                Phase::Sasl(_) => match self.lines.next_auth(input) {
                    Line::None => return Step::Read,
                    Line::Command { length } => {
                        if let Some(step) = self.sasl_line(length, input, out) {
                            return step;
                        }
                    }
                    Line::Malformed(error) => {
                        self.phase = Phase::Command;
                        self.reject(error, out);
                    }
                    Line::NotSmtp | Line::Unterminated => self.phase = Phase::Closed { lingers: true },
                },
                Phase::Command => match self.lines.next(input) {
                    Line::None => return Step::Read,
                    Line::NotSmtp => self.phase = Phase::Closed { lingers: false },
                    Line::Unterminated => self.phase = Phase::Closed { lingers: true },
                    Line::Malformed(error) => self.reject(error, out),
                    Line::Command { length } => {
                        if let Some(step) = self.command(length, input, out) {
                            return step;
                        }
                    }
                },
            }
        }
    }

    /// Ends a session between transactions while the server stops. QUIT gets its own reply: a client that gets 421 in its
    /// place may take the mail before it for lost and send it again. Returns true to wait for it a moment longer.
    fn awaits_quit(&mut self, input: &mut BytesMut, out: &mut Replies) -> bool {
        match self.lines.next(input) {
            Line::None if self.has_ended_transaction => return true,
            Line::Command { length }
                if matches!(
                    command::parse(&LineReader::take(length, input)),
                    Ok(Command::Quit)
                ) =>
            {
                out.push(reply::BYE);
                self.phase = Phase::Closed { lingers: false };
            }
            _ => self.close_with(reply::SHUTTING_DOWN, out),
        }
        false
    }

    /// Replies to RCPT, after [`Step::Resolve`].
    pub fn recipient_resolved(&mut self, recipient: Recipient, out: &mut Replies) {
        self.phase = Phase::Command;
        let Some(envelope) = &mut self.envelope else {
            return;
        };
        match recipient {
            Recipient::Found(account_id) => {
                // A mailbox that is named twice gets the mail once.
                if let Recipients::Mailboxes(ids) = &mut envelope.recipients
                    && !ids.contains(&account_id)
                {
                    ids.push(account_id);
                }
                out.push(reply::RECIPIENT_OK);
            }
            Recipient::Unknown => self.reject(reply::NO_SUCH_MAILBOX, out),
            Recipient::Blocked => self.reject(reply::BLOCKED, out),
            Recipient::TooLarge => self.reject(reply::TOO_LARGE, out),
            Recipient::Full => self.reply_junk(reply::MAILBOX_FULL, out),
            Recipient::Limited => self.reply_junk(reply::TOO_MANY_MAILS, out),
            Recipient::StorageFull => self.reply_junk(reply::STORAGE_FULL, out),
            Recipient::Unavailable => self.reply_junk(reply::UNAVAILABLE, out),
        }
    }

    /// Replies to the end of data, after [`Step::Deliver`].
    pub fn delivered(&mut self, delivery: &Delivery, out: &mut Replies) {
        self.phase = Phase::Command;
        self.has_ended_transaction = true;
        let failure = match delivery {
            Delivery::Stored(id) => {
                (self.errors, self.junk_commands) = (0, 0);
                out.line(250, format_args!("2.0.0 {id}"));
                None
            }
            Delivery::Full => Some(reply::MAILBOX_FULL),
            Delivery::StorageFull => Some(reply::STORAGE_FULL),
            Delivery::TooLarge => Some(reply::TOO_LARGE),
            Delivery::Blocked => Some(reply::BLOCKED),
            Delivery::Limited => Some(reply::TOO_MANY_MAILS),
            Delivery::Unavailable => Some(reply::UNAVAILABLE),
        };
        let code = failure.map_or(250, |reply| reply.0);
        self.finished = self
            .delivering
            .take()
            .map(|finished| Finished { code, ..finished });
        match failure {
            Some(reply) if code < 500 => self.reply_junk(reply, out),
            Some(reply) => self.reject(reply, out),
            None => {}
        }
    }

    /// Discards all state from before TLS, after [`Step::StartTls`].
    pub fn tls_started(&mut self) {
        self.is_tls = true;
        self.has_greeted = false;
        self.helo.clear();
        self.login = None;
        self.envelope = None;
    }

    /// Lets the current transaction end and starts no new one.
    pub fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// Returns whether [`Session::stop`] was called.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.is_stopping
    }

    /// Ends a session whose time-out has expired.
    pub fn time_out(&mut self, out: &mut Replies) {
        let last = if self.is_stopping {
            reply::SHUTTING_DOWN
        } else {
            reply::TIMED_OUT
        };
        if let Phase::Data(_) = self.phase {
            self.reject_message(last, true, out);
        } else {
            self.close_with(last, out);
        }
    }

    /// Returns the size of the message that is being read.
    #[must_use]
    pub fn data_bytes(&self) -> Option<u64> {
        match &self.phase {
            Phase::Data(reader) => Some(reader.size_bytes()),
            _ => None,
        }
    }

    /// Takes what the driver should move to the spool, of a large message that is being read.
    pub(crate) fn take_unspooled(&mut self) -> Option<Unspooled> {
        match &mut self.phase {
            Phase::Data(reader) => reader.take_unspooled(),
            _ => None,
        }
    }

    /// Takes back what [`Session::take_unspooled`] returned, after the driver has moved what has room.
    pub(crate) fn spooled(&mut self, spooled: Unspooled) {
        if let Phase::Data(reader) = &mut self.phase {
            reader.spooled(spooled);
        }
    }

    /// Returns whether a transaction is in progress: from MAIL to its final reply.
    #[must_use]
    pub fn is_in_transaction(&self) -> bool {
        self.envelope.is_some() || self.delivering.is_some() || self.is_checking_mail()
    }

    /// Returns whether a message is being read.
    #[must_use]
    pub fn is_in_data(&self) -> bool {
        matches!(self.phase, Phase::Data(_))
    }

    /// Returns the number of complete command lines.
    #[must_use]
    pub fn lines_read(&self) -> u64 {
        self.lines.count()
    }

    /// Takes the transaction that ended last.
    pub fn take_finished(&mut self) -> Option<Finished> {
        self.finished.take()
    }

    fn command(&mut self, length: usize, input: &mut BytesMut, out: &mut Replies) -> Option<Step> {
        let line = LineReader::take(length, input);
        self.has_ended_transaction = false;
        let command = match command::parse(&line) {
            Ok(command) => command,
            Err(error) => {
                self.reject(error, out);
                return None;
            }
        };
        let has_more_input = !input.is_empty();
        match command {
            Command::Ehlo(_) | Command::Helo(_) | Command::Data if has_more_input => {
                // RFC 2920 3.1: these commands end a pipelined group. The client must wait for the reply.
                self.close_with(reply::PIPELINED_TOO_EARLY, out);
            }
            Command::Ehlo(name) => self.hello(name, true, out),
            Command::Helo(name) => self.hello(name, false, out),
            Command::Auth { mechanism, initial } => return self.auth(mechanism, initial, out),
            Command::Mail { has_auth: true, .. } if !self.offers_auth() => {
                self.reject(reply::UNKNOWN_PARAMETER, out);
            }
            Command::Mail {
                sender,
                size_bytes,
                is_utf8,
                ..
            } => return self.mail(sender, size_bytes, is_utf8, out),
            Command::Rcpt { address, is_relaying } => return self.recipient(address, is_relaying, out),
            Command::Data => self.data(out),
            Command::Rset => {
                self.envelope = None;
                self.reply_junk(reply::OK, out);
            }
            Command::Noop => self.reply_junk(reply::OK, out),
            Command::Vrfy => self.reply_junk(reply::CANNOT_VERIFY, out),
            Command::Help => self.reply_junk(reply::HELP, out),
            Command::Quit => {
                out.push(reply::BYE);
                self.phase = Phase::Closed { lingers: false };
            }
            Command::Bdat => self.close_with(reply::BDAT_NOT_OFFERED, out),
            Command::StartTls if self.is_tls => self.reject(reply::ALREADY_TLS, out),
            Command::StartTls if !self.settings.has_tls => self.reject(reply::NOT_SUPPORTED, out),
            Command::StartTls => {
                // CVE-2011-0411: plain-text input must not be processed inside TLS.
                input.clear();
                out.push(reply::START_TLS);
                return Some(Step::StartTls);
            }
        }
        None
    }

    /// Reads a response of a client that is logging in.
    fn sasl_line(&mut self, length: usize, input: &mut BytesMut, out: &mut Replies) -> Option<Step> {
        let line = LineReader::take(length, input);
        match std::mem::replace(&mut self.phase, Phase::Command) {
            Phase::Sasl(exchange) => self.respond(exchange, &line, out),
            _ => None,
        }
    }

    fn hello(&mut self, name: &[u8], is_extended: bool, out: &mut Replies) {
        self.envelope = None;
        self.has_greeted = true;
        self.helo = String::from_utf8_lossy(name).into_owned();
        let settings = Arc::clone(&self.settings);
        let (name, size) = (&settings.host_name, settings.max_message_bytes);
        if is_extended {
            let has_tls = settings.has_tls && !self.is_tls;
            let mut lines = vec![
                format!("{name} greets you"),
                format!("SIZE {size}"),
                "8BITMIME".to_owned(),
                "PIPELINING".to_owned(),
                "SMTPUTF8".to_owned(),
                "ENHANCEDSTATUSCODES".to_owned(),
            ];
            lines.extend(has_tls.then(|| "STARTTLS".to_owned()));
            lines.extend(self.offers_auth().then(|| "AUTH PLAIN LOGIN".to_owned()));
            lines.push("HELP".to_owned());
            out.lines(250, &lines);
        } else {
            out.line(250, format_args!("{name}"));
        }
        self.count_junk(out);
    }

    /// Replies to a client error. Too many of them end the session.
    fn reject(&mut self, error: Reply, out: &mut Replies) {
        out.push(error);
        self.errors += 1;
        if self.errors >= MAX_ERRORS {
            self.close_with(reply::TOO_MANY_ERRORS, out);
        }
    }

    /// Replies to a command without effect. Too many of them end the session.
    fn reply_junk(&mut self, answer: Reply, out: &mut Replies) {
        out.push(answer);
        self.count_junk(out);
    }

    fn count_junk(&mut self, out: &mut Replies) {
        self.junk_commands += 1;
        if self.junk_commands >= MAX_JUNK_COMMANDS {
            self.close_with(reply::TOO_MANY_JUNK_COMMANDS, out);
        }
    }

    fn close_with(&mut self, last: Reply, out: &mut Replies) {
        out.push(last);
        self.envelope = None;
        self.phase = Phase::Closed { lingers: true };
    }
}

#[cfg(test)]
mod tests;
