//! A client of MCP: over HTTP, or over the stdio of `mayfly mcp`.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::client::{Answer, Client};

/// The revision that sessions agree on with `initialize`.
pub(crate) const REVISION: &str = "2025-11-25";

/// An agent.
pub(crate) enum Agent {
    Http(HttpAgent),
    Stdio(Box<StdioAgent>),
}

/// Sends each message to the next of some gateways.
pub(crate) struct HttpAgent {
    gateways: Vec<Client>,
    token: String,
    sent: usize,
}

/// Writes to a process, and reads from it.
pub(crate) struct StdioAgent {
    process: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    sent: usize,
}

/// A request of JSON-RPC.
pub(crate) fn request(id: usize, method: &str, params: Value) -> Value {
    let mut request = json!({ "jsonrpc": "2.0", "id": id, "method": method });
    request["params"] = params;
    request
}

/// Sends a message to `/mcp`, or to another path.
pub(crate) async fn post(client: &Client, path: &str, token: Option<&str>, message: &Value) -> Answer {
    let mut request = client
        .request("POST", path)
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", REVISION)
        .json(message);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    Client::read(request).await
}

/// Calls a tool over HTTP; returns its result.
pub(crate) async fn call(client: &Client, token: &str, tool: &str, arguments: Value) -> Value {
    let message = request(1, "tools/call", json!({ "name": tool, "arguments": arguments }));
    let answer = post(client, "/mcp", Some(token), &message).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut answer = answer.json();
    assert!(answer["error"].is_null(), "{answer}");
    answer["result"].take()
}

impl Agent {
    /// An agent with a token, over all gateways by turns.
    pub(crate) fn http(gateways: &[&str], token: &str) -> Self {
        Self::Http(HttpAgent {
            gateways: gateways.iter().map(|gateway| Client::new(gateway)).collect(),
            token: token.to_owned(),
            sent: 0,
        })
    }

    /// An agent over stdio, anonymous without a token.
    pub(crate) fn stdio(server: &str, token: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
        command
            .arg("mcp")
            .env_clear()
            .env("MAYFLY_SERVER", server)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if let Some(token) = token {
            command.env("MAYFLY_TOKEN", token);
        }
        let mut process = command.spawn().expect("the binary starts");
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().expect("piped")).lines();
        Self::Stdio(Box::new(StdioAgent {
            process,
            input,
            output,
            sent: 0,
        }))
    }

    /// Sends a request; returns the whole answer.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Value {
        match self {
            Self::Http(agent) => {
                agent.sent += 1;
                let gateway = &agent.gateways[agent.sent % agent.gateways.len()];
                let message = request(agent.sent, method, params);
                let answer = post(gateway, "/mcp", Some(&agent.token), &message).await;
                assert_eq!(answer.status, 200, "{answer:?}");
                answer.json()
            }
            Self::Stdio(agent) => {
                agent.sent += 1;
                agent
                    .write(&request(agent.sent, method, params).to_string())
                    .await;
                let answer = agent.read().await;
                assert_eq!(answer["id"], agent.sent, "{answer}");
                answer
            }
        }
    }

    /// Calls a tool; returns its result.
    pub(crate) async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        let mut answer = self.request("tools/call", params).await;
        assert!(answer["error"].is_null(), "{tool}: {answer}");
        answer["result"].take()
    }

    /// Calls a tool that succeeds; returns its structured content.
    pub(crate) async fn get(&mut self, tool: &str, arguments: Value) -> Value {
        let mut result = self.call(tool, arguments).await;
        assert_eq!(result["isError"], false, "{tool}: {result}");
        result["structuredContent"].take()
    }

    /// Calls a tool that fails; returns its text.
    pub(crate) async fn fails(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments).await;
        assert_eq!(result["isError"], true, "{tool}: {result}");
        result["content"][0]["text"].as_str().expect("a text").to_owned()
    }
}

impl StdioAgent {
    pub(crate) async fn write(&mut self, line: &str) {
        let input = self.input.as_mut().expect("open");
        input
            .write_all(format!("{line}\n").as_bytes())
            .await
            .expect("the process reads");
    }

    pub(crate) async fn read(&mut self) -> Value {
        let line = self.output.next_line().await.expect("the process writes");
        serde_json::from_str(&line.expect("the process runs")).expect("a line is JSON")
    }

    /// Closes stdin; returns the exit code.
    pub(crate) async fn close(&mut self) -> Option<i32> {
        self.input = None;
        self.process.wait().await.expect("the process exits").code()
    }
}
