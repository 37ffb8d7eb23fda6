//! What clients ask about the plan of a Pro user. Nothing is sold here, so there is never a subscription.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    dialects::shared::{errors::ErrorBody, responses},
    edge::auth::{ProPrincipal, needs::WholeUser},
};

/// A subscription that does not exist.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Subscription {
    /// Always empty.
    status: &'static str,
    /// Always empty.
    cancel_mode: &'static str,
    /// Always null.
    #[schema(required)]
    scheduled_cancel_at: Option<String>,
}

/// Tells that there is no subscription.
#[utoipa::path(get, path = "/subscription/status", tag = "billing", operation_id = "get_subscription", security(("pro" = [])),
    responses((status = 200, body = Subscription, description = "No subscription"), responses::Bearer, responses::Always))]
pub(crate) async fn status(_pro: ProPrincipal<WholeUser>) -> Json<Subscription> {
    Json(Subscription {
        status: "",
        cancel_mode: "",
        scheduled_cancel_at: None,
    })
}

/// Answers that there is no subscription to cancel.
#[utoipa::path(post, path = "/subscription/cancel", tag = "billing", operation_id = "cancel_subscription", security(("pro" = [])),
    responses((status = 404, body = ErrorBody, description = "`no_subscription`"), responses::Bearer, responses::Always))]
pub(crate) async fn cancel(_pro: ProPrincipal<WholeUser>) -> Response {
    no_subscription()
}

/// Answers that there is no subscription to resume.
#[utoipa::path(post, path = "/subscription/resume", tag = "billing", operation_id = "resume_subscription", security(("pro" = [])),
    responses((status = 404, body = ErrorBody, description = "`no_subscription`"), responses::Bearer, responses::Always))]
pub(crate) async fn resume(_pro: ProPrincipal<WholeUser>) -> Response {
    no_subscription()
}

/// Answers that there is no subscription to manage.
#[utoipa::path(post, path = "/billing/portal", tag = "billing", operation_id = "open_billing_portal", security(("pro" = [])),
    responses((status = 404, body = ErrorBody, description = "`no_subscription`"), responses::Bearer, responses::Always))]
pub(crate) async fn portal(_pro: ProPrincipal<WholeUser>) -> Response {
    no_subscription()
}

fn no_subscription() -> Response {
    let body = ErrorBody {
        error: "no_subscription",
        message: "this server sells nothing".to_owned(),
        position: None,
    };
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}
