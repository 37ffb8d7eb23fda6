//! `GET /pro/api/usage`

use axum::{
    Json,
    extract::{RawQuery, State},
};
use mayfly_rpc::Failure;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::usage::Usage,
    edge::auth::{ProPrincipal, needs::UsageRead},
    edge::failure::FailureResponse,
};

/// Days that are listed by default.
const DEFAULT_DAYS: u32 = 14;

/// Returns how much mail the user's mailboxes received on each of the last days, in UTC, and what they hold now.
#[utoipa::path(get, path = "/usage", tag = "pro", operation_id = "get_usage", security(("pro" = ["usage:read"])),
    params(("days" = Option<u32>, Query, minimum = 1, maximum = 90, description = "14 by default")),
    responses((status = 200, body = Usage, description = "The usage"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<UsageRead>,
    RawQuery(query): RawQuery,
) -> Result<Json<Usage>, FailureResponse> {
    let days = days(query.as_deref().unwrap_or_default())?;
    let usage = app.get_usage(principal.owner().whole_user()?, days).await?;
    Ok(Json(Usage::new(usage.days, usage.now)))
}

fn days(query: &str) -> Result<u32, Failure> {
    match form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "days") {
        Some((_, days)) => days
            .parse()
            .map_err(|_| Failure::invalid_request("days: must be a number between 1 and 90")),
        None => Ok(DEFAULT_DAYS),
    }
}
