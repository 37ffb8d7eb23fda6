//! `PUT /pro/api/domains/{id}`

use axum::{Json, extract::State};
use mayfly_proto::mailbox::SetCatchAllRequest;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialects::shared::responses;
use crate::{
    app::App,
    dialects::shared::views::domain::OwnDomain,
    edge::auth::{ProPrincipal, needs::DomainsWrite},
    edge::failure::FailureResponse,
    edge::json::JsonBody,
    edge::segments::Segments,
};

/// What is to be changed of a domain.
#[derive(Deserialize, ToSchema)]
pub(crate) struct DomainChange {
    /// An active mailbox of the user on this domain, or null for none.
    #[schema(required, format = Uuid)]
    // A missing field is an error; without this, serde reads it as null.
    #[serde(deserialize_with = "Option::deserialize")]
    catch_all: Option<String>,
}

/// Sets the mailbox that receives mail for addresses of the domain without a mailbox, present or deleted.
#[utoipa::path(put, path = "/domains/{id}", tag = "pro", operation_id = "set_catch_all", security(("pro" = ["domains:write"])),
    params(("id" = String, Path, description = "The domain")), request_body = DomainChange,
    responses((status = 200, body = OwnDomain, description = "The domain"), responses::JsonBody, responses::Bearer, responses::Missing, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    principal: ProPrincipal<DomainsWrite>,
    Segments(domain_id): Segments<String>,
    JsonBody(body): JsonBody<DomainChange>,
) -> Result<Json<OwnDomain>, FailureResponse> {
    let (user_id, limited_owner) = principal.owner().into_fields();
    let request = SetCatchAllRequest {
        user_id,
        limited_owner,
        domain_id,
        account_id: body.catch_all,
    };
    let answer = app.mailbox().set_catch_all(request).await?.into_inner();
    Ok(Json(OwnDomain::new(
        answer.domain.unwrap_or_default(),
        &answer.mx_hostname,
    )))
}
