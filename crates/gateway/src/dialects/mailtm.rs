//! The API of mail.tm: plain JSON or Hydra collections, by the `Accept` header.

use axum::Router;

use crate::app::App;

/// The first segments of the dialect's paths.
const ROOTS: [&str; 6] = ["domains", "accounts", "token", "me", "messages", "sources"];
/// The event stream.
const MERCURE: &str = "/.well-known/mercure";

/// Tells whether a path is one of the dialect's, served or not. It may begin with two slashes: clients put one before a
/// `downloadUrl`, which has one.
pub(crate) fn has_path(path: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or_default();
    let path = path.strip_prefix('/').unwrap_or(path);
    let root = path.split('/').next().unwrap_or_default();
    ROOTS.contains(&root) || path == &MERCURE[1..]
}

/// Every route of the dialect.
pub(crate) fn router(app: App) -> Router {
    Router::new().with_state(app)
}
