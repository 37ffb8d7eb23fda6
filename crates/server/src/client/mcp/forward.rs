//! Carries one message to the server, and its answer back.

use std::time::Duration;

use parking_lot::Mutex;
use reqwest::{Method, Url, header};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    super::api::{self, Client},
    mailboxes::Mailboxes,
};

/// The longest call, a wait, and a margin for the network.
const CALL_TIMEOUT: Duration = Duration::from_secs(55 + 30);
const PATH: &str = "/mcp";
const ANONYMOUS_PATH: &str = "/mcp/anonymous";
/// The key of a request's own protocol version.
const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// Where a server returns the code of a tool's error.
const ERROR: &str = "mayfly/error";
/// JSON-RPC 2.0: an error of this program or of the way to the server.
const SERVER_ERROR: i64 = -32000;

/// A client of one server.
#[derive(Debug)]
pub(super) struct Forwarder {
    client: Client,
    has_token: bool,
    mailboxes: Mailboxes,
    /// What `initialize` has agreed on.
    version: Mutex<Option<String>>,
}

impl Forwarder {
    pub(super) fn new(server: &Url, token: Option<&str>) -> anyhow::Result<Self> {
        Ok(Self {
            client: Client::new(server, token)?,
            has_token: token.is_some(),
            mailboxes: Mailboxes::default(),
            version: Mutex::default(),
        })
    }

    /// Returns the answer to a request; none to a notification.
    pub(super) async fn forward(&self, message: Value) -> Option<Value> {
        let answer = match self.has_token {
            true => self.post(&message, PATH, None).await,
            false => self.forward_anonymously(&message).await,
        };
        let id = &message["id"];
        let answer = match answer {
            Ok(answer) => answer,
            Err(failure) => Some(error(id, SERVER_ERROR, &format!("{failure:#}"))),
        };
        if message["method"] == "initialize"
            && let Some(version) = answer
                .as_ref()
                .and_then(|answer| answer["result"]["protocolVersion"].as_str())
        {
            *self.version.lock() = Some(version.to_owned());
        }
        answer.filter(|_| !id.is_null())
    }

    /// Sends a call with the token of its mailbox. A message names none, so its mailbox is found by trying.
    async fn forward_anonymously(&self, message: &Value) -> anyhow::Result<Option<Value>> {
        let params = &message["params"];
        if message["method"] != "tools/call" {
            return self.post(message, ANONYMOUS_PATH, None).await;
        }
        let is_creation = params["name"] == "create_mailbox";
        if is_creation && self.mailboxes.is_full() {
            anyhow::bail!("too many mailboxes: delete some, or use a token");
        }
        let tokens = match is_creation {
            true => Vec::new(),
            false => self.mailboxes.tokens_for(&params["arguments"]),
        };
        let mut answer = None;
        for token in &tokens {
            answer = self.post(message, ANONYMOUS_PATH, Some(token)).await?;
            let is_elsewhere = answer
                .as_ref()
                .is_some_and(|answer| answer["result"]["_meta"][ERROR] == "not_found");
            if !is_elsewhere {
                break;
            }
        }
        if tokens.is_empty() {
            answer = self.post(message, ANONYMOUS_PATH, None).await?;
        }
        if let Some(answer) = &mut answer {
            self.mailboxes.keep(answer);
            self.mailboxes.forget(answer);
        }
        Ok(answer)
    }

    /// Sends a message. Only a request has an answer.
    async fn post(&self, message: &Value, path: &str, token: Option<&str>) -> anyhow::Result<Option<Value>> {
        let mut request = self
            .client
            .request(Method::POST, path)
            .header(header::ACCEPT, "application/json, text/event-stream")
            .timeout(CALL_TIMEOUT)
            .json(message);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let params = &message["params"];
        let own_version = params["_meta"][META_VERSION].as_str().map(str::to_owned);
        let version = own_version.or_else(|| self.version.lock().clone());
        if message["method"] != "initialize"
            && let Some(version) = version
        {
            request = request.header("MCP-Protocol-Version", version);
        }
        let name = match message["method"].as_str() {
            Some("tools/call" | "prompts/get") => params["name"].as_str(),
            Some("resources/read") => params["uri"].as_str(),
            _ => None,
        };
        for (header, value) in [("Mcp-Method", message["method"].as_str()), ("Mcp-Name", name)] {
            if let Some(value) = value.filter(|value| value.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
            {
                request = request.header(header, value);
            }
        }
        let retry_until = Instant::now() + api::CALL_TIMEOUT;
        let answer = self.client.send_json_rpc(request, retry_until).await?;
        Ok(Some(answer).filter(|answer| !answer.is_null()))
    }
}

/// The answer of this program in place of a server's.
pub(super) fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}
