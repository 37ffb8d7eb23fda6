//! A strict parser of one command line. It knows the syntax, not the session's state.

use crate::{
    path::{self, Party, Path, PathError},
    reply::{self, Reply},
};

/// A command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    /// The name that the client has for itself, in any charset.
    Helo(&'a [u8]),
    Ehlo(&'a [u8]),
    /// A mechanism as written, and the initial response.
    Auth {
        mechanism: &'a str,
        initial: Option<&'a str>,
    },
    /// The sender (empty for `<>`), the announced size, and whether addresses may be non-ASCII.
    Mail {
        sender: &'a str,
        size_bytes: u64,
        is_utf8: bool,
        /// The client names who submitted the mail first (RFC 4954 5).
        has_auth: bool,
    },
    /// A recipient as written, and whether its local part or domain asks a server to relay.
    Rcpt {
        address: &'a str,
        is_relaying: bool,
    },
    Data,
    Rset,
    Noop,
    Vrfy,
    Help,
    Quit,
    StartTls,
    Bdat,
}

/// Parses a line without its CRLF, or returns the error reply.
pub(crate) fn parse(line: &[u8]) -> Result<Command<'_>, Reply> {
    if let Some(hello) = hello(line) {
        return hello;
    }
    let text = std::str::from_utf8(line).map_err(|_| reply::NEEDS_SMTPUTF8)?;
    if text.chars().any(char::is_control) {
        return Err(reply::CONTROL_CHARACTER);
    }
    let text = text.trim_end_matches(' ');
    let (verb, argument) = text.split_once(' ').unwrap_or((text, ""));
    let without_argument = |command| match argument {
        "" => Ok(command),
        _ => Err(reply::NO_ARGUMENT),
    };
    match verb.to_ascii_uppercase().as_str() {
        "MAIL" => parse_mail(argument),
        "RCPT" => parse_rcpt(argument),
        "DATA" => without_argument(Command::Data),
        "RSET" => without_argument(Command::Rset),
        "QUIT" => without_argument(Command::Quit),
        "STARTTLS" => without_argument(Command::StartTls),
        "NOOP" => Ok(Command::Noop),
        "VRFY" => Ok(Command::Vrfy),
        "HELP" => Ok(Command::Help),
        "BDAT" => Ok(Command::Bdat),
        "AUTH" => parse_auth(argument),
        "EXPN" | "TURN" | "ETRN" | "SEND" | "SOML" | "SAML" => Err(reply::NOT_SUPPORTED),
        _ => Err(reply::UNKNOWN_COMMAND),
    }
}

/// Parses EHLO and HELO. Clients send the name of their machine in any charset, with blanks too, and nothing depends on it.
fn hello(line: &[u8]) -> Option<Result<Command<'_>, Reply>> {
    let (verb, name) = line.split_at_checked(4)?;
    let host = name.trim_ascii();
    let command = match () {
        () if verb.eq_ignore_ascii_case(b"EHLO") => Command::Ehlo(host),
        () if verb.eq_ignore_ascii_case(b"HELO") => Command::Helo(host),
        () => return None,
    };
    if !name.is_empty() && !name.starts_with(b" ") {
        return None;
    }
    Some(if name.iter().any(u8::is_ascii_control) {
        Err(reply::CONTROL_CHARACTER)
    } else if host.is_empty() {
        Err(reply::EHLO_SYNTAX)
    } else {
        Ok(command)
    })
}

/// RFC 4954 4: a mechanism, and an initial response without blanks.
fn parse_auth(argument: &str) -> Result<Command<'_>, Reply> {
    let (mechanism, initial) = match argument.split_once(' ') {
        Some((mechanism, initial)) => (mechanism, Some(initial)),
        None => (argument, None),
    };
    let has_blank = initial.is_some_and(|initial| initial.is_empty() || initial.contains(' '));
    if mechanism.is_empty() || has_blank {
        return Err(reply::AUTH_SYNTAX);
    }
    Ok(Command::Auth { mechanism, initial })
}

/// Returns what follows a keyword such as `FROM:`, case-insensitively.
fn after_keyword<'a>(argument: &'a str, keyword: &str) -> Option<&'a str> {
    let (start, rest) = argument.split_at_checked(keyword.len())?;
    start.eq_ignore_ascii_case(keyword).then_some(rest)
}

fn parse_mail(argument: &str) -> Result<Command<'_>, Reply> {
    let rest = after_keyword(argument, "FROM:").ok_or(reply::MAIL_SYNTAX)?;
    let (path, rest) = path::parse(rest, Party::Sender).map_err(|error| match error {
        PathError::Unbracketed => reply::MAIL_SYNTAX,
        PathError::Malformed => reply::BAD_SENDER,
    })?;
    let parameters = MailParameters::parse(rest)?;
    let sender = match path {
        Path::Null => "",
        Path::Mailbox { address, .. } => address,
        Path::Local(_) | Path::Routed => return Err(reply::BAD_SENDER),
    };
    if !sender.is_ascii() && !parameters.is_utf8 {
        return Err(reply::NEEDS_SMTPUTF8);
    }
    Ok(Command::Mail {
        sender,
        size_bytes: parameters.size_bytes.unwrap_or(0),
        is_utf8: parameters.is_utf8,
        has_auth: parameters.has_auth,
    })
}

fn parse_rcpt(argument: &str) -> Result<Command<'_>, Reply> {
    let rest = after_keyword(argument, "TO:").ok_or(reply::RCPT_SYNTAX)?;
    let (path, rest) = path::parse(rest, Party::Recipient).map_err(|error| match error {
        PathError::Unbracketed => reply::RCPT_SYNTAX,
        PathError::Malformed => reply::BAD_RECIPIENT,
    })?;
    if !rest.is_empty() {
        return Err(if rest.starts_with(' ') {
            reply::UNKNOWN_PARAMETER
        } else {
            reply::RCPT_SYNTAX
        });
    }
    match path {
        Path::Null => Err(reply::BAD_RECIPIENT),
        // RFC 5321 4.5.1: the only address without a domain.
        Path::Local(local) if local.eq_ignore_ascii_case(POSTMASTER) => Ok(Command::Rcpt {
            address: POSTMASTER,
            is_relaying: false,
        }),
        Path::Local(_) => Err(reply::NO_SUCH_MAILBOX),
        Path::Routed => Err(reply::NO_RELAYING),
        Path::Mailbox {
            address,
            local,
            domain,
        } => Ok(Command::Rcpt {
            address,
            // Percent hack, bang path, nested address, address literal.
            is_relaying: local.contains(['%', '!', '@']) || domain.starts_with('['),
        }),
    }
}

/// The recipient without a domain.
pub(crate) const POSTMASTER: &str = "postmaster";

#[derive(Default)]
struct MailParameters {
    size_bytes: Option<u64>,
    has_body: bool,
    has_auth: bool,
    is_utf8: bool,
}

impl MailParameters {
    fn parse(text: &str) -> Result<Self, Reply> {
        let mut parameters = Self::default();
        if text.is_empty() {
            return Ok(parameters);
        }
        let text = text.strip_prefix(' ').ok_or(reply::MAIL_SYNTAX)?;
        for parameter in text.split(' ') {
            let (keyword, value) = match parameter.split_once('=') {
                Some((keyword, value)) => (keyword, Some(value)),
                None => (parameter, None),
            };
            let is_new = match keyword.to_ascii_uppercase().as_str() {
                "SIZE" => parameters.size_bytes.replace(size(value)?).is_none(),
                "BODY" => {
                    let is_known = value.is_some_and(|v| {
                        v.eq_ignore_ascii_case("7BIT") || v.eq_ignore_ascii_case("8BITMIME")
                    });
                    is_known && !std::mem::replace(&mut parameters.has_body, true)
                }
                // RFC 4954 5: a server that offers AUTH takes it. Nothing is passed on, so nothing depends on its value.
                "AUTH" => {
                    let is_some = value.is_some_and(|value| !value.is_empty());
                    is_some && !std::mem::replace(&mut parameters.has_auth, true)
                }
                "SMTPUTF8" => value.is_none() && !std::mem::replace(&mut parameters.is_utf8, true),
                "" => false,
                _ => return Err(reply::UNKNOWN_PARAMETER),
            };
            if !is_new {
                return Err(reply::PARAMETER_SYNTAX);
            }
        }
        Ok(parameters)
    }
}

/// RFC 1870: at most twenty digits. A value beyond u64 exceeds every limit, so it saturates.
fn size(value: Option<&str>) -> Result<u64, Reply> {
    let is_number =
        |value: &&str| (1..=20).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
    let digits = value.filter(is_number).ok_or(reply::PARAMETER_SYNTAX)?;
    Ok(digits.parse().unwrap_or(u64::MAX))
}
