//! The parameters of a search: `q`, `tz`, `limit` and `cursor`. Others are rejected, since a misspelt one could widen what is deleted.

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use mayfly_rpc::Failure;
use mayfly_search::{Query, QueryError, Zone};
use mayfly_types::{ErrorCode, MessageId, Reason};
use time::OffsetDateTime;

use super::failure::{ErrorPosition, FailureResponse};
use crate::app::zoned_query::ZonedQuery;

/// Messages of a page, where none are asked for.
const DEFAULT_LIMIT: u32 = 30;
/// Largest number of messages of a page.
const MAX_LIMIT: u32 = 100;
const UNKNOWN_ZONE: &str = "tz: must be the name of a time zone of IANA, such as Europe/Berlin";

/// A query that is understood, and where in its answer the caller is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SearchQuery {
    pub(crate) query: ZonedQuery,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<String>,
}

/// Why a request with a query is rejected.
#[derive(Debug)]
pub(crate) enum Rejected {
    Query(QueryError),
    Other(Failure),
}

impl SearchQuery {
    fn parse(text: &str) -> Result<Self, Rejected> {
        let (mut query, mut zone, mut limit, mut cursor) = (None, None, None, None);
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let (is_repeated, problem) = match &*name {
                "q" => (query.replace(value.into_owned()).is_some(), None),
                "tz" => {
                    let named = zone_named(&value);
                    let problem = named.is_err().then_some(UNKNOWN_ZONE);
                    (zone.replace(named.unwrap_or_default()).is_some(), problem)
                }
                "limit" => {
                    let number = value.parse().ok();
                    let number = number.filter(|limit| (1..=MAX_LIMIT).contains(limit));
                    let problem = number.is_none().then_some("limit: must be from 1 to 100");
                    (limit.replace(number.unwrap_or(DEFAULT_LIMIT)).is_some(), problem)
                }
                "cursor" => {
                    let is_id = value.parse::<MessageId>().is_ok();
                    let problem = (!is_id).then_some("cursor: is none of an answer");
                    (cursor.replace(value.into_owned()).is_some(), problem)
                }
                _ => (
                    false,
                    Some("only q, tz, limit and cursor are parameters of a search"),
                ),
            };
            let problem = problem.or(is_repeated.then_some("send each parameter once"));
            if let Some(problem) = problem {
                return Err(Rejected::Other(Failure::invalid_request(problem)));
            }
        }
        let query = query.ok_or(Rejected::Query(QueryError {
            message: "q is missing",
            position: 0,
        }))?;
        let zone = zone.unwrap_or_default();
        check(&query, &zone).map_err(Rejected::Query)?;
        Ok(Self {
            query: zoned(query, &zone),
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            cursor,
        })
    }
}

/// Checks that a query is understood. Whether it is does not depend on the time.
fn check(query: &str, zone: &Zone) -> Result<(), QueryError> {
    Query::parse_in(query, OffsetDateTime::UNIX_EPOCH, zone).map(drop)
}

fn zoned(text: String, zone: &Zone) -> ZonedQuery {
    ZonedQuery {
        text,
        time_zone: zone.name().to_owned(),
    }
}

/// Returns the time zone with a name; UTC without one.
///
/// # Errors
/// When IANA has no such zone.
fn zone_named(name: &str) -> Result<Zone, Failure> {
    if name.is_empty() {
        return Ok(Zone::default());
    }
    Zone::named(name).ok_or_else(|| Failure::invalid_request(UNKNOWN_ZONE))
}

/// Returns the filter of a webhook, if it is understood. An empty one is none.
///
/// # Errors
/// `InvalidQuery` with the position in the text.
pub(crate) fn understood_filter(filter: Option<String>) -> Result<String, Rejected> {
    let filter = filter.unwrap_or_default();
    if !filter.is_empty() {
        check(&filter, &Zone::default()).map_err(Rejected::Query)?;
    }
    Ok(filter)
}

/// Returns the query of a wait or a stream, if it is understood. An empty one is none.
///
/// # Errors
/// `InvalidQuery` with the position in the text, or `InvalidRequest` for a time zone that does not exist.
pub(crate) fn understood(query: &str, time_zone: &str) -> Result<Option<ZonedQuery>, Failure> {
    let zone = zone_named(time_zone)?;
    if query.is_empty() {
        return Ok(None);
    }
    let failed = |error: QueryError| {
        let text = format!("q: {}, at character {}", error.message, error.position);
        Failure::new(ErrorCode::InvalidArgument, Reason::InvalidQuery, text)
    };
    check(query, &zone).map_err(failed)?;
    Ok(Some(zoned(query.to_owned(), &zone)))
}

impl From<tonic::Status> for Rejected {
    fn from(status: tonic::Status) -> Self {
        Self::Other(status.into())
    }
}

impl IntoResponse for Rejected {
    fn into_response(self) -> Response {
        match self {
            Self::Other(failure) => FailureResponse(failure).into_response(),
            Self::Query(error) => {
                let failure = Failure::new(ErrorCode::InvalidArgument, Reason::InvalidQuery, error.message);
                let mut response = FailureResponse(failure).into_response();
                response.extensions_mut().insert(ErrorPosition(error.position));
                response
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SearchQuery {
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejected> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_search_are_bounded() {
        let id = "01a20f14-c5d0-75e4-aa11-c633d343d4ed";
        let parsed = SearchQuery::parse(&format!("q=from%3Aann+x&limit=100&cursor={id}")).unwrap();
        let expected = SearchQuery {
            query: ZonedQuery {
                text: "from:ann x".to_owned(),
                time_zone: "UTC".to_owned(),
            },
            limit: 100,
            cursor: Some(id.to_owned()),
        };
        assert_eq!(parsed, expected);
        let zoned = SearchQuery::parse("q=x&tz=europe%2Fberlin").unwrap().query;
        assert_eq!(zoned.time_zone, "Europe/Berlin");
        assert_eq!(SearchQuery::parse("q=x&tz=").unwrap().query.time_zone, "UTC");
        assert_eq!(SearchQuery::parse("q=x").unwrap().limit, 30);
        for wrong in [
            "q=x&limit=0",
            "q=x&limit=101",
            "q=x&limit=",
            "q=x&cursor=1",
            "q=x&page=2",
            "q=x&tz=Europe/Nowhere",
            "q=x&tz=UTC&tz=UTC",
            "q=x&q=y",
        ] {
            let rejected = SearchQuery::parse(wrong);
            assert!(matches!(rejected, Err(Rejected::Other(_))), "{wrong}");
        }
        for wrong in ["", "q=", "q=before%3Anonsense", "limit=1"] {
            let rejected = SearchQuery::parse(wrong);
            assert!(matches!(rejected, Err(Rejected::Query(_))), "{wrong}");
        }
    }
}
