//! `GET /web/captcha.json`: a challenge for the page to solve.

use altcha::Challenge;
use axum::{Json, extract::State};

use crate::{app::App, edge::failure::FailureResponse};

/// The path of the route.
pub(crate) const PATH: &str = "/web/captcha.json";

/// Returns a new challenge; 404 where captchas are off.
pub(crate) async fn handle(State(app): State<App>) -> Result<Json<Challenge>, FailureResponse> {
    Ok(Json(app.captcha.challenge().await?))
}
