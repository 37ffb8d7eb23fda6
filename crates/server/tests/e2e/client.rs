//! A client of the HTTP API.

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

/// A response with its whole body.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The error code; empty if the response is no error.
    pub(crate) fn error(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["error"].as_str().unwrap_or_default().to_owned()
    }

    /// Status and error code.
    pub(crate) fn outcome(&self) -> (u16, String) {
        (self.status, self.error())
    }
}

/// A mailbox that a test created.
#[derive(Debug, Clone)]
pub(crate) struct Mailbox {
    pub(crate) id: String,
    pub(crate) address: String,
    pub(crate) token: String,
}

pub(crate) const PASSWORD: &str = "correct horse";

#[derive(Debug, Clone)]
pub(crate) struct Client {
    base: String,
    http: reqwest::Client,
}

impl Client {
    pub(crate) fn new(base: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .expect("a client");
        Self {
            base: base.to_owned(),
            http,
        }
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Self::read(request).await
    }

    /// A request that the caller completes.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(
            Method::from_bytes(method.as_bytes()).expect("a method"),
            format!("{}{path}", self.base),
        )
    }

    pub(crate) async fn read(request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.expect("a body").to_vec();
        Answer {
            status: status.as_u16(),
            headers,
            body,
        }
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, Some(token), None).await
    }

    pub(crate) async fn create_mailbox(&self, address: &str, pro_token: Option<&str>) -> Mailbox {
        let body = json!({"address": address, "password": PASSWORD});
        let answer = self.call("POST", "/api/accounts", pro_token, Some(body)).await;
        assert_eq!(answer.status, StatusCode::CREATED.as_u16(), "{answer:?}");
        let body = answer.json();
        let text = |key: &str| body[key].as_str().expect(key).to_owned();
        Mailbox {
            id: text("id"),
            address: text("address"),
            token: text("token"),
        }
    }

    /// Registers a Pro user; returns the Pro JWT.
    pub(crate) async fn register(&self, email: &str) -> String {
        let body = json!({"email": email, "password": PASSWORD});
        let answer = self.call("POST", "/pro/api/register", None, Some(body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["token"].as_str().expect("a token").to_owned()
    }

    /// Creates a Pro API token; returns its id and value.
    pub(crate) async fn create_token(&self, pro: &str, name: &str) -> (String, String) {
        self.create_token_with(pro, json!({"name": name})).await
    }

    /// Creates an API token as the body asks for. Returns its id and its value.
    pub(crate) async fn create_token_with(&self, pro: &str, wanted: Value) -> (String, String) {
        let answer = self
            .call("POST", "/pro/api/tokens", Some(pro), Some(wanted))
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let body = answer.json();
        (
            body["id"].as_str().expect("an id").to_owned(),
            body["token"].as_str().expect("a value").to_owned(),
        )
    }

    /// The newest page of a mailbox.
    pub(crate) async fn messages(&self, token: &str) -> Vec<Value> {
        let answer = self.get("/api/messages", token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["messages"].as_array().expect("a list").clone()
    }
}
