//! The same for mail.cx `/v1`: every documented route with every kind of credential, and against mailboxes with a password.

use mayfly_testkit::MailSender;
use reqwest::RequestBuilder;
use serde_json::json;

use super::{
    dialect::{Attempt, Dialect, Expected, Tenants, check},
    owner::Owner,
    routes::{Route, Takes},
};
use crate::{
    client::Client,
    world::{Kind, World},
};

const OPEN: [(&str, &str); 2] = [
    ("MAYFLY_GATEWAY__DIALECTS", "mailtm,mailtd,mailcx_v1"),
    ("MAYFLY_MAILBOX__OPEN_DOMAINS", "open.test"),
];

/// The objects that a path names.
struct Named<'a> {
    owner: &'a Owner,
    address: &'a str,
    message_id: &'a str,
}

impl Named<'_> {
    fn path(&self, route: &Route) -> String {
        let id = match route.path {
            path if path.starts_with("/v1/domains/") => &self.owner.domain_id,
            path if path.starts_with("/v1/tokens/") => &self.owner.token_id,
            _ => self.message_id,
        };
        let path = route.path.replace("{id}", id).replace("{index}", "0");
        let path = path
            .replace("{address}", self.address)
            .replace("{name}", "owner.example.com");
        match route.path {
            "/v1/sse/addr" => format!("{path}?address={}", self.address),
            _ => path,
        }
    }
}

/// Sends a mail to an open address, and returns its id.
async fn open_message(client: &Client, world: &World, address: &str) -> String {
    let mail = b"Subject: open\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n\
        Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\npdf\r\n--b--\r\n";
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender.send("a@example.com", &[address], mail).await.unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
    let answer = client
        .call("GET", &format!("/v1/inbox/{address}"), None, None)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["emails"][0]["id"].as_str().unwrap().to_owned()
}

struct MailCxV1 {
    /// Of an open inbox.
    open_message_id: String,
}

const OPEN_ADDRESS: &str = "ann@open.test";

impl Dialect for MailCxV1 {
    const DOCUMENT: &'static str = "/api/docs/mailcx_v1";

    fn table() -> Vec<Route> {
        // `Any` is the owner of the inbox, or anybody if it is open.
        use Takes::{Any, Nothing, Pro};
        let route = |method, path, takes, owner_status| Route {
            method,
            path,
            takes,
            body: None,
            owner_status,
        };
        vec![
            route("GET", "/v1/config", Nothing, 200),
            route("POST", "/v1/sessions/anon", Nothing, 201),
            Route {
                body: Some(json!({})),
                ..route("POST", "/v1/inbox", Nothing, 201)
            },
            route("GET", "/v1/inbox/{address}", Any, 200),
            route("GET", "/v1/sse/addr", Any, 200),
            route("GET", "/v1/email/{id}", Any, 200),
            route("GET", "/v1/email/{id}/raw", Any, 200),
            route("GET", "/v1/email/{id}/attachments/{index}", Any, 200),
            route("GET", "/v1/me", Pro, 200),
            route("GET", "/v1/sse/user", Pro, 200),
            // The domain is not verified.
            route("GET", "/v1/domain/{name}", Pro, 404),
            route("GET", "/v1/domains", Pro, 200),
            Route {
                body: Some(json!({"domain": "fresh.example.com"})),
                ..route("POST", "/v1/domains", Pro, 201)
            },
            route("GET", "/v1/tokens", Pro, 200),
            Route {
                body: Some(json!({"name": "fresh"})),
                ..route("POST", "/v1/tokens", Pro, 201)
            },
            route("DELETE", "/v1/domains/{id}", Pro, 204),
            route("DELETE", "/v1/tokens/{id}", Pro, 204),
            route("DELETE", "/v1/email/{id}", Any, 204),
            route("DELETE", "/v1/inbox/{address}", Any, 204),
        ]
    }

    fn refused(&self, route: &Route, tenants: &Tenants) -> Vec<Attempt> {
        let Tenants {
            owner,
            other,
            never_good,
        } = tenants;
        let own = Named {
            owner,
            address: &owner.owned.address,
            message_id: &owner.owned_message_id,
        };
        let free = Named {
            owner,
            address: &owner.mailbox.address,
            message_id: &owner.message_id,
        };
        let (path, free_path) = (own.path(route), free.path(route));
        let invalid = || Expected::Failure(401, "invalid_token");
        let missing = || Expected::Failure(404, "not_found");
        let mailbox_jwt = ("a mailbox JWT", owner.owned.token.clone());
        let mut attempts: Vec<Attempt> = never_good
            .iter()
            .chain([&mailbox_jwt])
            .map(|(what, token)| Attempt::new(&path, Some(token), what, invalid()))
            .collect();
        let (pro, other_pro, other_token) = (&*owner.pro, &*other.pro, &*other.pro_token);
        match route.takes {
            Takes::Nothing => {}
            Takes::Pro => {
                attempts.push(Attempt::new(&path, None, "no credential", invalid()));
                if path != route.path {
                    attempts.push(Attempt::new(
                        &path,
                        Some(other_pro),
                        "another owner's JWT",
                        missing(),
                    ));
                }
            }
            // A mailbox with a password is read by its owner only: one of a user, and one without.
            _ => attempts.extend([
                Attempt::new(&path, None, "no credential", missing()),
                Attempt::new(&path, Some(other_pro), "another owner's JWT", missing()),
                Attempt::new(&path, Some(other_token), "another owner's token", missing()),
                Attempt::new(&free_path, None, "no credential", missing()),
                Attempt::new(&free_path, Some(pro), "a user's JWT", missing()),
                Attempt::new(&free_path, Some(other_token), "another owner's token", missing()),
            ]),
        }
        attempts
    }

    fn granted(&self, route: &Route, tenants: &Tenants) -> Vec<Attempt> {
        let owner = &tenants.owner;
        let open = Named {
            owner,
            address: OPEN_ADDRESS,
            message_id: &self.open_message_id,
        };
        let own = Named {
            owner,
            address: &owner.owned.address,
            message_id: &owner.owned_message_id,
        };
        let expected = || Expected::Status(route.owner_status);
        let by_anybody = Attempt::new(&open.path(route), None, "no credential", expected());
        let by_owner = Attempt::new(
            &own.path(route),
            Some(&owner.pro_token),
            "the token of its owner",
            expected(),
        );
        match route.takes {
            Takes::Nothing => vec![by_anybody],
            Takes::Pro => vec![by_owner],
            _ => vec![by_anybody, by_owner],
        }
    }

    fn authorize(request: RequestBuilder, token: &str) -> RequestBuilder {
        request.header("x-api-token", token)
    }
}

#[tokio::test]
async fn every_route_of_v1_rejects_foreign_credentials_in_one_process() {
    rejects_foreign_credentials(World::start_with(Kind::AllInOne, &OPEN)).await;
}

#[tokio::test]
async fn every_route_of_v1_rejects_foreign_credentials_in_a_fleet() {
    rejects_foreign_credentials(World::start_with(Kind::Replicas, &OPEN)).await;
}

async fn rejects_foreign_credentials(world: World) {
    let client = world.client();
    let tenants = Tenants::create(&client, &world).await;
    let open_message_id = open_message(&client, &world, OPEN_ADDRESS).await;
    check(&client, &tenants, &MailCxV1 { open_message_id }).await;
}
