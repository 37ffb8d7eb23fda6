//! The `page` parameter: from 1; anything that is not such a number is 1.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};

/// A page number, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page(pub(crate) u32);

impl Page {
    fn parse(query: &str) -> Self {
        let value = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "page");
        let digits = value.as_ref().map_or("", |(_, value)| value.trim());
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            return Self(1);
        }
        // A number that overflows is past the end.
        Self(digits.parse().unwrap_or(u32::MAX).max(1))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_that_is_no_number_is_the_first() {
        for (query, page) in [
            ("", 1),
            ("page=", 1),
            ("page=0", 1),
            ("page=-3", 1),
            ("page=two", 1),
            ("page=1.5", 1),
            ("page=2", 2),
            ("x=1&page=07", 7),
            ("page=99999999999999999999999", u32::MAX),
        ] {
            assert_eq!(Page::parse(query).0, page, "{query}");
        }
    }
}
