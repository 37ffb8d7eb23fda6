//! The requests that load consists of.

use serde_json::json;

use crate::client::{Answer, Client, Mailbox, PASSWORD};

/// A request of a mailbox user.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Operation {
    Me,
    List,
    SignIn,
    Create,
}

pub(crate) const OPERATIONS: [Operation; 4] = [
    Operation::Me,
    Operation::List,
    Operation::SignIn,
    Operation::Create,
];

impl Operation {
    pub(crate) async fn call(self, client: &Client, mailbox: &Mailbox, name: &str) -> Answer {
        let credentials = |address: &str| Some(json!({"address": address, "password": PASSWORD}));
        match self {
            Self::Me => client.get("/api/me", &mailbox.token).await,
            Self::List => client.get("/api/messages", &mailbox.token).await,
            Self::SignIn => {
                let body = credentials(&mailbox.address);
                client.call("POST", "/api/token", None, body).await
            }
            Self::Create => {
                let body = credentials(&format!("{name}@mayfly.test"));
                client.call("POST", "/api/accounts", None, body).await
            }
        }
    }
}
