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
        line("domain", &self.default_domain);
        if let (Some(http), Some(smtp)) = (&self.http, self.smtp) {
            text.push_str(&self.examples(http, smtp));
        }
        text
    }

    fn examples(&self, http: &str, smtp: SocketAddr) -> String {
        let address = format!("hello@{}", self.default_domain);
        // A listener on every address is tried on this machine.
        let local = |text: &str| {
            text.replace("0.0.0.0:", "127.0.0.1:")
                .replace("[::]:", "127.0.0.1:")
        };
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
