//! `DELETE /pro/api/domains/{id}`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::mailbox::DeleteDomainRequest;

use crate::dialects::shared::responses;
use crate::{app::App, edge::auth::ProPrincipal, edge::failure::FailureResponse, edge::segments::Segments};

/// Gives a domain up: its mailboxes keep their mail and receive none.
#[utoipa::path(delete, path = "/domains/{id}", tag = "pro", operation_id = "delete_domain", security(("pro" = [])),
    params(("id" = String, Path, description = "The domain")),
    responses((status = 204, description = "The domain is given up"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal,
    Segments(domain_id): Segments<String>,
) -> Result<StatusCode, FailureResponse> {
    let request = DeleteDomainRequest {
        user_id: principal.user_id,
        domain_id,
    };
    app.mailbox().delete_domain(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
