//! `GET /web/server.json`: what the page shows about the server and cannot ask the API for.

use axum::{Json, extract::State};
use mayfly_proto::mailbox::ListDomainsRequest;
use serde::Serialize;

use crate::{app::App, edge::failure::FailureResponse};

/// The path of the route.
pub(crate) const PATH: &str = "/web/server.json";

/// Facts about the server, for everybody.
#[derive(Debug, Serialize)]
pub(crate) struct ServerFacts {
    /// How long mail is kept in mailboxes; absent while the mailbox service is of a version that does not report it.
    retention_secs: Option<i64>,
}

/// Returns the facts.
pub(crate) async fn handle(State(app): State<App>) -> Result<Json<ServerFacts>, FailureResponse> {
    let answer = app.mailbox().list_domains(ListDomainsRequest {}).await?;
    let secs = answer.into_inner().retention_secs;
    Ok(Json(ServerFacts {
        retention_secs: (secs > 0).then_some(secs),
    }))
}
