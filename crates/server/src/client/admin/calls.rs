//! The call of the API behind each action, and the columns of its rows.

use anyhow::bail;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Action, Blocks, Domains, Mailboxes, UserRole, Users, Webhooks};

/// A call, and the columns of its rows.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Value>,
    pub(super) columns: &'static [&'static str],
}

impl Call {
    fn get(path: impl Into<String>, columns: &'static [&'static str]) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            body: None,
            columns,
        }
    }

    fn change(method: Method, path: String, body: Value) -> Self {
        Self {
            method,
            path,
            body: Some(body),
            columns: &[],
        }
    }

    fn showing(self, columns: &'static [&'static str]) -> Self {
        Self { columns, ..self }
    }
}

const USER: &[&str] = &["id", "email", "suspended_at", "role"];
const MAILBOX: &[&str] = &["id", "address", "state", "used_bytes", "user_id"];
const DOMAIN: &[&str] = &["domain", "accepting", "listed", "accounts", "pro_only"];
const WEBHOOK: &[&str] = &["id", "status", "pending_events", "failure_count", "url"];
const BLOCK: &[&str] = &["id", "sender", "client", "address", "reason", "expires_at"];

pub(super) fn call(action: &Action) -> anyhow::Result<Call> {
    Ok(match action {
        Action::Users { action } => users(action),
        Action::Mailboxes { action } => mailboxes(action)?,
        Action::Domains { action } => match action {
            Domains::List => Call::get("/domains", DOMAIN),
            Domains::Accept { domain } => change_domain(domain, json!({"accepting": true})),
            Domains::Retire { domain } => change_domain(domain, json!({"accepting": false})),
            Domains::ProOnly { domain } => change_domain(domain, json!({"pro_only": true})),
            Domains::Public { domain } => change_domain(domain, json!({"pro_only": false})),
        },
        Action::Webhooks { action } => match action {
            Webhooks::List { user } => Call::get(format!("/users/{}/webhooks", segment(user)), WEBHOOK),
            Webhooks::Pause { id, reason } => {
                let path = format!("/webhooks/{}/pause", segment(id));
                Call::change(Method::POST, path, json!({"reason": reason}))
            }
            Webhooks::Resume { id } => {
                let path = format!("/webhooks/{}/resume", segment(id));
                Call::change(Method::POST, path, json!({}))
            }
        },
        Action::Blocks { action } => match action {
            Blocks::List => Call::get("/blocks", BLOCK),
            Blocks::Put {
                pattern,
                reason,
                expires_at,
            } => {
                let body = json!({
                    "sender": pattern.sender,
                    "client": pattern.client,
                    "address": pattern.address,
                    "reason": reason,
                    "expires_at": expires_at,
                });
                Call::change(Method::PUT, "/blocks".to_owned(), body).showing(BLOCK)
            }
            Blocks::Delete { id } => Call {
                method: Method::DELETE,
                ..Call::get(format!("/blocks/{}", segment(id)), &[])
            },
        },
        Action::Statistics => Call::get("/statistics", &[]),
        Action::Audit { limit } => Call::get(
            format!("/audit?limit={limit}"),
            &["at", "operator", "action", "subject", "detail"],
        ),
    })
}

fn change_domain(domain: &str, change: Value) -> Call {
    Call::change(Method::PUT, format!("/domains/{}", segment(domain)), change)
}

fn users(action: &Users) -> Call {
    let post = |path: String, body: Value| Call::change(Method::POST, path, body);
    match action {
        Users::List { contains } => {
            Call::get(format!("/users?limit=1000&contains={}", segment(contains)), USER)
        }
        Users::Invite { email } => {
            post("/users".to_owned(), json!({"email": email})).showing(&["id", "email", "password"])
        }
        Users::ResetPassword { id } => {
            post(format!("/users/{}/password", segment(id)), json!({})).showing(&["password"])
        }
        Users::Suspend { id, reason } => post(
            format!("/users/{}/suspend", segment(id)),
            json!({"reason": reason}),
        )
        .showing(&["accounts"]),
        Users::Delete { id } => Call {
            method: Method::DELETE,
            ..Call::get(format!("/users/{}", segment(id)), &[])
        },
        Users::SetRole { id, role } => {
            let role = match role {
                UserRole::Admin => "admin",
                UserRole::User => "user",
            };
            let path = format!("/users/{}/role", segment(id));
            Call::change(Method::PUT, path, json!({"role": role}))
        }
        Users::Resume { id } => {
            post(format!("/users/{}/resume", segment(id)), json!({})).showing(&["accounts"])
        }
    }
}

fn mailboxes(action: &Mailboxes) -> anyhow::Result<Call> {
    Ok(match action {
        Mailboxes::Find { what, user } => {
            let (name, value) = match (what, user) {
                (None, Some(user)) => ("user", user.as_str()),
                (Some(what), _) => match what.split_once('@') {
                    Some(("", domain)) => ("domain", domain),
                    Some(_) => ("address", what.as_str()),
                    None => ("id", what.as_str()),
                },
                (None, None) => bail!("name an address, @domain, an id or --user"),
            };
            Call::get(format!("/accounts?limit=1000&{name}={}", segment(value)), MAILBOX)
        }
        Mailboxes::Suspend { id, reason } => {
            let path = format!("/accounts/{}/suspend", segment(id));
            Call::change(Method::POST, path, json!({"reason": reason}))
        }
        Mailboxes::Resume { id } => Call::change(
            Method::POST,
            format!("/accounts/{}/resume", segment(id)),
            json!({}),
        ),
        Mailboxes::Delete { id } => Call {
            method: Method::DELETE,
            ..Call::get(format!("/accounts/{}", segment(id)), &[])
        },
        Mailboxes::Export { .. } => bail!("an export is not JSON"),
    })
}

/// Encodes a segment or a value of a query.
pub(super) fn segment(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes()
        .map(|byte| match is_plain(&byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_encodes_what_would_end_it() {
        assert_eq!(segment("a/b?c&d=e f"), "a%2Fb%3Fc%26d%3De%20f");
        assert_eq!(segment("ann+x@mayfly.test"), "ann%2Bx%40mayfly.test");
    }
}
