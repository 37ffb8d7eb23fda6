//! The same for mail.cx `/v1`: every documented route with every kind of credential, and against mailboxes with a password.

use std::collections::BTreeSet;

use mayfly_testkit::MailSender;
use serde_json::{Value, json};

use super::{documented, never_good, owner::Owner};
use crate::{
    client::{Answer, Client},
    world::{Kind, World},
};

const OPEN: [(&str, &str); 2] = [
    ("MAYFLY_GATEWAY__DIALECTS", "mailtm,mailtd,mailcx_v1"),
    ("MAYFLY_MAILBOX__OPEN_DOMAINS", "open.test"),
];

/// What a route needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// The address of an open inbox, or its owner.
    Address,
    /// The id of a mail in an open inbox, or its owner.
    Email,
    Pro,
}

struct Route {
    method: &'static str,
    path: &'static str,
    needs: Needs,
    body: Option<Value>,
    /// Of a Pro user, on own objects.
    owner_status: u16,
}

/// Every route. Routes that delete come last.
fn table() -> Vec<Route> {
    use Needs::{Address, Email, Nothing, Pro};
    let route = |method, path, needs, owner_status| Route {
        method,
        path,
        needs,
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
        route("GET", "/v1/inbox/{address}", Address, 200),
        route("GET", "/v1/sse/addr", Address, 200),
        route("GET", "/v1/email/{id}", Email, 200),
        route("GET", "/v1/email/{id}/raw", Email, 200),
        route("GET", "/v1/email/{id}/attachments/{index}", Email, 200),
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
        route("DELETE", "/v1/email/{id}", Email, 204),
        route("DELETE", "/v1/inbox/{address}", Address, 204),
    ]
}

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

async fn call(client: &Client, route: &Route, path: &str, token: Option<&str>) -> Answer {
    let mut request = client.request(route.method, path);
    if let Some(token) = token {
        request = request.header("x-api-token", token);
    }
    if let Some(body) = &route.body {
        request = request.json(body);
    }
    if !route.path.starts_with("/v1/sse/") {
        return Client::read(request).await;
    }
    // The stream has no end; its head is enough.
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
    let tabled: BTreeSet<String> = table()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(
        documented(&client, "/api/docs/mailcx_v1").await,
        tabled,
        "a route is missing from the document or from this table"
    );
    let owner = Owner::create(&client, &world, "owner").await;
    let other = Owner::create(&client, &world, "other").await;
    let never_good = never_good(&client, &world, &owner).await;
    let own = Named {
        owner: &owner,
        address: &owner.owned.address,
        message_id: &owner.owned_message_id,
    };
    let free = Named {
        owner: &owner,
        address: &owner.mailbox.address,
        message_id: &owner.message_id,
    };

    for route in table() {
        let name = format!("{} {}", route.method, route.path);
        let path = own.path(&route);
        let invalid = (401, "invalid_token".to_owned());
        let mailbox_jwt = ("a mailbox JWT", owner.owned.token.clone());
        for (what, token) in never_good.iter().cloned().chain([mailbox_jwt]) {
            let answer = call(&client, &route, &path, Some(&token)).await;
            assert_eq!(answer.outcome(), invalid, "{name} with {what}");
        }
        let missing = (404, "not_found".to_owned());
        match route.needs {
            Needs::Nothing => {}
            Needs::Pro => {
                let answer = call(&client, &route, &path, None).await;
                assert_eq!(answer.outcome(), invalid, "{name} without a credential");
                if path != route.path {
                    let answer = call(&client, &route, &path, Some(&other.pro)).await;
                    assert_eq!(answer.outcome(), missing, "{name} of another owner");
                }
            }
            // A mailbox with a password is read by its owner only: one of a user, and one without.
            Needs::Address | Needs::Email => {
                for token in [None, Some(other.pro.as_str()), Some(other.pro_token.as_str())] {
                    let answer = call(&client, &route, &path, token).await;
                    assert_eq!(answer.outcome(), missing, "{name} with {token:?}");
                }
                for token in [None, Some(owner.pro.as_str()), Some(other.pro_token.as_str())] {
                    let answer = call(&client, &route, &free.path(&route), token).await;
                    assert_eq!(answer.outcome(), missing, "{name} with {token:?}");
                }
            }
        }
    }

    let message_id = open_message(&client, &world, "ann@open.test").await;
    let open = Named {
        owner: &owner,
        address: "ann@open.test",
        message_id: &message_id,
    };
    for route in table() {
        let name = format!("{} {}", route.method, route.path);
        if route.needs != Needs::Pro {
            let answer = call(&client, &route, &open.path(&route), None).await;
            assert_eq!(answer.status, route.owner_status, "{name} by anybody: {answer:?}");
        }
        if route.needs == Needs::Nothing {
            continue;
        }
        let answer = call(&client, &route, &own.path(&route), Some(&owner.pro_token)).await;
        assert_eq!(
            answer.status, route.owner_status,
            "{name} by its owner: {answer:?}"
        );
    }
}
