//! The path that the server is under, such as `/mail` on a host with other sites. A request is accepted with the path and
//! without it, so a proxy can remove it.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, Uri, header::LOCATION, uri::PathAndQuery},
    middleware::{self, Next},
    response::Response,
};

/// Returns why a path cannot be used.
pub(crate) fn problem(base_path: &str) -> Option<&'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_segment =
        |text: &str| !text.is_empty() && !matches!(text, "." | "..") && text.bytes().all(is_plain);
    let is_good = match base_path.strip_prefix('/') {
        Some(segments) => segments.split('/').all(is_segment),
        None => base_path.is_empty(),
    };
    (!is_good).then_some("must be empty or a path such as /mail, without a slash at its end")
}

/// Serves a router under a path too.
pub(crate) fn serve_under(base_path: &str, router: Router) -> Router {
    if base_path.is_empty() {
        return router;
    }
    let base_path: Arc<str> = base_path.into();
    // Around the whole router, so that the path is removed before a route is chosen.
    Router::new()
        .fallback_service(router)
        .layer(middleware::from_fn_with_state(base_path, remove))
}

async fn remove(State(base_path): State<Arc<str>>, mut request: Request, next: Next) -> Response {
    if let Some(uri) = without(request.uri(), &base_path) {
        *request.uri_mut() = uri;
    }
    let mut response = next.run(request).await;
    let location = response.headers().get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    if let Some(path) = location.filter(|path| path.starts_with('/'))
        && let Ok(target) = HeaderValue::try_from(format!("{base_path}{path}"))
    {
        response.headers_mut().insert(LOCATION, target);
    }
    response
}

/// Returns a URI without the path; `None` if it is not under it.
fn without(uri: &Uri, base_path: &str) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(base_path)?;
    let rest = match rest.as_bytes().first() {
        Some(b'/') => rest.to_owned(),
        None | Some(b'?') => format!("/{rest}"),
        Some(_) => return None,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(rest).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_removes_whole_segments_only() {
        for (uri, expected) in [
            ("/mail", Some("/")),
            ("/mail/", Some("/")),
            ("/mail?a=/b", Some("/?a=/b")),
            ("/mail/api/domains?page=1", Some("/api/domains?page=1")),
            ("/mail/mail/x", Some("/mail/x")),
            ("https://a.example/mail/pro", Some("https://a.example/pro")),
            ("/mailbox", None),
            ("/api/mail", None),
            ("/", None),
        ] {
            let found = without(&uri.parse().unwrap(), "/mail").map(|uri| uri.to_string());
            assert_eq!(found.as_deref(), expected, "{uri}");
        }
    }

    #[test]
    fn problem_of_usable_path_is_none() {
        for path in ["", "/mail", "/a/b-c_d.e~1"] {
            assert_eq!(problem(path), None, "{path}");
        }
        for path in [
            "/", "mail", "/mail/", "//", "/a//b", "/..", "/a/./b", "/a b", "/a?b", "/\"", "/%2f",
        ] {
            assert!(problem(path).is_some(), "{path}");
        }
    }
}
