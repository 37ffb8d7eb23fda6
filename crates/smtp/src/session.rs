//! The state machine of one SMTP session: bytes in, replies and steps out. No socket, no clock: what the fuzzer drives.

mod line;
mod step;
mod transaction;

use std::sync::Arc;

use bytes::BytesMut;

use crate::{
    budget::Budget,
    command::{self, Command},
    data_reader::{DataReader, Progress},
    reply::{self, Reply},
};
use line::{Line, LineReader};

pub use crate::reply::Replies;
pub use step::{Delivery, Finished, Mail, Recipient, Step};

/// After so many errors without a mail a session ends.
const MAX_ERRORS: u32 = 20;
/// After so many commands without a mail, which did nothing, a session ends.
const MAX_JUNK: u32 = 100;

/// What all sessions have in common.
#[derive(Debug)]
pub struct Settings {
    /// The name in the banner.
    pub host_name: String,
    /// The largest message.
    pub max_message_bytes: u64,
    /// The most recipients of a message.
    pub max_recipients: usize,
    /// Whether STARTTLS is offered.
    pub has_tls: bool,
    /// The memory for message data.
    pub budget: Arc<Budget>,
}

#[derive(Debug)]
enum Phase {
    Command,
    /// The driver looks up a recipient or stores a mail.
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
    recipients: Vec<String>,
}

/// One session.
#[derive(Debug)]
pub struct Session {
    settings: Arc<Settings>,
    phase: Phase,
    lines: LineReader,
    has_greeted: bool,
    is_tls: bool,
    is_stopping: bool,
    envelope: Option<Envelope>,
    /// What a mail that is being stored will be logged as, but for its reply.
    delivering: Option<Finished>,
    finished: Option<Finished>,
    errors: u32,
    junk: u32,
}

impl Session {
    /// Begins a session whose client has just connected.
    #[must_use]
    pub fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            phase: Phase::Command,
            lines: LineReader::default(),
            has_greeted: false,
            is_tls: false,
            is_stopping: false,
            envelope: None,
            delivering: None,
            finished: None,
            errors: 0,
            junk: 0,
        }
    }

    /// Greets the client, or refuses one that has talked already.
    pub fn greet(&mut self, has_talked: bool, out: &mut Replies) {
        if has_talked {
            self.close_with(reply::TALKED_EARLY, out);
        } else {
            out.line(220, format_args!("{} ESMTP Mayfly", self.settings.host_name));
        }
    }

    /// Uses input until something else is needed.
    pub fn advance(&mut self, input: &mut BytesMut, out: &mut Replies) -> Step {
        loop {
            match &mut self.phase {
                Phase::Closed { lingers } => return Step::Close { lingers: *lingers },
                Phase::Waiting => return Step::Read,
                Phase::Data(reader) => match reader.read(input) {
                    Progress::More => return Step::Read,
                    Progress::BareNewline => self.finish_badly(reply::BARE_NEWLINE, true, out),
                    Progress::End => {
                        if let Some(step) = self.end_of_data(out) {
                            return step;
                        }
                    }
                },
                Phase::Command if self.is_stopping && self.envelope.is_none() => {
                    self.close_with(reply::SHUTTING_DOWN, out);
                }
                Phase::Command => match self.lines.next(input) {
                    Line::None => return Step::Read,
                    Line::NotSmtp => self.phase = Phase::Closed { lingers: false },
                    Line::Endless => self.phase = Phase::Closed { lingers: true },
                    Line::Wrong(wrong) => self.refuse(wrong, out),
                    Line::Command { length } => {
                        if let Some(step) = self.command(length, input, out) {
                            return step;
                        }
                    }
                },
            }
        }
    }

    /// Answers RCPT, after [`Step::Resolve`].
    pub fn recipient_resolved(&mut self, recipient: Recipient, out: &mut Replies) {
        self.phase = Phase::Command;
        let Some(envelope) = &mut self.envelope else {
            return;
        };
        match recipient {
            Recipient::Known(account_id) => {
                // A mailbox named twice gets the mail once.
                if !envelope.recipients.contains(&account_id) {
                    envelope.recipients.push(account_id);
                }
                out.push(reply::RECIPIENT_OK);
            }
            Recipient::Unknown => self.refuse(reply::NO_SUCH_MAILBOX, out),
            Recipient::TooLarge => self.refuse(reply::TOO_LARGE, out),
            Recipient::Full => self.answer_junk(reply::MAILBOX_FULL, out),
            Recipient::Unavailable => self.answer_junk(reply::UNAVAILABLE, out),
        }
    }

    /// Answers the end of data, after [`Step::Deliver`].
    pub fn delivered(&mut self, delivery: &Delivery, out: &mut Replies) {
        self.phase = Phase::Command;
        let refusal = match delivery {
            Delivery::Stored(id) => {
                (self.errors, self.junk) = (0, 0);
                out.line(250, format_args!("2.0.0 {id}"));
                None
            }
            Delivery::Full => Some(reply::MAILBOX_FULL),
            Delivery::TooLarge => Some(reply::TOO_LARGE),
            Delivery::Unavailable => Some(reply::UNAVAILABLE),
        };
        let code = refusal.map_or(250, |refusal| refusal.0);
        self.finished = self
            .delivering
            .take()
            .map(|finished| Finished { code, ..finished });
        match refusal {
            Some(refusal) if code < 500 => self.answer_junk(refusal, out),
            Some(refusal) => self.refuse(refusal, out),
            None => {}
        }
    }

    /// Forgets everything that the client said before TLS, after [`Step::StartTls`].
    pub fn tls_started(&mut self) {
        self.is_tls = true;
        self.has_greeted = false;
        self.envelope = None;
    }

    /// Lets a transaction that has begun end, and begins no other.
    pub fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// Returns whether [`Session::stop`] was called.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.is_stopping
    }

    /// Ends a session that has waited too long, or may not wait any longer.
    pub fn time_out(&mut self, out: &mut Replies) {
        let last = if self.is_stopping {
            reply::SHUTTING_DOWN
        } else {
            reply::TIMED_OUT
        };
        if let Phase::Data(_) = self.phase {
            self.finish_badly(last, true, out);
        } else {
            self.close_with(last, out);
        }
    }

    /// Returns whether a transaction is under way: from MAIL to the reply to its end.
    #[must_use]
    pub fn is_in_transaction(&self) -> bool {
        self.envelope.is_some() || self.delivering.is_some()
    }

    /// Returns whether a message is being read.
    #[must_use]
    pub fn is_in_data(&self) -> bool {
        matches!(self.phase, Phase::Data(_))
    }

    /// Returns how many command lines came to their end.
    #[must_use]
    pub fn lines_read(&self) -> u64 {
        self.lines.count()
    }

    /// Returns, once, the transaction that ended last.
    pub fn take_finished(&mut self) -> Option<Finished> {
        self.finished.take()
    }

    fn command(&mut self, length: usize, input: &mut BytesMut, out: &mut Replies) -> Option<Step> {
        let line = LineReader::take(length, input);
        let command = match command::parse(&line) {
            Ok(command) => command,
            Err(wrong) => {
                self.refuse(wrong, out);
                return None;
            }
        };
        let is_ahead = !input.is_empty();
        match command {
            Command::Ehlo(_) | Command::Helo(_) | Command::Data if is_ahead => {
                // RFC 2920 3.1: these end a group. What follows was said before the reply could be known.
                self.close_with(reply::NOT_YOUR_TURN, out);
            }
            Command::Ehlo(_) => self.hello(true, out),
            Command::Helo(_) => self.hello(false, out),
            Command::Mail {
                sender,
                size_bytes,
                is_utf8,
            } => self.mail(sender, size_bytes, is_utf8, out),
            Command::Rcpt(address) => return self.recipient(address, out),
            Command::Data => self.data(out),
            Command::Rset => {
                self.envelope = None;
                self.answer_junk(reply::OK, out);
            }
            Command::Noop => self.answer_junk(reply::OK, out),
            Command::Vrfy => self.answer_junk(reply::CANNOT_VERIFY, out),
            Command::Help => self.answer_junk(reply::HELP, out),
            Command::Quit => {
                out.push(reply::BYE);
                self.phase = Phase::Closed { lingers: false };
            }
            Command::Bdat => self.close_with(reply::BDAT_NOT_OFFERED, out),
            Command::StartTls if self.is_tls => self.refuse(reply::ALREADY_TLS, out),
            Command::StartTls if !self.settings.has_tls => self.refuse(reply::NOT_SUPPORTED, out),
            Command::StartTls => {
                // CVE-2011-0411: nothing said in the clear may count as said inside TLS.
                input.clear();
                out.push(reply::START_TLS);
                return Some(Step::StartTls);
            }
        }
        None
    }

    fn hello(&mut self, is_extended: bool, out: &mut Replies) {
        self.envelope = None;
        self.has_greeted = true;
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
            lines.push("HELP".to_owned());
            out.lines(250, &lines);
        } else {
            out.line(250, format_args!("{name}"));
        }
        self.count_junk(out);
    }

    /// Answers what the client did wrong; too many of these end the session.
    fn refuse(&mut self, wrong: Reply, out: &mut Replies) {
        out.push(wrong);
        self.errors += 1;
        if self.errors >= MAX_ERRORS {
            self.close_with(reply::TOO_MANY_ERRORS, out);
        }
    }

    /// Answers what brings no mail nearer; too many of these end the session.
    fn answer_junk(&mut self, answer: Reply, out: &mut Replies) {
        out.push(answer);
        self.count_junk(out);
    }

    fn count_junk(&mut self, out: &mut Replies) {
        self.junk += 1;
        if self.junk >= MAX_JUNK {
            self.close_with(reply::TOO_MUCH_JUNK, out);
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
