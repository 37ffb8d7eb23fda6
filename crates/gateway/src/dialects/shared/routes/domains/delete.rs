//! `DELETE /pro/api/domains/{id}`

use axum::{extract::State, http::StatusCode};
use mayfly_proto::mailbox::DeleteDomainRequest;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    edge::auth::{ProPrincipal, needs::DomainsWrite},
    edge::client_address::ClientAddress,
    edge::failure::FailureResponse,
    edge::segments::Segments,
};

/// Gives a domain up: its mailboxes keep their mail and receive none.
#[utoipa::path(delete, path = "/domains/{id}", tag = "pro", operation_id = "delete_domain", security(("pro" = ["domains:write"])),
    params(("id" = String, Path, description = "The domain")),
    responses((status = 204, description = "The domain is given up"), responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<DomainsWrite>,
    client: ClientAddress,
    Segments(domain_id): Segments<String>,
) -> Result<StatusCode, FailureResponse> {
    let changer = principal.changer(client.0);
    let (user_id, limited_owner) = principal.owner().into_fields();
    let request = DeleteDomainRequest {
        user_id,
        limited_owner,
        domain_id: domain_id.clone(),
    };
    app.mailbox().delete_domain(request).await?;
    app.report_change(changer, "domain.deleted", domain_id).await;
    Ok(StatusCode::NO_CONTENT)
}
