//! What users ask for all the time.

use serde_json::json;

use crate::client::{Answer, Client, Mailbox, PASSWORD};

/// One of these requests.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ask {
    Me,
    List,
    SignIn,
    Create,
}

pub(crate) const ASKS: [Ask; 4] = [Ask::Me, Ask::List, Ask::SignIn, Ask::Create];

impl Ask {
    pub(crate) async fn ask(self, client: &Client, mailbox: &Mailbox, name: &str) -> Answer {
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
