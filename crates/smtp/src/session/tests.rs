//! The session against the statements of the security page, with a fake mailbox service: `u<n>@mayfly.test` exist,
//! `full@` has no room, `down@` cannot be looked up.

mod authentication;
mod bounds;
mod end_of_data;
mod ordering;
mod paths;
mod splits;

use mayfly_types::AccountId;

use super::*;
use crate::config::SandboxMode;

const LIMIT: u64 = 65_536;
const BUDGET: u64 = 200_000;
const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// A mail that a session delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DeliveredMail {
    sender: String,
    /// Of mail from outside.
    recipients: Vec<AccountId>,
    /// Of mail for a sandbox.
    captured: Vec<String>,
    bytes: Vec<u8>,
}

/// A session with its client and its driver.
struct Talk {
    session: Session,
    settings: Arc<Settings>,
    input: BytesMut,
    out: Replies,
    mails: Vec<DeliveredMail>,
    finished: Vec<Finished>,
    delivery: Delivery,
    /// What was checked.
    logins: Vec<Login>,
    /// No password is valid any more.
    is_revoked: bool,
    is_tls: bool,
    is_closed: bool,
}

impl Talk {
    /// Connects, without greeting.
    fn new() -> Self {
        Self::with(|_| {})
    }

    /// Connects to an edge with other settings.
    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            host_name: "mx.mayfly.test".to_owned(),
            max_message_bytes: LIMIT,
            max_recipients: 100,
            has_tls: true,
            sandbox: SandboxMode::Off,
            requires_login: false,
            plain_login_networks: Vec::new(),
            normalizes_newlines: false,
            budget: Budget::undivided(BUDGET),
        };
        change(&mut settings);
        let settings = Arc::new(settings);
        Self {
            session: Session::new(Arc::clone(&settings), CLIENT),
            settings,
            input: BytesMut::new(),
            out: Replies::default(),
            mails: Vec::new(),
            finished: Vec::new(),
            delivery: Delivery::Stored("id-1".to_owned()),
            logins: Vec::new(),
            is_revoked: false,
            is_tls: false,
            is_closed: false,
        }
    }

    /// A fake auth service: the password is `good`, and the service is down for `down`.
    fn check(&self, login: &Login) -> Authentication {
        let submitter = Submitter {
            owner: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
            sandbox: "00000000-0000-7000-8000-000000000002".parse().unwrap(),
            credential: None,
        };
        match login {
            Login::Open => Authentication::Accepted(submitter),
            Login::Password(credentials) => match credentials.password.as_str() {
                "good" if !self.is_revoked => Authentication::Accepted(submitter),
                "down" => Authentication::Unavailable,
                "limited" => Authentication::Limited,
                _ => Authentication::Rejected,
            },
        }
    }

    /// Connects and sends EHLO.
    fn ready() -> Self {
        let mut talk = Self::new();
        assert_eq!(talk.send("EHLO client.example.com\r\n"), [250]);
        talk
    }

    /// Connects and begins a message, up to the reply 354.
    fn in_data() -> Self {
        let mut talk = Self::ready();
        let codes = talk.send("MAIL FROM:<a@x.test>\r\nRCPT TO:<u1@mayfly.test>\r\nDATA\r\n");
        assert_eq!(codes, [250, 250, 354]);
        talk
    }

    /// Sends bytes; returns the codes of the replies.
    fn send(&mut self, bytes: impl AsRef<[u8]>) -> Vec<u16> {
        self.exchange(bytes);
        let codes = self.out.codes().to_vec();
        self.out.clear();
        codes
    }

    /// Sends bytes; returns the text of the replies.
    fn send_for_text(&mut self, bytes: impl AsRef<[u8]>) -> String {
        self.exchange(bytes);
        let text = self.out.as_str().to_owned();
        self.out.clear();
        text
    }

    fn exchange(&mut self, bytes: impl AsRef<[u8]>) {
        if self.is_closed {
            return;
        }
        self.input.extend_from_slice(bytes.as_ref());
        loop {
            let step = self.session.advance(&mut self.input, &mut self.out);
            match step {
                Step::Read => break,
                Step::Resolve { address, .. } => {
                    let recipient = match (address.local_part(), address.domain()) {
                        ("full", "mayfly.test") => Recipient::Full,
                        ("down", "mayfly.test") => Recipient::Unavailable,
                        (local, "mayfly.test") => {
                            let number = local.strip_prefix('u').and_then(|n| n.parse().ok());
                            number.map_or(Recipient::Unknown, |n| Recipient::Found(account(n)))
                        }
                        ("postmaster", "mx.mayfly.test") => Recipient::Found(account(0)),
                        _ => Recipient::Unknown,
                    };
                    self.session.recipient_resolved(recipient, &mut self.out);
                }
                Step::Authenticate(login) => {
                    let authentication = self.check(&login);
                    self.logins.push(login);
                    self.session.authenticated(authentication, &mut self.out);
                }
                Step::Deliver(mail) => {
                    let bytes = mail.content.chunks.concat();
                    assert_eq!(mail.content.size_bytes, bytes.len() as u64);
                    let (recipients, captured) = match mail.recipients {
                        Recipients::Mailboxes(ids) => (ids, Vec::new()),
                        Recipients::Sandbox { addresses, .. } => (Vec::new(), addresses),
                    };
                    self.mails.push(DeliveredMail {
                        sender: mail.sender,
                        recipients,
                        captured,
                        bytes,
                    });
                    self.session.delivered(&self.delivery, &mut self.out);
                }
                Step::StartTls => {
                    assert!(self.input.is_empty());
                    self.is_tls = true;
                    self.session.tls_started();
                }
                Step::Close { .. } => {
                    self.is_closed = true;
                    break;
                }
            }
        }
        self.finished.extend(self.session.take_finished());
    }

    /// Returns whether the session is still in sync: a NOOP gets exactly its own reply.
    fn is_in_sync(&mut self) -> bool {
        !self.is_closed && self.send("NOOP\r\n") == [250]
    }
}

/// Returns the account id of `u<n>@mayfly.test`.
fn account(n: u32) -> AccountId {
    format!("00000000-0000-7000-8000-{n:012}").parse().unwrap()
}

/// Encodes a message for DATA: dot-stuffed, with the final dot.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire.extend_from_slice(b".\r\n");
    wire
}
