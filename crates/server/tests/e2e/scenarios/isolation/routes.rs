//! The table of all documented routes.

use serde_json::{Value, json};

/// The kind of credential that a route accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Mailbox,
    Pro,
    ProOrNothing,
    /// Either kind.
    Any,
}

pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) takes: Takes,
    pub(super) body: Option<Value>,
    pub(super) owner_status: u16,
}

/// Every route. Routes that delete come last.
pub(super) fn table() -> Vec<Route> {
    use Takes::{Any, Mailbox, Nothing, Pro, ProOrNothing};
    let route = |method, path, takes, owner_status| Route {
        method,
        path,
        takes,
        body: None,
        owner_status,
    };
    let with = |route: Route, body: Value| Route {
        body: Some(body),
        ..route
    };
    let address = json!({"address": "fresh@mayfly.test", "password": "correct horse"});
    let email = json!({"email": "fresh@example.com", "password": "correct horse"});
    vec![
        route("GET", "/api/domains", Nothing, 200),
        // Without a text the route fails for every caller.
        route("GET", "/api/qr", Nothing, 400),
        with(route("POST", "/api/accounts", ProOrNothing, 201), address.clone()),
        with(route("POST", "/api/token", Nothing, 200), address),
        with(route("POST", "/pro/api/register", Nothing, 201), email.clone()),
        with(route("POST", "/pro/api/login", Nothing, 200), email),
        // Only an open server has the user.
        route("POST", "/pro/api/login/local", Nothing, 404),
        route("GET", "/api/me", Mailbox, 200),
        route("GET", "/api/messages", Mailbox, 200),
        route("GET", "/api/messages/search", Mailbox, 200),
        route("GET", "/pro/api/messages/search", Pro, 200),
        route("PUT", "/api/messages/read", Mailbox, 200),
        route("DELETE", "/api/messages/read", Mailbox, 200),
        route("PUT", "/pro/api/messages/read", Pro, 200),
        route("DELETE", "/pro/api/messages/read", Pro, 200),
        route("GET", "/api/messages/wait", Mailbox, 204),
        route("GET", "/api/events", Mailbox, 200),
        route("GET", "/pro/api/messages/wait", Pro, 204),
        route("GET", "/pro/api/events", Pro, 200),
        route("GET", "/api/messages/{id}", Mailbox, 200),
        route("GET", "/api/messages/{id}/source", Mailbox, 200),
        route("GET", "/api/messages/{id}/body", Any, 200),
        with(route("POST", "/api/tickets", Any, 201), json!({"for": "events"})),
        route("POST", "/api/test-message", Mailbox, 201),
        route("GET", "/api/messages/{id}/attachments/{index}", Mailbox, 200),
        route("PUT", "/api/messages/{id}/read", Mailbox, 204),
        route("DELETE", "/api/messages/{id}/read", Mailbox, 204),
        route("GET", "/pro/api/me", Pro, 200),
        // A wrong password: the right one would end the user.
        with(
            route("PUT", "/pro/api/me/password", Pro, 401),
            json!({"current_password": "a guess", "password": "battery staple"}),
        ),
        with(
            route("POST", "/pro/api/me/delete", Pro, 401),
            json!({"password": "a guess"}),
        ),
        route("GET", "/pro/api/usage", Pro, 200),
        route("GET", "/pro/api/accounts", Pro, 200),
        route("GET", "/pro/api/accounts/{id}/messages", Pro, 200),
        route("POST", "/pro/api/accounts/{id}/test-message", Pro, 201),
        route("GET", "/pro/api/accounts/{id}/messages/{message_id}", Pro, 200),
        route(
            "GET",
            "/pro/api/accounts/{id}/messages/{message_id}/source",
            Pro,
            200,
        ),
        route(
            "GET",
            "/pro/api/accounts/{id}/messages/{message_id}/attachments/{index}",
            Pro,
            200,
        ),
        route(
            "PUT",
            "/pro/api/accounts/{id}/messages/{message_id}/read",
            Pro,
            204,
        ),
        route(
            "DELETE",
            "/pro/api/accounts/{id}/messages/{message_id}/read",
            Pro,
            204,
        ),
        route("GET", "/pro/api/tokens", Pro, 200),
        route("GET", "/pro/api/tokens/current", Pro, 200),
        route("GET", "/pro/api/audit", Pro, 200),
        with(
            route("POST", "/pro/api/tokens", Pro, 201),
            json!({"name": "fresh"}),
        ),
        with(
            route("PUT", "/pro/api/accounts/{id}/reset-password", Pro, 200),
            json!({"password": "battery staple"}),
        ),
        route("GET", "/pro/api/domains", Pro, 200),
        with(
            route("POST", "/pro/api/domains", Pro, 201),
            json!({"domain": "fresh.example.com"}),
        ),
        route("POST", "/pro/api/domains/{id}/verify", Pro, 200),
        with(
            route("PUT", "/pro/api/domains/{id}", Pro, 200),
            json!({"catch_all": null}),
        ),
        route("DELETE", "/pro/api/domains/{id}", Pro, 204),
        route("GET", "/pro/api/sandbox", Pro, 200),
        route("GET", "/pro/api/sandbox/messages", Pro, 200),
        route("GET", "/pro/api/sandbox/messages/{id}", Pro, 200),
        route("GET", "/pro/api/sandbox/messages/{id}/source", Pro, 200),
        route(
            "GET",
            "/pro/api/sandbox/messages/{id}/attachments/{index}",
            Pro,
            200,
        ),
        route("GET", "/pro/api/sandboxes", Pro, 200),
        with(
            route("PATCH", "/pro/api/sandboxes/{id}", Pro, 200),
            json!({"name": "changed"}),
        ),
        route("POST", "/pro/api/sandboxes/{id}/rotate", Pro, 200),
        with(
            route("POST", "/pro/api/sandboxes", Pro, 201),
            json!({"name": "fresh"}),
        ),
        route("GET", "/pro/api/webhooks", Pro, 200),
        with(
            route("PUT", "/pro/api/webhooks/{id}", Pro, 200),
            json!({"filter": "subject:code"}),
        ),
        route("GET", "/pro/api/webhooks/{id}/deliveries", Pro, 200),
        route("POST", "/pro/api/webhooks/{id}/test", Pro, 202),
        route(
            "POST",
            "/pro/api/webhooks/{id}/deliveries/{delivery_id}/replay",
            Pro,
            202,
        ),
        route("POST", "/pro/api/webhooks/{id}/rotate", Pro, 200),
        route("DELETE", "/pro/api/webhooks/{id}", Pro, 204),
        with(
            route("POST", "/pro/api/webhooks", Pro, 201),
            json!({"url": "https://hooks.example.com/fresh"}),
        ),
        route("DELETE", "/pro/api/sandbox/messages/{id}", Pro, 204),
        route("DELETE", "/pro/api/sandbox/messages", Pro, 200),
        route("DELETE", "/pro/api/sandboxes/{id}", Pro, 204),
        route("POST", "/pro/api/tokens/{id}/rotate", Pro, 201),
        route("DELETE", "/pro/api/tokens/{id}", Pro, 204),
        route("DELETE", "/pro/api/sessions", Pro, 204),
        route("DELETE", "/api/messages/{id}", Mailbox, 204),
        route("DELETE", "/api/messages", Mailbox, 200),
        route("DELETE", "/api/me", Mailbox, 204),
        route("DELETE", "/pro/api/accounts/{id}/messages/{message_id}", Pro, 204),
        route("DELETE", "/pro/api/messages", Pro, 200),
        route("DELETE", "/pro/api/accounts/{id}", Pro, 204),
    ]
}
