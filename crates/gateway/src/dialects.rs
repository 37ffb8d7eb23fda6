//! The HTTP APIs over the same mailboxes. Each has its paths, its JSON shapes, and one table from failures to answers.

pub(crate) mod mailcx;
pub(crate) mod mailcx_v1;
pub(crate) mod mailtd;
pub(crate) mod mailtm;
pub(crate) mod shared;

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use mayfly_rpc::Failure;
use mayfly_runtime::config::List;
use mayfly_types::Reason;
use tower::{Layer, ServiceExt};
use tower_http::cors::{Any, CorsLayer};

use self::mailtm::accept::Format;
use crate::{app::App, edge::auth::CallerFacts};

pub(crate) use crate::config::Dialect;

/// How long browsers remember the answer to a preflight request; Chromium takes no more.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// Tells whether a path is one of a dialect's, served or not.
fn has_path(dialect: Dialect, path: &str) -> bool {
    match dialect {
        Dialect::MailTm => mailtm::has_path(path),
        Dialect::MailTd => ["/api/accounts/", "/api/user/"]
            .iter()
            .any(|prefix| path.starts_with(prefix)),
        Dialect::MailCxV1 => path.starts_with("/v1/"),
    }
}

/// The dialects that are on, each once.
#[derive(Debug, Clone)]
pub(crate) struct Dialects(Arc<[Dialect]>);

impl Dialects {
    pub(crate) fn new(names: &List<Dialect>) -> Self {
        let is_on = |dialect: &Dialect| names.0.contains(dialect);
        Self(Dialect::ALL.into_iter().filter(is_on).collect())
    }

    /// Returns the dialect whose path this is; `None` is the bearer API. A path of a dialect that is off is an unknown one
    /// of the bearer API.
    pub(crate) fn of_path(&self, path: &str) -> Option<Dialect> {
        self.0.iter().copied().find(|dialect| has_path(*dialect, path))
    }
}

/// The names of the dialects that are on, with a space between them.
impl fmt::Display for Dialects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&names.join(" "))
    }
}

/// The routes of all dialects that are on.
pub(crate) fn router(dialects: &Dialects, app: &App, base_path: &str) -> Router {
    let bearer_api = mailcx::router(app.clone(), base_path);
    dialects
        .0
        .iter()
        .fold(bearer_api, |router, dialect| match dialect {
            Dialect::MailTm => router.merge(mailtm::router(app.clone(), base_path)),
            Dialect::MailTd => router.merge(mailtd::router(app.clone(), base_path)),
            Dialect::MailCxV1 => router.merge(mailcx_v1::router(app.clone(), base_path)),
        })
}

/// Names the scope that a route needs of a Pro API token: on every answer of a route that takes one.
pub(crate) const ACCEPTED_SCOPES: HeaderName = HeaderName::from_static("mayfly-accepted-scopes");

/// Renders a failure in the dialect of the path. It stands around everything that can fail.
pub(crate) async fn render_failures(
    State(dialects): State<Dialects>,
    request: Request,
    next: Next,
) -> Response {
    let dialect = dialects.of_path(request.uri().path());
    let format = (dialect == Some(Dialect::MailTm)).then(|| Format::of(request.headers()));
    let facts = request.extensions().get::<CallerFacts>().cloned();
    let mut response = next.run(request).await;
    let failure = response.extensions_mut().remove::<Failure>();
    let is_refused = failure
        .as_ref()
        .is_some_and(|failure| failure.reason == Reason::InsufficientScope);
    let mut response = match (failure, format, dialect) {
        (Some(failure), Some(format), _) => mailtm::errors::render(&failure, response, format),
        (Some(failure), _, Some(Dialect::MailTd)) => mailtd::errors::render(failure, response),
        (Some(failure), _, Some(Dialect::MailCxV1)) => mailcx_v1::errors::render(failure, response),
        (Some(failure), ..) => shared::errors::render(failure, response),
        (None, ..) => response,
    };
    if let Some(needs) = facts.and_then(|facts| facts.needs()) {
        let headers = response.headers_mut();
        headers.insert(ACCEPTED_SCOPES, needs.header());
        // The other two have challenges of their own.
        if is_refused && matches!(dialect, None | Some(Dialect::MailTd)) {
            headers.insert(header::WWW_AUTHENTICATE, needs.challenge());
        }
    }
    if format.is_some() {
        let accept = HeaderValue::from_name(header::ACCEPT);
        response.headers_mut().append(header::VARY, accept);
    }
    response
}

/// The request headers that pages may send to every dialect but the bearer API, beside those of the bearer API.
const DIALECT_HEADERS: [HeaderName; 4] = [
    header::ACCEPT,
    HeaderName::from_static("x-api-token"),
    HeaderName::from_static("x-client-id"),
    header::CACHE_CONTROL,
];

/// Which pages of other origins may call what.
#[derive(Debug, Clone)]
pub(crate) struct Cors {
    dialects: Dialects,
    bearer_api: Arc<CorsLayer>,
    others: Arc<CorsLayer>,
}

impl Cors {
    /// Any origin may call an API with a bearer header; credentials of a browser are never asked for.
    pub(crate) fn new(dialects: Dialects) -> Self {
        let mut methods = vec![Method::GET, Method::POST, Method::PUT, Method::DELETE];
        let mut headers = mailcx::CORS_HEADERS.to_vec();
        let layer = CorsLayer::new()
            .allow_origin(Any)
            .max_age(PREFLIGHT_MAX_AGE)
            .expose_headers(mailcx::CORS_EXPOSED);
        let of_api = layer
            .clone()
            .allow_methods(methods.clone())
            .allow_headers(headers.clone());
        methods.push(Method::PATCH);
        headers.extend(DIALECT_HEADERS);
        Self {
            dialects,
            bearer_api: Arc::new(of_api),
            others: Arc::new(layer.allow_methods(methods).allow_headers(headers)),
        }
    }
}

/// Answers preflight requests, and adds the headers of CORS. It stands outside the routes, since a preflight request has a method
/// that none of them serves.
pub(crate) async fn cors(State(cors): State<Cors>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let layer = match cors.dialects.of_path(path) {
        Some(_) => cors.others,
        None if path.starts_with("/api/") => cors.bearer_api,
        None => return next.run(request).await,
    };
    match layer.layer(next).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_path_names_only_dialects_that_are_on() {
        use Dialect::{MailCxV1, MailTd, MailTm};
        for (path, dialect) in [
            ("/messages", Some(MailTm)),
            ("/messages/1/download", Some(MailTm)),
            ("//messages/1/download", Some(MailTm)),
            ("/.well-known/mercure", Some(MailTm)),
            ("/messagesx", None),
            ("/.well-known/acme-challenge/x", None),
            ("/", None),
            ("/web/me", None),
            ("/api/accounts", None),
            ("/api/accounts/x", Some(MailTd)),
            ("/api/user/me", Some(MailTd)),
            ("/api/me", None),
            ("/v1/config", Some(MailCxV1)),
        ] {
            let on = Dialects::new(&List(vec![MailCxV1, MailTm, MailTd, MailTm]));
            assert_eq!(on.of_path(path), dialect, "{path}");
            let off = Dialects::new(&List::default());
            assert_eq!(off.of_path(path), None, "{path}");
        }
    }
}
