//! The same for the routes of mail.td: every documented route with every kind of credential.

use serde_json::json;

use super::{
    dialect::{Attempt, Dialect, Expected, Tenants, check},
    owner::Owner,
    routes::{Route, Takes},
    unused_id,
};
use crate::world::World;

mod worlds {
    crate::scenario!(every_route_of_mailtd_rejects_foreign_credentials);
}

/// The route with the objects of an owner: a mailbox of the Pro user where the table says so, else the one without a user.
fn path(owner: &Owner, route: &Route) -> String {
    let id = match route.path {
        path if path.starts_with("/api/user/tokens/") => &owner.token_id,
        path if path.starts_with("/api/user/sandbox/") => &owner.captured_id,
        path if path.starts_with("/api/user/domains/") => &owner.domain_id,
        path if path.starts_with("/api/user/webhooks/") => &owner.webhook_id,
        _ if route.takes == Takes::Pro => &owner.owned_message_id,
        _ => &owner.message_id,
    };
    let account = match route.takes {
        Takes::Pro => &owner.owned.id,
        _ => &owner.mailbox.id,
    };
    let path = route.path.replace("{account}", account).replace("{id}", id);
    path.replace("{index}", "0")
}

/// Tells whether the path has the codes of mail.td; the others are the bearer API's.
fn has_own_codes(path: &str) -> bool {
    path.starts_with("/api/accounts/") || path.starts_with("/api/user/")
}

struct MailTd;

impl Dialect for MailTd {
    const DOCUMENT: &'static str = "/api/docs/mailtd";

    fn table() -> Vec<Route> {
        use Takes::{Any, Nothing, Pro, ProOrNothing};
        let route = |method, path, takes, owner_status| Route {
            method,
            path,
            takes,
            body: None,
            owner_status,
        };
        let with = |route: Route, body| Route {
            body: Some(body),
            ..route
        };
        let address = json!({"address": "fresh@mayfly.test", "password": "correct horse"});
        let email = json!({"email": "fresh@example.com", "password": "correct horse"});
        let password = json!({"password": "battery staple"});
        vec![
            with(route("POST", "/api/accounts", ProOrNothing, 201), address.clone()),
            with(route("POST", "/api/token", Nothing, 200), address),
            with(route("POST", "/api/user/register", Nothing, 201), email.clone()),
            with(route("POST", "/api/user/login", Nothing, 200), email),
            route("GET", "/api/accounts/{account}", Any, 200),
            route("GET", "/api/accounts/{account}/messages", Any, 200),
            route("GET", "/api/accounts/{account}/messages/{id}", Any, 200),
            route("GET", "/api/accounts/{account}/messages/{id}/source", Any, 200),
            route(
                "GET",
                "/api/accounts/{account}/messages/{id}/attachments/{index}",
                Any,
                200,
            ),
            route("PUT", "/api/accounts/{account}/messages/{id}/read", Any, 204),
            with(
                route("PUT", "/api/accounts/{account}/messages/read", Any, 200),
                json!({"all": true}),
            ),
            route("GET", "/api/user/me", Pro, 200),
            route("GET", "/api/user/accounts", Pro, 200),
            route("GET", "/api/user/accounts/{account}/messages", Pro, 200),
            route("GET", "/api/user/subscription/status", Pro, 200),
            route("POST", "/api/user/subscription/cancel", Pro, 404),
            route("POST", "/api/user/subscription/resume", Pro, 404),
            route("POST", "/api/user/billing/portal", Pro, 404),
            route("GET", "/api/user/tokens", Pro, 200),
            with(
                route("POST", "/api/user/tokens", Pro, 201),
                json!({"name": "fresh"}),
            ),
            route("GET", "/api/user/domains", Pro, 200),
            with(
                route("POST", "/api/user/domains", Pro, 201),
                json!({"domain": "fresh.example.com"}),
            ),
            route("POST", "/api/user/domains/{id}/verify", Pro, 200),
            route("DELETE", "/api/user/domains/{id}", Pro, 204),
            route("GET", "/api/user/sandbox", Pro, 200),
            route("GET", "/api/user/sandbox/messages", Pro, 200),
            route("GET", "/api/user/sandbox/messages/{id}", Pro, 200),
            route("GET", "/api/user/sandbox/messages/{id}/source", Pro, 200),
            route(
                "GET",
                "/api/user/sandbox/messages/{id}/attachments/{index}",
                Pro,
                200,
            ),
            route("GET", "/api/user/webhooks", Pro, 200),
            route("GET", "/api/user/webhooks/{id}/deliveries", Pro, 200),
            route("POST", "/api/user/webhooks/{id}/rotate", Pro, 200),
            route("DELETE", "/api/user/webhooks/{id}", Pro, 204),
            with(
                route("POST", "/api/user/webhooks", Pro, 201),
                json!({"url": "https://hooks.example.com/fresh"}),
            ),
            route("DELETE", "/api/user/sandbox/messages/{id}", Pro, 204),
            route("DELETE", "/api/user/sandbox/messages", Pro, 200),
            route("DELETE", "/api/user/tokens/{id}", Pro, 204),
            route("DELETE", "/api/accounts/{account}/messages/{id}", Any, 204),
            with(
                route("PUT", "/api/accounts/{account}/reset-password", Pro, 200),
                password.clone(),
            ),
            with(
                route("PUT", "/api/user/accounts/{account}/reset-password", Pro, 200),
                password,
            ),
            route("DELETE", "/api/user/accounts/{account}", Pro, 204),
            route("DELETE", "/api/accounts/{account}", Any, 204),
        ]
    }

    fn refused(&self, route: &Route, tenants: &Tenants) -> Vec<Attempt> {
        let Tenants {
            owner, never_good, ..
        } = tenants;
        if !has_own_codes(route.path) || route.takes == Takes::Nothing {
            return Vec::new();
        }
        let path = &path(owner, route);
        let invalid = || Expected::Failure(401, "invalid_or_expired_token");
        let mut attempts: Vec<Attempt> = never_good
            .iter()
            .map(|(what, token)| Attempt::new(path, Some(token), what, invalid()))
            .collect();
        let none = Expected::Failure(401, "unauthorized");
        attempts.push(Attempt::new(path, None, "no credential", none));
        if route.path.starts_with("/api/user/") {
            let token = Some(owner.owned.token.as_str());
            attempts.push(Attempt::new(
                path,
                token,
                "the wrong kind of credential",
                invalid(),
            ));
        }
        attempts.extend(of_other_owner(route, path, tenants));
        attempts
    }

    fn granted(&self, route: &Route, tenants: &Tenants) -> Vec<Attempt> {
        let owner = &tenants.owner;
        let token = match route.takes {
            Takes::Pro => Some(owner.pro_token.as_str()),
            Takes::Any => Some(owner.mailbox.token.as_str()),
            _ => None,
        };
        let expected = Expected::Status(route.owner_status);
        vec![Attempt::new(
            &path(owner, route),
            token,
            "the token of its owner",
            expected,
        )]
    }
}

/// Another owner sees nothing, as if it were not there, by id or by address.
fn of_other_owner(route: &Route, path: &str, tenants: &Tenants) -> Vec<Attempt> {
    const WHAT: &str = "the token of another owner";
    let Tenants { owner, other, .. } = tenants;
    let tokens: &[&str] = match route.path.starts_with("/api/user/") {
        true => &[&other.pro, &other.pro_token],
        false => &[
            &other.mailbox.token,
            &other.owned.token,
            &other.pro,
            &other.pro_token,
        ],
    };
    if path == route.path {
        let unleaked =
            |token: &&str| Attempt::new(path, Some(token), WHAT, Expected::Unleaked(route.owner_status));
        return match route.method {
            "GET" => tokens.iter().map(unleaked).collect(),
            _ => Vec::new(),
        };
    }
    let by_address = path
        .replace(&owner.mailbox.id, &owner.mailbox.address)
        .replace(&owner.owned.id, &owner.owned.address);
    let mut missing = path.to_owned();
    for id in owner.secrets() {
        missing = missing.replace(id, &unused_id(id));
    }
    let hidden = |token: &str, path: &str| {
        let expected = Expected::Hidden {
            code: "not_found",
            missing: missing.clone(),
        };
        Attempt::new(path, Some(token), WHAT, expected)
    };
    tokens
        .iter()
        .flat_map(|token| [path, &by_address].map(|path| hidden(token, path)))
        .collect()
}

async fn every_route_of_mailtd_rejects_foreign_credentials(world: World) {
    let client = world.client();
    let tenants = Tenants::create(&client, &world).await;
    check(&client, &tenants, &MailTd).await;
}
