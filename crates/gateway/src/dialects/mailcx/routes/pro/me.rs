//! `GET /pro/api/me`

use axum::{Json, extract::State};

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::pro::ProMe,
    edge::auth::{ProPrincipal, needs::WholeUser},
    edge::failure::FailureResponse,
};

/// Returns the Pro user.
#[utoipa::path(get, path = "/me", tag = "pro", operation_id = "get_pro_me", security(("pro" = [])),
    responses((status = 200, body = ProMe, description = "The Pro user"), responses::Bearer, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<WholeUser>,
) -> Result<Json<ProMe>, FailureResponse> {
    Ok(Json(app.get_user(principal.pro.user_id).await?.into()))
}
