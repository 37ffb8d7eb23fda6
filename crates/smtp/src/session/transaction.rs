//! The commands of a transaction: MAIL, RCPT, DATA, and the end of the message.

use mayfly_types::Address;

use super::{
    Envelope, Finished, Login, Mail, Phase, Recipients, Replies, SandboxMode, Session, Step,
    authentication::Check,
};
use crate::{
    command::POSTMASTER,
    data_reader::{DataReader, Overflow},
    reply::{self, Reply},
};

/// More `Received` fields than this are a mail loop. RFC 5321 6.3 asks for at least 100.
const MAX_RECEIVED: usize = 100;

impl Session {
    /// Begins a transaction. Of a client that has logged in, the login is checked again first.
    pub(super) fn mail(
        &mut self,
        sender: &str,
        size_bytes: u64,
        is_utf8: bool,
        out: &mut Replies,
    ) -> Option<Step> {
        if !self.has_greeted {
            self.reject(reply::EHLO_FIRST, out);
        } else if self.envelope.is_some() {
            self.reject(reply::NESTED_MAIL, out);
        } else if size_bytes > self.settings.max_message_bytes {
            self.reject(reply::TOO_LARGE, out);
        } else {
            let envelope = Envelope {
                sender: sender.to_owned(),
                announced_bytes: size_bytes,
                is_utf8,
                recipients: Recipients::Mailboxes(Vec::new()),
            };
            match self.login.clone() {
                Some(login) => return Some(self.check(login, Check::Mail(envelope))),
                None if self.settings.sandbox == SandboxMode::Open => {
                    return Some(self.check(Login::Open, Check::Mail(envelope)));
                }
                None if self.settings.requires_login => self.reject(reply::LOGIN_REQUIRED, out),
                None => {
                    self.envelope = Some(envelope);
                    out.push(reply::SENDER_OK);
                }
            }
        }
        None
    }

    pub(super) fn recipient(&mut self, address: &str, is_relaying: bool, out: &mut Replies) -> Option<Step> {
        let Some(envelope) = &mut self.envelope else {
            self.reject(reply::MAIL_FIRST, out);
            return None;
        };
        if !address.is_ascii() && !envelope.is_utf8 {
            self.reject(reply::NEEDS_SMTPUTF8, out);
            return None;
        }
        if envelope.recipients.len() >= self.settings.max_recipients {
            // Not a client error: it sends the rest in another transaction.
            out.push(reply::TOO_MANY_RECIPIENTS);
            return None;
        }
        if let Recipients::Sandbox { addresses, .. } = &mut envelope.recipients {
            // Captured, without a look-up.
            addresses.push(address.to_owned());
            out.push(reply::RECIPIENT_OK);
            return None;
        }
        if is_relaying {
            self.reject(reply::NO_RELAYING, out);
            return None;
        }
        let address = if address == POSTMASTER {
            format!("{POSTMASTER}@{}", self.settings.host_name).parse::<Address>()
        } else {
            address.parse()
        };
        let Ok(address) = address else {
            self.reject(reply::NO_SUCH_MAILBOX, out);
            return None;
        };
        self.phase = Phase::Waiting;
        Some(Step::Resolve {
            address,
            size_bytes: envelope.announced_bytes,
            sender: envelope.sender.clone(),
        })
    }

    pub(super) fn data(&mut self, out: &mut Replies) {
        match &self.envelope {
            None => self.reject(reply::MAIL_FIRST, out),
            Some(envelope) if envelope.recipients.len() == 0 => self.reject(reply::NO_RECIPIENTS, out),
            Some(_) => {
                out.line(354, format_args!("end with a line that is a dot"));
                let settings = &self.settings;
                let reader = DataReader::new(settings.max_message_bytes, &settings.budget, self.client);
                self.phase = Phase::Data(reader.normalizing(settings.normalizes_newlines));
            }
        }
    }

    pub(super) fn end_of_data(&mut self, out: &mut Replies) -> Option<Step> {
        let Phase::Data(reader) = &self.phase else {
            return None;
        };
        match reader.overflow() {
            Some(Overflow::Message) => self.reject_message(reply::TOO_LARGE, false, out),
            Some(Overflow::Memory) => self.reject_message(reply::NO_MEMORY, false, out),
            None if reader.count_received() > MAX_RECEIVED => {
                self.reject_message(reply::MAIL_LOOP, false, out);
            }
            None => {
                self.delivering = Some(self.finished_with(0, reader.size_bytes()));
                let envelope = self.envelope.take()?;
                let Phase::Data(reader) = std::mem::replace(&mut self.phase, Phase::Waiting) else {
                    return None;
                };
                return Some(Step::Deliver(Mail {
                    sender: envelope.sender,
                    recipients: envelope.recipients,
                    content: reader.finish(),
                }));
            }
        }
        None
    }

    /// Ends a transaction whose message is discarded.
    pub(super) fn reject_message(&mut self, error: Reply, closes: bool, out: &mut Replies) {
        let size_bytes = match &self.phase {
            Phase::Data(reader) => reader.size_bytes(),
            _ => 0,
        };
        self.finished = Some(self.finished_with(error.0, size_bytes));
        self.envelope = None;
        self.phase = Phase::Command;
        self.has_ended_transaction = true;
        if closes {
            self.close_with(error, out);
        } else {
            self.reject(error, out);
        }
    }

    fn finished_with(&self, code: u16, size_bytes: u64) -> Finished {
        let (sender, recipients) = self
            .envelope
            .as_ref()
            .map_or(("", 0), |e| (e.sender.as_str(), e.recipients.len()));
        Finished {
            sender_domain: sender.rsplit('@').next().unwrap_or_default().to_owned(),
            recipients,
            size_bytes,
            code,
        }
    }
}
