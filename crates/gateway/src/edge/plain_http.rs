//! The plain HTTP listener beside HTTPS: answers to HTTP-01 challenges (RFC 8555 8.3), and redirects.

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{StatusCode, header, uri::Authority},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use mayfly_acme::HttpChallenges;
use mayfly_types::DomainName;

pub(crate) fn router(challenges: HttpChallenges, domains: Vec<DomainName>) -> Router {
    let redirects = Router::new().fallback(redirect).with_state(domains);
    Router::new()
        .route("/.well-known/acme-challenge/{token}", get(answer))
        .with_state(challenges)
        .fallback_service(redirects)
}

async fn answer(State(challenges): State<HttpChallenges>, Path(token): Path<String>) -> Response {
    match challenges.answer(&token) {
        Some(answer) => ([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Redirects to HTTPS under the same name. Names of others are not redirected, because the target comes from the request.
async fn redirect(State(domains): State<Vec<DomainName>>, request: Request) -> Response {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let name = host.map(|host| host.host().to_ascii_lowercase());
    let own = name.filter(|name| domains.iter().any(|domain| domain.as_str() == name));
    match own {
        Some(name) => {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            Redirect::permanent(&format!("https://{name}{path}")).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
