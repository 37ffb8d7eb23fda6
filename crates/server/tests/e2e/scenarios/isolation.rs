//! Tenant isolation: every documented route with every kind of credential. A route that is missing from the table fails the
//! test.

mod dialect;
mod mailcx_v1;
mod mailtd;
mod mailtm;
mod owner;
mod routes;

use std::collections::BTreeSet;

use owner::Owner;
use routes::{Route, Takes, table};

use crate::{
    client::{Answer, Client},
    tokens,
    world::World,
};

mod worlds {
    crate::scenario!(every_route_rejects_foreign_credentials, whole);
}

/// Tells whether a route takes a query: it acts on messages of its caller only.
fn takes_query(route: &Route) -> bool {
    let is_deletion = route.method == "DELETE" && route.path.ends_with("/api/messages");
    let mut suffixes = ["/search", "/api/messages/read"].iter();
    is_deletion || suffixes.any(|suffix| route.path.ends_with(suffix))
}

async fn call(client: &Client, route: &Route, path: &str, token: Option<&str>) -> Answer {
    let path = match route.path {
        waiting if waiting.ends_with("/wait") => format!("{path}?timeout=0"),
        _ if takes_query(route) => format!("{path}?q=*"),
        _ => path.to_owned(),
    };
    let mut request = client.request(route.method, &path);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = &route.body {
        request = request.json(body);
    }
    read(route.path, request).await
}

/// Reads the answer of a route; of an event stream, which has no end, the head.
async fn read(route: &str, request: reqwest::RequestBuilder) -> Answer {
    let is_stream =
        route.ends_with("/events") || route.ends_with("/mercure") || route.starts_with("/v1/sse/");
    if !is_stream {
        return Client::read(request).await;
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = match status {
        200 => Vec::new(),
        _ => response.bytes().await.unwrap().to_vec(),
    };
    Answer {
        status,
        headers,
        body,
    }
}

/// The routes of an OpenAPI document.
async fn documented(client: &Client, document: &str) -> BTreeSet<String> {
    let document = client.call("GET", document, None, None).await.json();
    document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .keys()
                .map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect()
}

/// Credentials that no route accepts, with their names.
async fn never_good(client: &Client, world: &World, owner: &Owner) -> Vec<(&'static str, String)> {
    let key = &world.signing_key;
    let deleted = client.create_mailbox("deleted@mayfly.test", None).await;
    assert_eq!(
        client
            .call("DELETE", "/api/me", Some(&deleted.token), None)
            .await
            .status,
        204
    );
    let (revoked_id, revoked) = client.create_token(&owner.pro, "revoked").await;
    let path = format!("/pro/api/tokens/{revoked_id}");
    assert_eq!(
        client.call("DELETE", &path, Some(&owner.pro), None).await.status,
        204
    );

    let damaged = |token: &str| {
        let last = if token.ends_with('A') { 'B' } else { 'A' };
        format!("{}{last}", &token[..token.len() - 1])
    };
    vec![
        ("an old mailbox JWT", tokens::aged(&owner.mailbox.token, key, 8)),
        ("an old Pro JWT", tokens::aged(&owner.pro, key, 8)),
        ("a deleted mailbox's JWT", deleted.token.clone()),
        ("a revoked Pro token", revoked),
        ("a damaged JWT", format!("{}x", owner.mailbox.token)),
        ("a damaged Pro token", damaged(&owner.pro_token)),
        (
            "a JWT for another audience",
            tokens::resigned(&owner.pro, key, |claims| claims["aud"] = "admin".into()),
        ),
        ("nonsense", "nonsense".to_owned()),
    ]
}

async fn every_route_rejects_foreign_credentials(world: World) {
    let client = world.client();
    let documented = documented(&client, "/api/openapi.json").await;
    let tabled: BTreeSet<String> = table()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(
        documented, tabled,
        "a route is missing from the document or from this table"
    );

    let owner = Owner::create(&client, &world, "owner").await;
    let other = Owner::create(&client, &world, "other").await;
    let never_good = never_good(&client, &world, &owner).await;

    for route in table() {
        let path = owner.path(&route);
        let name = format!("{} {}", route.method, route.path);
        if route.takes == Takes::Nothing {
            continue;
        }
        for (what, token) in &never_good {
            let answer = call(&client, &route, &path, Some(token)).await;
            assert_eq!(
                answer.outcome(),
                (401, "invalid_token".to_owned()),
                "{name} with {what}"
            );
        }
        let wrong_kind: &[&str] = match route.takes {
            Takes::Mailbox => &[&owner.pro, &owner.pro_token],
            Takes::Any => &[],
            _ => &[&owner.mailbox.token, &owner.owned.token],
        };
        for token in wrong_kind {
            let answer = call(&client, &route, &path, Some(token)).await;
            assert_eq!(
                answer.outcome(),
                (401, "invalid_token".to_owned()),
                "{name} with the wrong kind of credential"
            );
        }
        if route.takes == Takes::ProOrNothing {
            continue;
        }
        let answer = call(&client, &route, &path, None).await;
        assert_eq!(
            answer.outcome(),
            (401, "invalid_token".to_owned()),
            "{name} without a credential"
        );

        let others: &[&str] = match route.takes {
            // It is about the API token of the request.
            _ if route.path.ends_with("/current") => &[&other.pro_token],
            Takes::Mailbox => &[&other.mailbox.token, &other.owned.token],
            Takes::Any => &[&other.mailbox.token, &other.pro, &other.pro_token],
            _ => &[&other.pro, &other.pro_token],
        };
        for token in others {
            if path != route.path {
                let answer = call(&client, &route, &path, Some(token)).await;
                let missing = path.replace(&owner.message_id, &unused_id(&owner.message_id));
                let missing = missing.replace(&owner.owned.id, &unused_id(&owner.owned.id));
                let missing = missing.replace(&owner.token_id, &unused_id(&owner.token_id));
                let missing = missing.replace(&owner.domain_id, &unused_id(&owner.domain_id));
                let missing = missing.replace(&owner.webhook_id, &unused_id(&owner.webhook_id));
                let missing = missing.replace(&owner.sandbox_id, &unused_id(&owner.sandbox_id));
                let missing = missing.replace(&owner.captured_id, &unused_id(&owner.captured_id));
                let missing = call(&client, &route, &missing, Some(token)).await;
                assert_eq!(
                    answer.outcome(),
                    (404, "not_found".to_owned()),
                    "{name}: object of another owner"
                );
                assert_eq!(
                    answer.body, missing.body,
                    "{name}: a foreign and a missing object must be indistinguishable"
                );
            } else if route.method == "GET" || takes_query(&route) {
                let answer = call(&client, &route, &path, Some(token)).await;
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                assert_eq!(
                    answer.status, route.owner_status,
                    "{name} with the credential of another owner"
                );
                assert!(
                    owner.secrets().iter().all(|secret| !body.contains(secret)),
                    "{name} leaks to another owner: {body}"
                );
            }
        }
    }

    for route in table() {
        let token = match route.takes {
            Takes::Nothing => None,
            Takes::Mailbox | Takes::Any => Some(&owner.mailbox.token),
            Takes::Pro => Some(&owner.pro_token),
            Takes::ProOrNothing => None,
        };
        let answer = call(&client, &route, &owner.path(&route), token.map(String::as_str)).await;
        assert_eq!(
            answer.status, route.owner_status,
            "{} {} by its owner: {answer:?}",
            route.method, route.path
        );
    }
}

/// An unused id with the same time.
fn unused_id(id: &str) -> String {
    let last = if id.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &id[..id.len() - 1])
}
