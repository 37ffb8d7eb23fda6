//! `POST /pro/api/domains/{id}/verify`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::VerifyDomainRequest;

use crate::{
    auth::ProPrincipal,
    error::ApiError,
    segments::Segments,
    state::{Gateway, look_up_request},
    views::domain::VerifiedDomain,
};

/// Asks the DNS whether a domain is the user's, within five seconds. One that is not yet is still a 200; seven days after it
/// was added it is a 410.
#[utoipa::path(post, path = "/domains/{id}/verify", tag = "pro", operation_id = "verify_domain", security(("pro" = [])),
    params(("id" = String, Path, description = "The domain")),
    responses((status = 200, body = VerifiedDomain)))]
pub(crate) async fn handle(
    State(gateway): State<Gateway>,
    principal: ProPrincipal,
    Segments(domain_id): Segments<String>,
) -> Result<Json<VerifiedDomain>, ApiError> {
    let request = VerifyDomainRequest {
        user_id: principal.user_id,
        domain_id,
    };
    let answer = gateway.mailbox().verify_domain(look_up_request(request)).await?;
    Ok(Json(answer.into_inner().into()))
}
