//! The `[gateway.acme]` section.

use std::{net::SocketAddr, path::PathBuf};

use mayfly_runtime::{
    config::{ConfigError, List},
    config_section, tls,
};
use mayfly_types::DomainName;

/// The directory of Let's Encrypt.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// Let's Encrypt puts at most so many names into a certificate.
const MAX_DOMAINS: usize = 100;

config_section! {
    /// The `[gateway.acme]` section: certificates for HTTPS and STARTTLS from an ACME authority such as Let's Encrypt, ordered
    /// and renewed by this process. The replicas of a fleet share one: give every `gateway` and every `smtp` the same section.
    pub struct Config {
        /// Names in the certificate, each of which must resolve to this machine; include the name in the MX record. Set, it
        /// turns automatic HTTPS on, and you agree to the terms of service of the authority.
        pub domains: List<DomainName> = List::default(),
        /// Mail address for notices of the authority.
        pub contact: Option<String> = None,
        /// URL of the authority's ACME directory.
        pub directory: String = LETS_ENCRYPT.to_owned(),
        /// PEM file of the authority that signed the certificate of the directory's server; unset, the system's authorities.
        pub ca_file: Option<PathBuf> = None,
        /// Address of a plain HTTP listener that is reachable on port 80, for HTTP-01 and redirects to HTTPS. Unset, TLS-ALPN-01
        /// is used, for which `gateway.listen` must be reachable on port 443.
        pub http_listen: Option<SocketAddr> = None,
    }
}

impl Config {
    /// Tells whether automatic HTTPS is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.domains.0.is_empty()
    }

    /// Checks what types cannot, and reads the files.
    ///
    /// # Errors
    /// Names the key that cannot be used.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if !self.is_on() {
            let http_listen = self.http_listen.map(|_| "http_listen");
            return match http_listen.or_else(|| self.contact.as_ref().map(|_| "contact")) {
                Some(key) => {
                    let problem = "requires gateway.acme.domains";
                    Err(ConfigError::new(&format!("gateway.acme.{key}"), problem))
                }
                None => Ok(()),
            };
        }
        if self.domains.0.len() > MAX_DOMAINS {
            let problem = format!("must be at most {MAX_DOMAINS} names");
            return Err(ConfigError::new("gateway.acme.domains", problem));
        }
        if !self.directory.starts_with("https://") {
            return Err(ConfigError::new(
                "gateway.acme.directory",
                "must be an https:// URL",
            ));
        }
        if self.contact.as_ref().is_some_and(|contact| !is_contact(contact)) {
            return Err(ConfigError::new("gateway.acme.contact", "must be a mail address"));
        }
        if let Some(file) = &self.ca_file {
            tls::read_certificates(file).map_err(|e| ConfigError::new("gateway.acme.ca_file", e))?;
        }
        Ok(())
    }
}

/// Tells whether an authority can take the text as one mail address.
fn is_contact(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b",?:<>".contains(&byte);
    text.split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
        && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validate_unusable_value_names_the_key() {
        let on = || Config {
            domains: List(vec!["mx.mayfly.test".parse().unwrap()]),
            ..Config::default()
        };
        Config::default().validate().unwrap();
        on().validate().unwrap();
        type Change = fn(&mut Config);
        let unusable: [(&str, Change); 5] = [
            ("domains", |config| {
                config.domains.0 = vec!["mayfly.test".parse().unwrap(); MAX_DOMAINS + 1];
            }),
            ("directory", |config| {
                config.directory = "http://acme.test".to_owned();
            }),
            ("contact", |config| config.contact = Some("nobody".to_owned())),
            ("ca_file", |config| config.ca_file = Some("/missing".into())),
            ("http_listen", |config| {
                config.http_listen = Some(([127, 0, 0, 1], 80).into());
                config.domains.0.clear();
            }),
        ];
        for (key, change) in unusable {
            let mut config = on();
            change(&mut config);
            let error = config.validate().unwrap_err().to_string();
            assert!(error.starts_with(&format!("gateway.acme.{key}")), "{error}");
        }
    }
}
