//! Sessions of Pro users with the role admin. To every other caller the routes do not exist.

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use mayfly_admin::{Operator, Services};
use mayfly_rpc::Failure;
use tower::ServiceBuilder;

use super::{
    auth::{CallerFacts, bearer},
    failure::FailureResponse,
};

/// Where the routes are.
const PREFIX: &str = "/pro/api/admin";

/// Adds the API of operators for sessions. The session is checked before a route is looked up: a refusal must not differ by path or
/// method, not even in `Allow`, which the router of axum adds outside of its layers.
pub(crate) fn nest(router: Router, services: Services) -> Router {
    let check = middleware::from_fn_with_state(services.clone(), check_session);
    let checked = ServiceBuilder::new()
        .layer(check)
        .service(mayfly_admin::session_routes(services));
    router.nest_service(PREFIX, checked)
}

/// Rejects requests without such a session, and names the operator to the routes and the access log.
async fn check_session(State(services): State<Services>, mut request: Request, next: Next) -> Response {
    // A request cannot be borrowed while the token is checked.
    let token = bearer(request.headers(), request.uri().query()).map(str::to_owned);
    let operator = match authorize(&services, token).await {
        Ok(operator) => operator,
        Err(failure) => return FailureResponse(failure).into_response(),
    };
    let (caller, user_id) = (request.extensions().get::<CallerFacts>(), operator.user_id());
    if let (Some(caller), Some(user_id)) = (caller, user_id) {
        caller.set_id(user_id);
    }
    request.extensions_mut().insert(operator);
    next.run(request).await
}

async fn authorize(services: &Services, token: Result<String, Failure>) -> Result<Operator, Failure> {
    services.authorize(&token?).await
}
