//! The text that is printed at start: the addresses, and three commands to try.

use std::{fmt::Write as _, net::SocketAddr};

use crate::config::Role;

/// The addresses of this process.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) http: Option<String>,
    pub(crate) smtp: Option<SocketAddr>,
    pub(crate) submission: Option<SocketAddr>,
    pub(crate) submissions: Option<SocketAddr>,
    pub(crate) grpc: Vec<(Role, SocketAddr)>,
    pub(crate) admin: SocketAddr,
    pub(crate) default_domain: String,
    /// Whether all mail is captured, without a login.
    pub(crate) is_open: bool,
    /// A token of the user to whom captured mail belongs, where the page does not sign the user in by itself.
    pub(crate) local_token: Option<String>,
}

impl Listening {
    /// Returns the text. Each address is on a line of its own after its name, for scripts that start Mayfly on port 0.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("Mayfly {} is ready\n", env!("CARGO_PKG_VERSION"));
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:<13} {value}");
        };
        if let Some(http) = &self.http {
            line("HTTP", http);
        }
        if let Some(smtp) = self.smtp {
            line("SMTP", &smtp.to_string());
        }
        for (name, address) in [("submission", self.submission), ("submissions", self.submissions)] {
            if let Some(address) = address {
                line(name, &address.to_string());
            }
        }
        for (role, address) in &self.grpc {
            line(&format!("gRPC {role}"), &address.to_string());
        }
        line("admin", &format!("http://{}", self.admin));
        if let Some(token) = &self.local_token {
            line("token", token);
        }
        line("domain", &self.default_domain);
        match (&self.http, self.smtp) {
            (Some(http), Some(smtp)) if self.is_open => text.push_str(&open_examples(http, smtp)),
            (Some(http), Some(smtp)) => text.push_str(&self.examples(http, smtp)),
            _ => {}
        }
        text
    }

    fn examples(&self, http: &str, smtp: SocketAddr) -> String {
        let address = format!("hello@{}", self.default_domain);
        let (http, smtp) = (local(http), local(&smtp.to_string()));
        format!(
            "\nTry it (the API is described at {http}/api/docs):\n\n\
             # 1. create a mailbox, and keep its token\n\
             TOKEN=$(curl -s {http}/api/accounts -H 'Content-Type: application/json' \
             -d '{{\"address\":\"{address}\",\"password\":\"correct horse\"}}' | sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/')\n\n\
             # 2. send a mail to it\n\
             printf 'From: you@example.com\\r\\nSubject: Hello\\r\\n\\r\\nIt works.\\r\\n' | \
             curl -s smtp://{smtp} --mail-from you@example.com --mail-rcpt {address} -T -\n\n\
             # 3. read it\n\
             curl -s {http}/api/messages -H \"Authorization: Bearer $TOKEN\"\n\n"
        )
    }
}

/// Returns an address that is tried on this machine, also of a listener on every address.
fn local(text: &str) -> String {
    text.replace("0.0.0.0:", "127.0.0.1:")
        .replace("[::]:", "127.0.0.1:")
}

fn open_examples(http: &str, smtp: SocketAddr) -> String {
    let (http, smtp) = (local(http), local(&smtp.to_string()));
    format!(
        "\nAll mail to {smtp} is captured, to any address, and none of it is relayed. Read it at {http}/pro\n\n\
         printf 'From: you@example.com\\r\\nSubject: Hello\\r\\n\\r\\nIt works.\\r\\n' | \
         curl -s smtp://{smtp} --mail-from you@example.com --mail-rcpt anybody@example.com -T -\n\n"
    )
}
