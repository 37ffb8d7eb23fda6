//! The filter of a wait.

use std::{ops::RangeInclusive, time::Duration};

use regex::{Regex, RegexBuilder};
use utoipa::IntoParams;

use mayfly_rpc::Failure;
use mayfly_types::MessageId;
use time::OffsetDateTime;

use crate::{
    app::wait::{SubjectFilter, Wanted},
    edge::search_query::understood,
};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(25);
const MAX_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest wait: many load balancers end a request after 60 s without an answer.
const LONGEST_WAIT: Duration = Duration::from_secs(55);
/// The beginning of a mailbox, as `since`.
const BEGINNING: &str = "0";
/// How much of an unknown parameter an error repeats.
const MAX_NAME_CHARS: usize = 64;
const MAX_FILTER_BYTES: usize = 1024;
const MAX_COUNT: usize = 50;
/// The memory of a compiled expression.
const MAX_REGEX_BYTES: usize = 1 << 18;
/// The longest code that can be asked for.
const MAX_CODE_CHARS: usize = 64;

/// The parameters, for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct WaitQuery {
    /// The last message seen: messages after it match. `0` is the beginning: stored messages match too. Without it, messages
    /// match that arrive from now on.
    #[param(pattern = "^(0|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})?$")]
    since: Option<String>,
    /// A part of the From header or of the envelope's sender, in any case.
    #[param(max_length = 1024)]
    from: Option<String>,
    /// A part of the mailbox's address, or of a recipient of a message in a sandbox, in any case.
    #[param(max_length = 1024)]
    to: Option<String>,
    /// A part of the subject, in any case; or a regular expression between slashes.
    #[param(max_length = 1024)]
    subject: Option<String>,
    /// `true` for messages with a one-time code.
    has_code: Option<bool>,
    /// How many characters a code has: `6` or `4-8`. Implies `has_code`; the answer leaves other codes out.
    #[param(pattern = "^(([1-9]|[1-5][0-9]|6[0-4])(-([1-9]|[1-5][0-9]|6[0-4]))?)?$")]
    code_length: Option<String>,
    /// A regular expression that a code matches as a whole. Implies `has_code`; the answer leaves other codes out.
    #[param(max_length = 1024)]
    code_pattern: Option<String>,
    /// A query, as of a search: docs/SEARCH.md. Messages must fulfil it too.
    #[param(max_length = 512)]
    q: Option<String>,
    /// The IANA time zone of days in `q`, such as `Europe/Berlin`; UTC by default.
    #[param(max_length = 64)]
    tz: Option<String>,
    /// `true` for messages that are not marked as read.
    unread: Option<bool>,
    /// `true` to mark the message as read in the same step and to skip those that are read: concurrent waits never return
    /// one message twice. Requires `count` 1.
    claim: Option<bool>,
    /// How many messages, 1 to 50.
    #[param(minimum = 1, maximum = 50)]
    count: Option<u32>,
    /// Seconds, 0 to 60; 25 by default. The answer comes after 55 at the latest.
    #[param(minimum = 0, maximum = 60)]
    timeout: Option<u32>,
}

/// Reads the query of a wait.
///
/// # Errors
/// Names the parameter that cannot be used.
pub(super) fn parse(query: &str) -> Result<Wanted, Failure> {
    let mut wanted = Wanted::any(DEFAULT_TIMEOUT);
    let (mut filter, mut time_zone) = (String::new(), String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if value.len() > MAX_FILTER_BYTES {
            return Err(Failure::invalid_request(format!("{name}: is too long")));
        }
        let part = || (!value.is_empty()).then(|| value.to_lowercase());
        match &*name {
            "since" if value.is_empty() => {}
            "since" if value == BEGINNING => {
                wanted.since = Some(MessageId::floor(OffsetDateTime::UNIX_EPOCH));
            }
            "since" => {
                let since = value.parse();
                wanted.since =
                    Some(since.map_err(|_| Failure::invalid_request("since: is no id of a message"))?);
            }
            "timeout" => wanted.timeout = timeout(&value)?,
            "count" => {
                let count = value.parse().ok().filter(|count| (1..=MAX_COUNT).contains(count));
                wanted.count =
                    count.ok_or_else(|| Failure::invalid_request("count: must be from 1 to 50"))?;
            }
            "from" => wanted.from = part(),
            "to" => wanted.to = part(),
            "subject" => wanted.subject = subject(&value)?,
            "has_code" => wanted.has_code = switch(&name, &value)?,
            "code_length" if value.is_empty() => {}
            "code_length" => wanted.code.length = Some(code_length(&value)?),
            "code_pattern" if value.is_empty() => {}
            "code_pattern" => wanted.code.pattern = Some(regex(&name, &format!("^(?:{value})$"))?),
            "q" => filter = value.into_owned(),
            "tz" => time_zone = value.into_owned(),
            "unread" => wanted.is_unread |= switch(&name, &value)?,
            "claim" => wanted.is_claimed = switch(&name, &value)?,
            // A filter that is misspelt and ignored would return the wrong message.
            _ => {
                let name: String = name.chars().take(MAX_NAME_CHARS).collect();
                return Err(Failure::invalid_request(format!(
                    "{name}: is no parameter of wait"
                )));
            }
        }
    }
    wanted.query = understood(&filter, &time_zone)?;
    if wanted.is_claimed {
        if wanted.count > 1 {
            return Err(Failure::invalid_request("count: must be 1 with claim"));
        }
        wanted.is_unread = true;
    }
    Ok(wanted)
}

fn switch(name: &str, value: &str) -> Result<bool, Failure> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" | "" => Ok(false),
        _ => Err(Failure::invalid_request(format!("{name}: must be true or false"))),
    }
}

fn timeout(value: &str) -> Result<Duration, Failure> {
    let seconds = value.parse().ok().map(Duration::from_secs);
    seconds
        .filter(|timeout| *timeout <= MAX_TIMEOUT)
        .map(|timeout| timeout.min(LONGEST_WAIT))
        .ok_or_else(|| Failure::invalid_request("timeout: must be from 0 to 60 seconds"))
}

fn subject(value: &str) -> Result<Option<SubjectFilter>, Failure> {
    let expression = value
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'))
        .filter(|expression| !expression.is_empty());
    match expression {
        None if value.is_empty() => Ok(None),
        None => Ok(Some(SubjectFilter::Contains(value.to_lowercase()))),
        Some(expression) => Ok(Some(SubjectFilter::Matches(regex("subject", expression)?))),
    }
}

/// Compiles an expression, which then runs in linear time.
fn regex(name: &str, expression: &str) -> Result<Regex, Failure> {
    RegexBuilder::new(expression)
        .size_limit(MAX_REGEX_BYTES)
        .dfa_size_limit(MAX_REGEX_BYTES)
        .build()
        .map_err(|_| Failure::invalid_request(format!("{name}: is no regular expression, or one too large")))
}

/// Reads `6` or `4-8`.
fn code_length(value: &str) -> Result<RangeInclusive<usize>, Failure> {
    let (least, most) = value.split_once('-').unwrap_or((value, value));
    let length = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|length| is_number && (1..=MAX_CODE_CHARS).contains(length))
    };
    match (length(least), length(most)) {
        (Some(least), Some(most)) if least <= most => Ok(least..=most),
        _ => Err(Failure::invalid_request(
            "code_length: must be a number from 1 to 64, or two like 4-8",
        )),
    }
}

#[cfg(test)]
mod tests {
    use mayfly_proto::mailbox::{Code, Findings, MessageReceived, MessageSummary};

    use super::*;

    fn message() -> MessageReceived {
        MessageReceived {
            summary: Some(MessageSummary {
                sender: "bounce@shop.example".to_owned(),
                from: Some("A Shop <Shop@example.com>".to_owned()),
                subject: Some("Your code is 482913".to_owned()),
                ..MessageSummary::default()
            }),
            account_id: String::new(),
            address: "ann@mayfly.test".to_owned(),
            findings: Some(Findings {
                codes: vec![Code {
                    value: "482913".to_owned(),
                    ..Code::default()
                }],
                ..Findings::default()
            }),
            recipients: vec!["Cid@shop.example".to_owned()],
        }
    }

    #[test]
    fn filter_matches_parts_in_any_case_or_an_expression() {
        for (query, is_wanted) in [
            ("", true),
            ("from=shop@EXAMPLE", true),
            ("from=bounce@", true),
            ("from=bob", false),
            ("to=ann%40", true),
            ("to=cid%40shop", true),
            ("to=bob", false),
            ("subject=YOUR+CODE", true),
            ("subject=/^Your+code+is+%5Cd{6}$/", true),
            ("subject=/^code/", false),
            ("subject=%2F", false),
            ("from=shop&subject=invoice", false),
            ("has_code=true", true),
            ("has_code=false", true),
            ("unread=true", true),
            ("code_length=6", true),
            ("code_length=4-8", true),
            ("code_length=4-5", false),
            ("code_length=", true),
            ("code_pattern=%5Cd{6}", true),
            ("code_pattern=%5Cd{5}", false),
            ("code_pattern=[A-Z]%2B|4.*", true),
            ("code_length=6&code_pattern=[A-Z]%2B", false),
        ] {
            let wanted = parse(query).unwrap();
            assert_eq!(wanted.matches(&message()), is_wanted, "{query}");
        }
        let without = MessageReceived {
            findings: None,
            ..message()
        };
        for query in ["has_code=1", "code_length=6", "code_pattern=.*"] {
            assert!(!parse(query).unwrap().matches(&without), "{query}");
        }
        let mut read = message();
        read.summary.as_mut().unwrap().is_read = true;
        assert!(!parse("unread=true").unwrap().matches(&read));
        assert!(parse("unread=false").unwrap().matches(&read));
    }

    #[test]
    fn filter_with_invalid_value_is_rejected() {
        let long = format!("from={}", "x".repeat(MAX_FILTER_BYTES + 1));
        for query in [
            "since=x",
            "since=00",
            "form=shop",
            "unknown=1",
            "timeout=61",
            "timeout=-1",
            "timeout=soon",
            "count=0",
            "has_code=maybe",
            "q=before:nonsense",
            "q=before:2026-11-28&tz=Mars",
            "tz=Mars",
            "unread=maybe",
            "count=51",
            "subject=/(/",
            "subject=/(a{1000}){1000}/",
            "code_length=0",
            "code_length=65",
            "code_length=8-4",
            "code_length=4-",
            "code_length=%2B6",
            "code_length=six",
            "code_pattern=(",
            "code_pattern=(a{1000}){1000}",
            &long,
        ] {
            assert!(parse(query).is_err(), "{query}");
        }
        assert_eq!(parse("timeout=0").unwrap().timeout, Duration::ZERO);
        assert_eq!(parse("timeout=60").unwrap().timeout, LONGEST_WAIT);
        let named = parse("form=shop").unwrap_err().message;
        assert_eq!(named, "form: is no parameter of wait");
        let beginning = parse("since=0").unwrap().since.unwrap().to_string();
        assert_eq!(beginning, "00000000-0000-0000-0000-000000000000");
        assert_eq!(parse("").unwrap().timeout, DEFAULT_TIMEOUT);
    }
}
