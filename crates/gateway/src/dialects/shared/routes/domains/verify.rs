//! `POST /pro/api/domains/{id}/verify`

use axum::{Json, extract::State};

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::domain::VerifiedDomain,
    edge::auth::{ProPrincipal, needs::DomainsWrite},
    edge::failure::FailureResponse,
    edge::segments::Segments,
};

/// Asks the DNS whether a domain is the user's, within five seconds. One that is not yet is still a 200; seven days after it
/// was added it is a 410.
#[utoipa::path(post, path = "/domains/{id}/verify", tag = "pro", operation_id = "verify_domain", security(("pro" = ["domains:write"])),
    params(("id" = String, Path, description = "The domain")),
    responses((status = 200, body = VerifiedDomain, description = "What the DNS says"), responses::Bearer, responses::Missing, responses::UnverifiedDomain, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<DomainsWrite>,
    Segments(domain_id): Segments<String>,
) -> Result<Json<VerifiedDomain>, FailureResponse> {
    let verified = app.verify_domain(principal.owner(), domain_id).await?;
    Ok(Json(verified.into()))
}
