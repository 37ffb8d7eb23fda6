//! A tenant with one object of each kind.

use mayfly_testkit::MailSender;
use serde_json::{Value, json};

use super::routes::Route;
use crate::{
    client::{Client, Mailbox},
    smtp_client::SmtpClient,
    world::World,
};

/// One mailbox with a message, and the Pro user that owns another.
pub(super) struct Owner {
    pub(super) mailbox: Mailbox,
    pub(super) message_id: String,
    pub(super) pro: String,
    pub(super) pro_token: String,
    pub(super) token_id: String,
    pub(super) domain_id: String,
    pub(super) owned: Mailbox,
    pub(super) owned_message_id: String,
    pub(super) webhook_id: String,
    pub(super) delivery_id: String,
    pub(super) sandbox_id: String,
    /// A message in the sandbox of the API token.
    pub(super) captured_id: String,
}

impl Owner {
    pub(super) async fn create(client: &Client, world: &World, name: &str) -> Self {
        let pro = client.register(&format!("{name}@example.com")).await;
        let (_, pro_token) = client.create_token(&pro, "used").await;
        let (token_id, _) = client.create_token(&pro, "to be revoked").await;
        let domain = json!({"domain": format!("{name}.example.com")});
        let domain = client
            .call("POST", "/pro/api/domains", Some(&pro), Some(domain))
            .await;
        assert_eq!(domain.status, 201, "{domain:?}");
        let domain_id = domain.json()["id"].as_str().unwrap().to_owned();
        let (webhook_id, delivery_id) = webhook(client, &pro_token).await;
        let mailbox = client.create_mailbox(&format!("{name}@mayfly.test"), None).await;
        let owned = client
            .create_mailbox(&format!("{name}-owned@mayfly.test"), Some(&pro_token))
            .await;
        let mail = format!(
            "Subject: of {name}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n\
             Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\npdf\r\n--b--\r\n"
        );
        let mut sender = MailSender::ready(world.smtp()).await.unwrap();
        for recipient in [&mailbox, &owned] {
            let reply = sender
                .send("a@example.com", &[&recipient.address], mail.as_bytes())
                .await
                .unwrap();
            assert_eq!(reply.code, 250, "{reply:?}");
        }
        let sandbox = json!({"name": format!("of {name}")});
        let sandbox = client
            .call("POST", "/pro/api/sandboxes", Some(&pro_token), Some(sandbox))
            .await;
        assert_eq!(sandbox.status, 201, "{sandbox:?}");
        let captured_id = capture(world, &pro_token, &mail).await;
        let id = |messages: Vec<Value>| messages[0]["id"].as_str().unwrap().to_owned();
        let message_id = id(client.messages(&mailbox.token).await);
        let owned_message_id = id(client.messages(&owned.token).await);
        Self {
            mailbox,
            message_id,
            pro,
            pro_token,
            token_id,
            domain_id,
            owned,
            owned_message_id,
            webhook_id,
            delivery_id,
            sandbox_id: sandbox.json()["id"].as_str().unwrap().to_owned(),
            captured_id,
        }
    }

    pub(super) fn path(&self, route: &Route) -> String {
        let id = match route.path {
            path if path.starts_with("/api/messages/") => &self.message_id,
            path if path.starts_with("/pro/api/tokens/") => &self.token_id,
            path if path.starts_with("/pro/api/domains/") => &self.domain_id,
            path if path.starts_with("/pro/api/webhooks/") => &self.webhook_id,
            path if path.starts_with("/pro/api/sandbox/") => &self.captured_id,
            path if path.starts_with("/pro/api/sandboxes/") => &self.sandbox_id,
            _ => &self.owned.id,
        };
        let path = route.path.replace("{id}", id).replace("{index}", "0");
        let path = path.replace("{delivery_id}", &self.delivery_id);
        path.replace("{message_id}", &self.owned_message_id)
    }

    /// Ids that no other principal may see.
    pub(super) fn secrets(&self) -> [&str; 10] {
        [
            &self.mailbox.id,
            &self.message_id,
            &self.owned.id,
            &self.owned_message_id,
            &self.token_id,
            &self.domain_id,
            &self.webhook_id,
            &self.delivery_id,
            &self.sandbox_id,
            &self.captured_id,
        ]
    }
}

/// Sends a mail with an API token as the password. Returns the id of the message.
async fn capture(world: &World, pro_token: &str, mail: &str) -> String {
    let mut smtp = SmtpClient::connect(world.smtp()).await;
    smtp.log_in("any", pro_token).await;
    let reply = smtp.send("app@example.com", &["any@foreign.example"], mail).await;
    reply
        .strip_prefix("250 2.0.0 ")
        .expect("stored")
        .trim_end()
        .to_owned()
}

/// Creates a webhook with one failed delivery: nothing listens at its URL.
async fn webhook(client: &Client, pro: &str) -> (String, String) {
    let body = json!({"url": "https://127.0.0.1:1024/"});
    let answer = client
        .call("POST", "/pro/api/webhooks", Some(pro), Some(body))
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/pro/api/webhooks/{id}");
    let answer = client
        .call("POST", &format!("{path}/test"), Some(pro), None)
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    for _ in 0..200 {
        let answer = client.get(&format!("{path}/deliveries"), pro).await.json();
        if let Some(delivery) = answer["deliveries"][0]["id"].as_str() {
            return (id, delivery.to_owned());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the failed delivery is not listed");
}
