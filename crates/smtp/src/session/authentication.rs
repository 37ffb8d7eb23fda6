//! AUTH (RFC 4954) with the mechanisms PLAIN (RFC 4616) and LOGIN.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{
    Authentication, Credentials, Envelope, Login, Phase, Replies, SandboxMode, Session, Step, Submitter,
};
use crate::reply;

/// A session ends after this many failed logins.
const MAX_FAILED_LOGINS: u32 = 3;
/// The prompts of LOGIN, `Username:` and `Password:` in base64.
const USERNAME: &str = "VXNlcm5hbWU6";
const PASSWORD: &str = "UGFzc3dvcmQ6";

/// The response that a login waits for.
#[derive(Debug)]
pub(super) enum Exchange {
    Plain,
    LoginUsername,
    LoginPassword { username: String },
}

/// What a check of a login is for.
#[derive(Debug)]
pub(super) enum Check {
    /// AUTH.
    Login,
    /// MAIL: a password that was revoked since AUTH sends no more mail.
    Mail(Envelope),
}

/// A login that waits for its check.
#[derive(Debug)]
pub(super) struct Checking {
    login: Login,
    check: Check,
}

impl Session {
    /// Returns whether this session may log in now, which EHLO says.
    pub(super) fn offers_auth(&self) -> bool {
        match self.settings.sandbox {
            SandboxMode::Off => false,
            SandboxMode::Open => true,
            SandboxMode::Auth => self.is_tls || self.settings.allows_plain_login(self.client),
        }
    }

    pub(super) fn auth(&mut self, mechanism: &str, initial: Option<&str>, out: &mut Replies) -> Option<Step> {
        let error = match () {
            () if self.settings.sandbox == SandboxMode::Off => reply::NOT_SUPPORTED,
            () if !self.has_greeted => reply::EHLO_FIRST,
            () if self.login.is_some() => reply::ALREADY_LOGGED_IN,
            () if self.envelope.is_some() => reply::LOGIN_IN_TRANSACTION,
            () if !self.offers_auth() => reply::LOGIN_NEEDS_TLS,
            () => {
                let exchange = match () {
                    () if mechanism.eq_ignore_ascii_case("PLAIN") => Some(Exchange::Plain),
                    () if mechanism.eq_ignore_ascii_case("LOGIN") => Some(Exchange::LoginUsername),
                    () => None,
                };
                match (exchange, initial) {
                    (None, _) => reply::UNKNOWN_MECHANISM,
                    // RFC 4954 4: the response has no characters.
                    (Some(exchange), Some("=")) => return self.decoded(exchange, &Vec::new().into(), out),
                    (Some(exchange), Some(initial)) => {
                        return self.respond(exchange, initial.as_bytes(), out);
                    }
                    (Some(exchange), None) => {
                        self.prompt(exchange, out);
                        return None;
                    }
                }
            }
        };
        self.reject(error, out);
        None
    }

    fn prompt(&mut self, exchange: Exchange, out: &mut Replies) {
        let prompt = match exchange {
            Exchange::Plain => "",
            Exchange::LoginUsername => USERNAME,
            Exchange::LoginPassword { .. } => PASSWORD,
        };
        out.line(334, format_args!("{prompt}"));
        self.phase = Phase::Sasl(exchange);
    }

    /// Reads a response of the client. A response that cannot be read ends the exchange.
    pub(super) fn respond(&mut self, exchange: Exchange, line: &[u8], out: &mut Replies) -> Option<Step> {
        self.phase = Phase::Command;
        if line == b"*" {
            self.reject(reply::LOGIN_CANCELLED, out);
            return None;
        }
        match STANDARD.decode(line) {
            Ok(response) => self.decoded(exchange, &response.into(), out),
            Err(_) => {
                self.reject(reply::NOT_BASE64, out);
                None
            }
        }
    }

    fn decoded(
        &mut self,
        exchange: Exchange,
        response: &Zeroizing<Vec<u8>>,
        out: &mut Replies,
    ) -> Option<Step> {
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        let credentials = match exchange {
            Exchange::Plain => plain(response),
            Exchange::LoginUsername => match text(response) {
                Some(username) => {
                    self.prompt(Exchange::LoginPassword { username }, out);
                    return None;
                }
                None => None,
            },
            Exchange::LoginPassword { username } => text(response).map(|password| Credentials {
                username,
                password: password.into(),
            }),
        };
        match credentials {
            // Anyone can send to an open server, so any login is as good as none.
            Some(_) if self.settings.sandbox == SandboxMode::Open => {
                self.logged_in(Login::Open, out);
                None
            }
            Some(credentials) => Some(self.check(Login::Password(credentials), Check::Login)),
            None => {
                self.refuse_login(out);
                None
            }
        }
    }

    /// Returns whether the login is checked for a MAIL.
    pub(super) fn is_checking_mail(&self) -> bool {
        let check = self.checking.as_ref().map(|checking| &checking.check);
        matches!(check, Some(Check::Mail(_)))
    }

    /// Returns the step that checks a login.
    pub(super) fn check(&mut self, login: Login, check: Check) -> Step {
        self.phase = Phase::Waiting;
        self.checking = Some(Checking {
            login: login.clone(),
            check,
        });
        Step::Authenticate(login)
    }

    /// Replies to AUTH or MAIL, after [`Step::Authenticate`].
    pub fn authenticated(&mut self, authentication: Authentication, out: &mut Replies) {
        self.phase = Phase::Command;
        let Some(Checking { login, check }) = self.checking.take() else {
            return;
        };
        match (authentication, check) {
            (Authentication::Accepted(_), Check::Login) => self.logged_in(login, out),
            (Authentication::Accepted(submitter), Check::Mail(envelope)) => {
                self.begin_submission(envelope, submitter, out);
            }
            (Authentication::Rejected, _) => {
                self.login = None;
                self.refuse_login(out);
            }
            (Authentication::Limited, Check::Login) => self.reply_junk(reply::LOGIN_LIMITED, out),
            (Authentication::Limited, Check::Mail(_)) => self.reply_junk(reply::TOO_MANY_MAILS, out),
            (Authentication::Unavailable, Check::Login) => self.reply_junk(reply::LOGIN_UNAVAILABLE, out),
            // RFC 5321 has no 454 for MAIL; RFC 4954 6 has, for a failure of the check.
            (Authentication::Unavailable, Check::Mail(_)) => self.reply_junk(reply::LOGIN_UNAVAILABLE, out),
        }
    }

    fn begin_submission(&mut self, envelope: Envelope, submitter: Submitter, out: &mut Replies) {
        let recipients = super::Recipients::Sandbox {
            submitter,
            addresses: Vec::new(),
            helo: self.helo.clone(),
            is_tls: self.is_tls,
        };
        self.envelope = Some(Envelope {
            recipients,
            ..envelope
        });
        out.push(reply::SENDER_OK);
    }

    fn logged_in(&mut self, login: Login, out: &mut Replies) {
        self.login = Some(login);
        self.reply_junk(reply::LOGGED_IN, out);
    }

    /// Replies to a failed login. Too many of them end the session.
    fn refuse_login(&mut self, out: &mut Replies) {
        self.reject(reply::LOGIN_FAILED, out);
        self.failed_logins += 1;
        if self.failed_logins >= MAX_FAILED_LOGINS && !matches!(self.phase, Phase::Closed { .. }) {
            self.close_with(reply::TOO_MANY_FAILED_LOGINS, out);
        }
    }
}

/// Reads the message of PLAIN: whom to act for, user name and password, with NULs between them. Acting for another is refused.
fn plain(message: &[u8]) -> Option<Credentials> {
    let mut parts = std::str::from_utf8(message).ok()?.split('\0');
    let (authorization, username, password) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !(authorization.is_empty() || authorization == username) {
        return None;
    }
    Some(Credentials {
        username: username.to_owned(),
        password: password.to_owned().into(),
    })
}
