//! The same for the routes of mail.tm: every documented route with every kind of credential.

use serde_json::json;

use super::{
    dialect::{Attempt, Dialect, Expected, Tenants, check},
    owner::Owner,
    routes::{Route, Takes},
    unused_id,
};
use crate::{client::Answer, world::World};

mod worlds {
    crate::scenario!(every_route_of_mailtm_rejects_foreign_credentials);
}

struct MailTm {
    /// Of a domain that everybody sees.
    domain_id: String,
}

impl MailTm {
    fn path(&self, owner: &Owner, route: &Route) -> String {
        let id = match route.path {
            path if path.starts_with("/accounts/") => &owner.mailbox.id,
            path if path.starts_with("/domains/") => &self.domain_id,
            _ => &owner.message_id,
        };
        let path = route.path.replace("{id}", id);
        path.replace("{attachment_id}", "ATTACH000001")
    }
}

impl Dialect for MailTm {
    const DOCUMENT: &'static str = "/api/docs/mailtm";

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

    fn refused(&self, route: &Route, tenants: &Tenants) -> Vec<Attempt> {
        let Tenants {
            owner,
            other,
            never_good,
        } = tenants;
        let path = &self.path(owner, route);
        let invalid = || Expected::Failure(401, "Invalid JWT Token");
        let bad = |(what, token): &(&'static str, String)| Attempt::new(path, Some(token), what, invalid());
        if route.takes != Takes::Mailbox {
            // Only a value that can be an API token is looked at.
            let is_api_token = |(_, token): &&(&str, String)| token.starts_with("tm_pro_");
            return never_good.iter().filter(is_api_token).map(bad).collect();
        }
        let mut attempts: Vec<Attempt> = never_good.iter().map(bad).collect();
        for token in [&owner.pro, &owner.pro_token] {
            attempts.push(Attempt::new(
                path,
                Some(token),
                "the wrong kind of credential",
                invalid(),
            ));
        }
        let none = Expected::Failure(401, "JWT Token not found");
        attempts.push(Attempt::new(path, None, "no credential", none));
        for token in [&other.mailbox.token, &other.owned.token] {
            let expected = if path == route.path {
                Expected::Unleaked(route.owner_status)
            } else {
                let missing = path.replace(&owner.message_id, &unused_id(&owner.message_id));
                Expected::Hidden {
                    code: "Not Found",
                    missing: missing.replace(&owner.mailbox.id, &unused_id(&owner.mailbox.id)),
                }
            };
            attempts.push(Attempt::new(
                path,
                Some(token),
                "the token of another owner",
                expected,
            ));
        }
        attempts
    }

    fn granted(&self, route: &Route, tenants: &Tenants) -> Vec<Attempt> {
        let owner = &tenants.owner;
        let token = (route.takes == Takes::Mailbox).then_some(&*owner.mailbox.token);
        let expected = Expected::Status(route.owner_status);
        vec![Attempt::new(
            &self.path(owner, route),
            token,
            "the token of its owner",
            expected,
        )]
    }

    /// The status and the text of an error.
    fn outcome(answer: &Answer) -> (u16, String) {
        let text = answer.json()["message"].as_str().unwrap_or_default().to_owned();
        (answer.status, text)
    }
}

async fn every_route_of_mailtm_rejects_foreign_credentials(world: World) {
    let client = world.client();
    let tenants = Tenants::create(&client, &world).await;
    let domains = client.call("GET", "/domains", None, None).await.json();
    let domain_id = domains["hydra:member"][0]["id"].as_str().unwrap().to_owned();
    check(&client, &tenants, &MailTm { domain_id }).await;
}
