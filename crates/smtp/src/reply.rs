//! All replies of the edge, and the buffer that collects replies to write them together.

use std::fmt::{self, Write as _};

/// A reply of one line: the code, the enhanced code of RFC 3463 and a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reply(pub(crate) u16, pub(crate) &'static str, pub(crate) &'static str);

pub(crate) const BYE: Reply = Reply(221, "2.0.0", "bye");
pub(crate) const OK: Reply = Reply(250, "2.0.0", "ok");
pub(crate) const SENDER_OK: Reply = Reply(250, "2.1.0", "sender ok");
pub(crate) const RECIPIENT_OK: Reply = Reply(250, "2.1.5", "recipient ok");
pub(crate) const CANNOT_VERIFY: Reply = Reply(252, "2.5.2", "send some mail, and see");
pub(crate) const HELP: Reply = Reply(
    214,
    "2.0.0",
    "EHLO HELO AUTH MAIL RCPT DATA RSET NOOP VRFY STARTTLS QUIT; RFC 5321",
);
pub(crate) const LOGGED_IN: Reply = Reply(
    235,
    "2.7.0",
    "logged in: mail to any address is captured, and not relayed",
);
pub(crate) const START_TLS: Reply = Reply(220, "2.0.0", "go ahead");

pub(crate) const SHUTTING_DOWN: Reply = Reply(421, "4.3.2", "shutting down, come back soon");
pub(crate) const TIMED_OUT: Reply = Reply(421, "4.4.2", "waited too long");
pub(crate) const TOO_MANY_ERRORS: Reply = Reply(421, "4.7.0", "too many errors");
pub(crate) const TOO_MANY_JUNK_COMMANDS: Reply = Reply(421, "4.7.0", "too many commands without a mail");
pub(crate) const TOO_MANY_CONNECTIONS: Reply = Reply(421, "4.7.0", "too many connections");
pub(crate) const TOO_MANY_FAILED_LOGINS: Reply = Reply(421, "4.7.0", "too many failed logins");
pub(crate) const UNAVAILABLE: Reply = Reply(451, "4.3.0", "try again later");
pub(crate) const TOO_MANY_MAILS: Reply = Reply(451, "4.7.1", "too many mails, try again later");
pub(crate) const MAILBOX_FULL: Reply = Reply(452, "4.2.2", "mailbox full");
pub(crate) const STORAGE_FULL: Reply = Reply(
    452,
    "4.3.1",
    "the server has no room for more mail, try again later",
);
pub(crate) const NO_MEMORY: Reply = Reply(452, "4.3.1", "too much mail at this moment, try again later");
pub(crate) const TOO_MANY_RECIPIENTS: Reply = Reply(452, "4.5.3", "too many recipients");

pub(crate) const LOGIN_UNAVAILABLE: Reply = Reply(
    454,
    "4.7.0",
    "logins cannot be checked at this moment, try again later",
);
pub(crate) const LOGIN_LIMITED: Reply = Reply(
    454,
    "4.7.0",
    "too many failed logins in a minute, try again later",
);

pub(crate) const UNKNOWN_COMMAND: Reply = Reply(500, "5.5.2", "unknown command");
pub(crate) const LINE_TOO_LONG: Reply = Reply(500, "5.5.2", "line too long");
pub(crate) const AUTH_LINE_TOO_LONG: Reply = Reply(500, "5.5.6", "line too long for a login");
pub(crate) const BARE_LF: Reply = Reply(501, "5.5.2", "a line ends in CRLF, not in LF");
pub(crate) const CONTROL_CHARACTER: Reply = Reply(501, "5.5.2", "control character in the line");
pub(crate) const NO_ARGUMENT: Reply = Reply(501, "5.5.4", "this command takes no argument");
pub(crate) const EHLO_SYNTAX: Reply = Reply(501, "5.5.4", "say who you are: EHLO client.example.com");
pub(crate) const MAIL_SYNTAX: Reply = Reply(501, "5.5.4", "the form is MAIL FROM:<address>");
pub(crate) const RCPT_SYNTAX: Reply = Reply(501, "5.5.4", "the form is RCPT TO:<address>");
pub(crate) const PARAMETER_SYNTAX: Reply = Reply(501, "5.5.4", "a parameter is malformed or repeated");
pub(crate) const AUTH_SYNTAX: Reply = Reply(501, "5.5.4", "the form is AUTH PLAIN or AUTH LOGIN");
pub(crate) const NOT_BASE64: Reply = Reply(501, "5.5.2", "not base64");
pub(crate) const LOGIN_CANCELLED: Reply = Reply(501, "5.7.0", "login cancelled");
pub(crate) const NOT_SUPPORTED: Reply = Reply(502, "5.5.1", "not supported here");
pub(crate) const EHLO_FIRST: Reply = Reply(503, "5.5.1", "say EHLO first");
pub(crate) const MAIL_FIRST: Reply = Reply(503, "5.5.1", "MAIL comes first");
pub(crate) const NESTED_MAIL: Reply = Reply(503, "5.5.1", "a mail is already begun");
pub(crate) const ALREADY_TLS: Reply = Reply(503, "5.5.1", "TLS is active already");
pub(crate) const ALREADY_LOGGED_IN: Reply = Reply(503, "5.5.1", "already logged in");
pub(crate) const LOGIN_IN_TRANSACTION: Reply = Reply(503, "5.5.1", "log in before MAIL");
pub(crate) const UNKNOWN_MECHANISM: Reply = Reply(504, "5.5.4", "the mechanisms are PLAIN and LOGIN");
pub(crate) const LOGIN_REQUIRED: Reply = Reply(530, "5.7.0", "log in first");
pub(crate) const LOGIN_FAILED: Reply = Reply(535, "5.7.8", "the user name or the password is wrong");
pub(crate) const LOGIN_NEEDS_TLS: Reply = Reply(538, "5.7.11", "STARTTLS comes before a login");
pub(crate) const PIPELINED_TOO_EARLY: Reply = Reply(503, "5.5.1", "wait for the reply before you go on");
pub(crate) const BDAT_NOT_OFFERED: Reply = Reply(503, "5.5.1", "BDAT was not offered");
pub(crate) const EARLY_TALKER: Reply = Reply(554, "5.5.1", "wait for the greeting before you talk");
pub(crate) const BARE_NEWLINE: Reply = Reply(
    550,
    "5.5.2",
    "a CR or LF stands alone in the message; end each line with CRLF (curl: --crlf, smtplib: str instead of bytes)",
);
pub(crate) const NO_SUCH_MAILBOX: Reply = Reply(550, "5.1.1", "no such mailbox");
pub(crate) const BLOCKED: Reply = Reply(550, "5.7.1", "blocked by the operator of this server");
pub(crate) const NO_RELAYING: Reply = Reply(550, "5.7.1", "mail is taken for mailboxes here only");
pub(crate) const TOO_LARGE: Reply = Reply(552, "5.3.4", "the message is too large");
pub(crate) const BAD_SENDER: Reply = Reply(553, "5.1.7", "not an address that mail can come from");
pub(crate) const BAD_RECIPIENT: Reply = Reply(553, "5.1.3", "not an address");
pub(crate) const NEEDS_SMTPUTF8: Reply = Reply(553, "5.6.7", "an address beyond ASCII needs SMTPUTF8");
pub(crate) const NO_RECIPIENTS: Reply = Reply(554, "5.5.1", "no valid recipients");
pub(crate) const MAIL_LOOP: Reply = Reply(554, "5.4.6", "too many hops");
pub(crate) const UNKNOWN_PARAMETER: Reply = Reply(555, "5.5.4", "a parameter was not offered");

/// Replies to be written.
#[derive(Debug, Default)]
pub struct Replies {
    text: String,
    codes: Vec<u16>,
}

impl Replies {
    /// Returns the replies in wire format.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the code of each reply.
    #[must_use]
    pub fn codes(&self) -> &[u16] {
        &self.codes
    }

    /// Removes all replies, after they were written.
    pub fn clear(&mut self) {
        self.text.clear();
        self.codes.clear();
    }

    pub(crate) fn push(&mut self, Reply(code, enhanced, text): Reply) {
        self.line(code, format_args!("{enhanced} {text}"));
    }

    /// Adds a reply of one line. The text must not come from the client.
    pub(crate) fn line(&mut self, code: u16, text: fmt::Arguments<'_>) {
        self.lines(code, &[text]);
    }

    /// Adds a reply of several lines.
    pub(crate) fn lines(&mut self, code: u16, lines: &[impl fmt::Display]) {
        for (index, line) in lines.iter().enumerate() {
            let separator = if index + 1 == lines.len() { ' ' } else { '-' };
            // Writing to a string cannot fail.
            let _ = write!(self.text, "{code}{separator}{line}\r\n");
        }
        self.codes.push(code);
    }
}
