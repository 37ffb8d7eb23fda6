//! Checks the shape of a target URL, when it is created and again before every request.

use std::net::IpAddr;

use url::{Host, Url};

use super::{address::is_allowed, rules::Rules};

/// Bounds the column and the log line.
const MAX_URL_BYTES: usize = 2048;
/// Suffixes of names that resolve inside a machine, a cluster or a home network only.
const PRIVATE_SUFFIXES: [&str; 9] = [
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "svc",
    "lan",
    "home.arpa",
    "cluster.local",
];

/// A URL of the right shape. The addresses of its host are not checked yet.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
    pub(crate) has_tls: bool,
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// Returns the problem as the predicate of "the URL".
    pub(crate) fn new(text: &str, rules: &Rules) -> Result<Self, &'static str> {
        if text.len() > MAX_URL_BYTES {
            return Err("is longer than 2048 bytes");
        }
        let url = Url::parse(text).map_err(|_| "cannot be read")?;
        let has_tls = match url.scheme() {
            "https" => true,
            "http" if rules.allow_http => false,
            _ => return Err("must begin with https://"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must hold no user name or password");
        }
        let port = url.port_or_known_default().ok_or("needs a port")?;
        // Ports below 1024 belong to mail, shells and file servers.
        if port < 1024 && port != if has_tls { 443 } else { 80 } {
            return Err("names a port that is not for webhooks");
        }
        let host = url.host().ok_or("needs a host")?.to_owned();
        match &host {
            Host::Domain(name) if rules.allowed_networks.is_empty() && is_private(name) => {
                return Err("names a host that is not public");
            }
            Host::Domain(_) => {}
            Host::Ipv4(address) => check_literal((*address).into(), rules)?,
            Host::Ipv6(address) => check_literal((*address).into(), rules)?,
        }
        Ok(Self {
            url,
            host,
            port,
            has_tls,
        })
    }
}

/// Accepts a literal address only in a network that the operator allows.
fn check_literal(address: IpAddr, rules: &Rules) -> Result<(), &'static str> {
    if rules.allow(address) && is_allowed(address, rules) {
        Ok(())
    } else {
        Err("needs a name in place of an address")
    }
}

fn is_private(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    !name.contains('.')
        || PRIVATE_SUFFIXES
            .iter()
            .any(|suffix| name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_accepts_public_https_urls_only() {
        let strict = Rules::default();
        for url in [
            "https://hooks.example.com/x?y=z",
            "HTTPS://hooks.example.com",
            "https://hooks.example.com:8443/",
            "https://hooks.example.com./",
            "https://bücher.example/x",
        ] {
            assert!(Target::new(url, &strict).is_ok(), "{url}");
        }
        let long = format!("https://example.com/{}", "x".repeat(2048));
        for url in [
            "",
            "hooks.example.com",
            "//hooks.example.com",
            "http://hooks.example.com",
            "ftp://hooks.example.com",
            "file:///etc/passwd",
            "gopher://hooks.example.com",
            "javascript:alert(1)",
            "data:text/plain,x",
            "https://user@hooks.example.com",
            "https://user:word@hooks.example.com",
            "https://:word@hooks.example.com",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://１２７.０.０.１/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://169.254.169.254/latest",
            "https://10.0.0.1/",
            "https://1.1.1.1/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://kubernetes/",
            "https://mailbox.default.svc/",
            "https://kubernetes.default.svc.cluster.local/",
            "https://metadata.google.internal/",
            "https://printer.local/",
            "https://router.lan/",
            "https://x.home.arpa/",
            "https://hooks.example.com:25/",
            "https://hooks.example.com:22/",
            "https://hooks.example.com:80/",
            "https://hooks.example.com:0/",
            "https://hooks.example.com:99999/",
            "https://",
            "https:///x",
            long.as_str(),
        ] {
            assert!(Target::new(url, &strict).is_err(), "{url}");
        }
    }

    #[test]
    fn target_accepts_networks_the_operator_allows() {
        let rules = Rules {
            allowed_networks: vec!["127.0.0.0/8".parse().unwrap()],
            denied_networks: vec!["127.0.0.9/32".parse().unwrap()],
            allow_http: true,
        };
        for url in [
            "http://127.0.0.1:8080/",
            "http://localhost:8080/",
            "https://receiver/",
        ] {
            assert!(Target::new(url, &rules).is_ok(), "{url}");
        }
        for url in [
            "http://10.0.0.1:8080/",
            "http://127.0.0.1:25/",
            "http://127.0.0.9:8080/",
            "http://[::ffff:127.0.0.9]:8080/",
            "http://a@127.0.0.1:8080/",
        ] {
            assert!(Target::new(url, &rules).is_err(), "{url}");
        }
    }
}
