//! The query of a wait.

use std::ops::RangeInclusive;

use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};
use utoipa::{
    IntoParams,
    openapi::{Object, ObjectBuilder, schema::Type},
};

use crate::app::wait_inbox::WantedMail;

const COUNT: RangeInclusive<i64> = 1..=50;
const DEFAULT_COUNT: usize = 1;
const LIMIT: RangeInclusive<i64> = 1..=50;
const DEFAULT_LIMIT: usize = 20;
const MAX_FILTER_BYTES: usize = 1024;
/// The beginning of an inbox, as `since`.
const BEGINNING: &str = "0";

/// The parameters, for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct WaitQuery {
    /// The `next_since` of an earlier answer; `0` or empty is the beginning.
    since: Option<String>,
    /// How many mails end the wait, 1 to 50. A number out of the range is cut to it.
    #[param(schema_with = number_or_empty)]
    count: Option<u32>,
    /// How many mails are returned at most, 1 to 50; 20 by default. A number out of the range is cut to it.
    #[param(schema_with = number_or_empty)]
    limit: Option<u32>,
    /// A part of the From header or of the envelope's sender, in any case.
    #[param(max_length = 1024)]
    from: Option<String>,
    /// A part of the subject, in any case.
    #[param(max_length = 1024)]
    subject: Option<String>,
}

/// A number out of the range is accepted, however large; an empty text counts as absent.
fn number_or_empty() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^(-?[0-9]+)?$"))
        .build()
}

/// Reads the query of a wait. Unknown parameters are ignored.
///
/// # Errors
/// Names the parameter that cannot be used.
pub(super) fn parse(query: &str) -> Result<WantedMail, Failure> {
    let mut wanted = WantedMail {
        since: None,
        count: DEFAULT_COUNT,
        limit: DEFAULT_LIMIT,
        from: None,
        subject: None,
        domain: None,
    };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let part = || (!value.is_empty()).then(|| value.to_lowercase());
        match &*name {
            "from" | "subject" if value.len() > MAX_FILTER_BYTES => {
                return Err(Failure::invalid_request(format!("{name}: is too long")));
            }
            "since" if value.is_empty() || value == BEGINNING => wanted.since = None,
            "since" => wanted.since = Some(value.parse().map_err(|_| invalid_since())?),
            "count" if !value.is_empty() => wanted.count = number(&name, &value, &COUNT)?,
            "limit" if !value.is_empty() => wanted.limit = number(&name, &value, &LIMIT)?,
            "from" => wanted.from = part(),
            "subject" => wanted.subject = part(),
            _ => {}
        }
    }
    Ok(wanted)
}

fn invalid_since() -> Failure {
    let message = "since: is not the next_since of an answer";
    Failure::new(ErrorCode::InvalidArgument, Reason::InvalidSince, message)
}

/// Reads a number, and cuts it to a range.
fn number(name: &str, value: &str, range: &RangeInclusive<i64>) -> Result<usize, Failure> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::invalid_request(format!("{name}: must be a number")));
    }
    // A number that overflows is out of the range.
    let beyond = if value.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    let number = value
        .parse()
        .unwrap_or(beyond)
        .clamp(*range.start(), *range.end());
    usize::try_from(number).map_err(|_| Failure::internal("a range has negative numbers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_cuts_numbers_and_ignores_unknown_parameters() {
        for (query, count, limit) in [
            ("", 1, 20),
            ("count=0&limit=0", 1, 1),
            ("count=-7&limit=51", 1, 50),
            ("count=99999999999999999999&limit=", 50, 20),
            ("count=3&limit=7&more=x", 3, 7),
        ] {
            let wanted = parse(query).unwrap();
            assert_eq!((wanted.count, wanted.limit), (count, limit), "{query}");
        }
        let wanted = parse("from=SHOP&subject=Code&since=0").unwrap();
        assert_eq!(
            (wanted.from.as_deref(), wanted.subject.as_deref(), wanted.since),
            (Some("shop"), Some("code"), None)
        );
        let id = "01a20846-fe00-7000-8000-000000000000";
        assert_eq!(
            parse(&format!("since={id}")).unwrap().since.unwrap().to_string(),
            id
        );
    }

    #[test]
    fn query_with_invalid_value_is_rejected() {
        assert_eq!(parse("since=x").unwrap_err().reason, Reason::InvalidSince);
        let long = format!("from={}", "x".repeat(MAX_FILTER_BYTES + 1));
        for query in ["count=many", "limit=1.5", "count=-", &long] {
            assert_eq!(
                parse(query).unwrap_err().reason,
                Reason::InvalidRequest,
                "{query}"
            );
        }
    }
}
