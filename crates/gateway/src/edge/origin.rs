//! Which web pages may open WebSockets and call MCP. Browsers send the origin of a page with its request.

use axum::http::{HeaderMap, header};

/// Tells whether the page that sent a request may call: one of those allowed, or of this host when none is named. A request
/// without an origin does not come from a web page.
pub(crate) fn is_allowed_origin(headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    let (Ok(origin), None) = (origin.to_str(), origins.next()) else {
        return false;
    };
    if !allowed.is_empty() {
        return allowed.iter().any(|one| one.eq_ignore_ascii_case(origin));
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    matches!((host, authority), (Some(host), Some(authority)) if host.eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_allowed_origin_accepts_listed_or_own_pages_only() {
        let listed = ["https://app.example".to_owned()];
        let table: [(&[&str], &[String], bool); 9] = [
            (&[], &[], true),
            (&["http://127.0.0.1:8080"], &[], true),
            (&["https://127.0.0.1:8080"], &[], true),
            (&["http://127.0.0.1"], &[], false),
            (&["null"], &[], false),
            (&["https://evil.test"], &[], false),
            (&["http://127.0.0.1:8080", "http://127.0.0.1:8080"], &[], false),
            (&["https://app.example"], &listed, true),
            (&["http://127.0.0.1:8080"], &listed, false),
        ];
        for (origins, allowed, is_allowed) in table {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "127.0.0.1:8080".parse().unwrap());
            for origin in origins {
                headers.append(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(is_allowed_origin(&headers, allowed), is_allowed, "{origins:?}");
        }
    }
}
