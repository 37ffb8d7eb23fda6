//! The same for the routes of mail.tm: every documented route with every kind of credential.

use std::collections::BTreeSet;

use serde_json::json;

use super::{
    call, documented, never_good,
    owner::Owner,
    routes::{Route, Takes},
    unused_id,
};
use crate::{
    client::{Answer, Client},
    world::World,
};

mod worlds {
    crate::scenario!(every_route_of_mailtm_rejects_foreign_credentials);
}

/// Every route. Routes that delete come last.
fn table() -> Vec<Route> {
    use Takes::{Mailbox, Nothing, ProOrNothing};
    let route = |method, path, takes, owner_status| Route {
        method,
        path,
        takes,
        body: None,
        owner_status,
    };
    let address = Some(json!({"address": "fresh@mayfly.test", "password": "correct horse"}));
    vec![
        route("GET", "/domains", ProOrNothing, 200),
        route("GET", "/domains/{id}", ProOrNothing, 200),
        Route {
            body: address.clone(),
            ..route("POST", "/accounts", ProOrNothing, 201)
        },
        Route {
            body: address,
            ..route("POST", "/token", Nothing, 200)
        },
        route("GET", "/me", Mailbox, 200),
        route("GET", "/accounts/{id}", Mailbox, 200),
        route("GET", "/messages", Mailbox, 200),
        route("GET", "/messages/{id}", Mailbox, 200),
        route("PATCH", "/messages/{id}", Mailbox, 200),
        route("GET", "/messages/{id}/download", Mailbox, 200),
        route("GET", "/messages/{id}/attachment/{attachment_id}", Mailbox, 200),
        route("GET", "/sources/{id}", Mailbox, 200),
        route("GET", "/.well-known/mercure", Mailbox, 200),
        route("DELETE", "/messages/{id}", Mailbox, 204),
        route("DELETE", "/accounts/{id}", Mailbox, 204),
    ]
}

fn path(owner: &Owner, domain_id: &str, route: &Route) -> String {
    let id = match route.path {
        path if path.starts_with("/accounts/") => &owner.mailbox.id,
        path if path.starts_with("/domains/") => domain_id,
        _ => &owner.message_id,
    };
    let path = route.path.replace("{id}", id);
    path.replace("{attachment_id}", "ATTACH000001")
}

/// The status and the text of an error.
fn outcome(answer: &Answer) -> (u16, String) {
    let text = answer.json()["message"].as_str().unwrap_or_default().to_owned();
    (answer.status, text)
}

async fn every_route_of_mailtm_rejects_foreign_credentials(world: World) {
    let client = world.client();
    let tabled: BTreeSet<String> = table()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(
        documented(&client, "/api/docs/mailtm").await,
        tabled,
        "a route is missing from the document or from this table"
    );
    let owner = Owner::create(&client, &world, "owner").await;
    let other = Owner::create(&client, &world, "other").await;
    let domains = client.call("GET", "/domains", None, None).await.json();
    let domain_id = domains["hydra:member"][0]["id"].as_str().unwrap().to_owned();
    let never_good = never_good(&client, &world, &owner).await;

    for route in table() {
        let path = path(&owner, &domain_id, &route);
        let name = format!("{} {}", route.method, route.path);
        if route.takes != Takes::Mailbox {
            // Only a value that can be an API token is looked at.
            let (what, token) = never_good
                .iter()
                .find(|(_, token)| token.starts_with("tm_pro_"))
                .unwrap();
            let answer = call(&client, &route, &path, Some(token)).await;
            let expected = (401, "Invalid JWT Token".to_owned());
            assert_eq!(outcome(&answer), expected, "{name} with {what}");
            continue;
        }
        let wrong_kind =
            [&owner.pro, &owner.pro_token].map(|token| ("the wrong kind of credential", token.clone()));
        for (what, token) in never_good.iter().cloned().chain(wrong_kind) {
            let answer = call(&client, &route, &path, Some(&token)).await;
            let expected = (401, "Invalid JWT Token".to_owned());
            assert_eq!(outcome(&answer), expected, "{name} with {what}");
        }
        let answer = call(&client, &route, &path, None).await;
        let expected = (401, "JWT Token not found".to_owned());
        assert_eq!(outcome(&answer), expected, "{name} without a credential");
        rejects_other_owners(&client, &owner, &other, &route, &path).await;
    }

    for route in table() {
        let token = (route.takes == Takes::Mailbox).then_some(&*owner.mailbox.token);
        let answer = call(&client, &route, &path(&owner, &domain_id, &route), token).await;
        assert_eq!(
            answer.status, route.owner_status,
            "{} {} by its owner: {answer:?}",
            route.method, route.path
        );
    }
}

/// Checks that the mailboxes of another owner see nothing, as if it were not there.
async fn rejects_other_owners(client: &Client, owner: &Owner, other: &Owner, route: &Route, path: &str) {
    for token in [&other.mailbox.token, &other.owned.token] {
        let answer = call(client, route, path, Some(token)).await;
        if path == route.path {
            assert_eq!(
                answer.status, route.owner_status,
                "{path} with another credential"
            );
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            let is_leaked = owner.secrets().iter().any(|secret| body.contains(secret));
            assert!(!is_leaked, "{path} leaks to another owner: {body}");
            continue;
        }
        let missing = path.replace(&owner.message_id, &unused_id(&owner.message_id));
        let missing = missing.replace(&owner.mailbox.id, &unused_id(&owner.mailbox.id));
        let missing = call(client, route, &missing, Some(token)).await;
        assert_eq!(outcome(&answer), (404, "Not Found".to_owned()), "{path}");
        assert_eq!(
            answer.body, missing.body,
            "{path}: a foreign and a missing object must be indistinguishable"
        );
    }
}
