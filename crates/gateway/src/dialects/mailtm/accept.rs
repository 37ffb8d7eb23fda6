//! Content negotiation: plain JSON, or JSON-LD with Hydra collections.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

/// The representation of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `application/ld+json`.
    JsonLd,
    /// `application/json`.
    Json,
}

/// What a range of `Accept` matches of a format, the most specific last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    Anything,
    Type,
    Exact,
}

impl Format {
    /// Chooses by the `Accept` header: for each format the most specific range gives its weight, and the higher weight wins.
    /// JSON-LD wins a draw, and is sent when nothing matches.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(header::ACCEPT).iter().peekable();
        if values.peek().is_none() {
            return Self::JsonLd;
        }
        let (mut json_ld, mut json) = (None, None);
        for range in values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
        {
            let mut parameters = range.split(';');
            let name = parameters.next().unwrap_or_default().trim();
            let weight = weight(parameters);
            keep(&mut json_ld, matches(name, "application/ld+json"), weight);
            keep(&mut json, matches(name, "application/json"), weight);
        }
        let weight = |best: Option<(Match, u32)>| best.map_or(0, |(_, weight)| weight);
        if weight(json) > weight(json_ld) {
            Self::Json
        } else {
            Self::JsonLd
        }
    }

    /// The `Content-Type` of an answer that is no error.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::JsonLd => "application/ld+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// Keeps the more specific range; of equal ones the one with the higher weight.
fn keep(best: &mut Option<(Match, u32)>, found: Option<Match>, weight: u32) {
    if let Some(found) = found {
        *best = (*best).max(Some((found, weight)));
    }
}

fn matches(range: &str, format: &str) -> Option<Match> {
    if range.eq_ignore_ascii_case(format) {
        return Some(Match::Exact);
    }
    match range {
        "*/*" => Some(Match::Anything),
        range if range.eq_ignore_ascii_case("application/*") => Some(Match::Type),
        _ => None,
    }
}

/// Returns the weight of a range in thousandths; one that cannot be read is zero.
fn weight<'a>(mut parameters: impl Iterator<Item = &'a str>) -> u32 {
    let value = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(value) = value else { return 1000 };
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let is_fraction = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match (whole, is_fraction) {
        ("1", true) => 1000,
        ("0", true) => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Format {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Format {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT, value.parse().unwrap());
        }
        Format::of(&headers)
    }

    #[test]
    fn format_is_that_of_the_higher_weight() {
        use Format::{Json, JsonLd};
        for (accept, expected) in [
            ("*/*", JsonLd),
            ("", JsonLd),
            ("application/ld+json", JsonLd),
            ("application/json", Json),
            ("APPLICATION/JSON; charset=utf-8", Json),
            ("application/json, text/plain, */*", JsonLd),
            ("application/ld+json, application/json", JsonLd),
            ("application/json, application/ld+json", JsonLd),
            ("application/json, */*;q=0.1", Json),
            ("*/*;q=0.1,application/json", Json),
            ("application/json;q=0.9, application/*;q=0.8", Json),
            ("application/json;q=0.8, application/*", JsonLd),
            ("application/ld+json;q=0, */*", Json),
            ("application/ld+json;q=0.5, application/json;q=0.501", Json),
            ("application/json;q=0", JsonLd),
            ("application/json;q=x", JsonLd),
            ("text/html", JsonLd),
        ] {
            assert_eq!(of(&[accept]), expected, "{accept}");
        }
        assert_eq!(of(&[]), JsonLd);
        assert_eq!(of(&["text/plain", "application/json"]), Json);
        let long = format!("{}application/json", "text/plain;q=0.5, ".repeat(110));
        assert_eq!(of(&[&long]), Json);
    }
}
