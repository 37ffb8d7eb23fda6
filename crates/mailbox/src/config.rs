//! The `[mailbox]` section.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
};

use hickory_resolver::proto::dnssec::TrustAnchors;
use mayfly_rpc::Endpoints;
use mayfly_runtime::config::{ConfigError, List, Span};
use mayfly_types::DomainName;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::Duration;

/// The `[mailbox]` section.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where gRPC is served when the role does not share its process with its callers.
    pub listen: SocketAddr,
    /// Where the service lives when it is not in this process.
    pub endpoint: Option<Endpoints>,
    /// How long a message is kept.
    pub retention: Span,
    /// How long a mailbox lives that nobody signs in to or reads.
    pub idle: Span,
    /// How long the address of a deleted mailbox is given to nobody.
    pub tombstone: Span,
    /// What a mailbox without an owner holds.
    pub quota_bytes: u64,
    /// What a mailbox of a Pro user holds.
    pub pro_quota_bytes: u64,
    /// How many mailboxes a Pro user may have.
    pub max_accounts: u32,
    /// How many domains a Pro user may have.
    pub max_domains: u32,
    /// What the MX records of custom domains name; absent, `smtp.hostname`.
    pub mx_hostname: Option<String>,
    /// How many webhooks a Pro user may have.
    pub max_webhooks: u32,
    /// How many events may wait for one webhook. One for which more do is ended.
    pub max_waiting_events: u32,
    /// The DNS servers that are asked, in place of the system's.
    pub dns_servers: List<SocketAddr>,
    /// Whose signatures of DNS answers about custom domains are believed.
    pub dnssec: Dnssec,
    /// The largest message that is taken.
    pub max_message_bytes: u64,
}

const DAY_SECS: u64 = 86_400;
/// Sizes are signed in the database and the protocol; nothing near the limit is ever meant.
const MAX_BYTES: u64 = 1 << 50;
/// The largest blob that SQLite takes is a little under a gigabyte.
const MAX_MESSAGE_BYTES: u64 = 512 << 20;

impl Default for Config {
    fn default() -> Self {
        let days = |days| Span(std::time::Duration::from_secs(days * DAY_SECS));
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 50052)),
            endpoint: None,
            retention: days(7),
            idle: days(90),
            tombstone: days(30),
            quota_bytes: 40 << 20,
            pro_quota_bytes: 50 << 20,
            max_accounts: 1000,
            max_domains: 10,
            mx_hostname: None,
            max_webhooks: 1,
            max_waiting_events: 100_000,
            dns_servers: List::default(),
            dnssec: Dnssec::Root,
            max_message_bytes: 25 << 20,
        }
    }
}

impl Config {
    /// Checks what the types alone cannot hold.
    ///
    /// # Errors
    /// Names the key that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let spans = [
            ("mailbox.retention", self.retention, 60),
            ("mailbox.idle", self.idle, DAY_SECS),
            ("mailbox.tombstone", self.tombstone, 0),
        ];
        for (key, span, least_secs) in spans {
            if !(least_secs..=36_500 * DAY_SECS).contains(&span.0.as_secs()) {
                return Err(ConfigError::new(
                    key,
                    format!("must be between {least_secs}s and 36500d"),
                ));
            }
        }
        let quotas = [
            ("mailbox.quota_bytes", self.quota_bytes),
            ("mailbox.pro_quota_bytes", self.pro_quota_bytes),
        ];
        for (key, bytes) in quotas {
            if !(1..=MAX_BYTES).contains(&bytes) {
                return Err(ConfigError::new(
                    key,
                    format!("must be between 1 and {MAX_BYTES}"),
                ));
            }
        }
        let mx_hostname = self.mx_hostname.as_deref().map(str::parse::<DomainName>);
        if mx_hostname.is_some_and(|name| name.is_err()) {
            return Err(ConfigError::new("mailbox.mx_hostname", "is not a host name"));
        }
        // RFC 5321 4.5.3.1.7: a receiver takes at least 64 KiB.
        if !(65_536..=MAX_MESSAGE_BYTES).contains(&self.max_message_bytes) {
            return Err(ConfigError::new(
                "mailbox.max_message_bytes",
                format!("must be between 65536 and {MAX_MESSAGE_BYTES}"),
            ));
        }
        Ok(())
    }

    /// Returns the quota of a mailbox, in the database's type.
    pub(crate) fn quota(&self, is_pro: bool) -> i64 {
        let bytes = if is_pro {
            self.pro_quota_bytes
        } else {
            self.quota_bytes
        };
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }
}

/// Whose signatures of DNS answers are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dnssec {
    /// Those of the root zone's well-known keys, and of whom they vouch for.
    Root,
    /// The same of other keys: DNSKEY records, one a line.
    Anchors(String),
    /// Nobody's: answers are taken as they are.
    Off,
}

impl Dnssec {
    /// Returns the keys that are believed, if signatures matter.
    pub(crate) fn anchors(&self) -> Option<TrustAnchors> {
        match self {
            Self::Root => Some(TrustAnchors::default()),
            Self::Anchors(records) => Some(records.parse().unwrap_or_else(|_| TrustAnchors::empty())),
            Self::Off => None,
        }
    }
}

impl FromStr for Dnssec {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "root" => Ok(Self::Root),
            "off" => Ok(Self::Off),
            records => match records.parse::<TrustAnchors>() {
                Ok(anchors) if !anchors.is_empty() => Ok(Self::Anchors(records.to_owned())),
                _ => Err("is neither `root` nor `off` nor DNSKEY records of the root zone"),
            },
        }
    }
}

impl fmt::Display for Dnssec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::Anchors(records) => records,
            Self::Off => "off",
        })
    }
}

impl Serialize for Dnssec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Dnssec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// Turns a span of the configuration into one that times can be moved by.
pub(crate) fn duration(span: Span) -> Duration {
    Duration::try_from(span.0).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_contract_and_nonsense_is_refused_by_name() {
        let config = Config::default();
        config.validate().unwrap();
        assert_eq!(
            (config.quota(false), config.quota(true)),
            (41_943_040, 52_428_800)
        );
        assert_eq!(config.max_message_bytes, 26_214_400);
        let wrong = [
            (
                "mailbox.retention",
                Config {
                    retention: "1s".parse().unwrap(),
                    ..Config::default()
                },
            ),
            (
                "mailbox.idle",
                Config {
                    idle: "1h".parse().unwrap(),
                    ..Config::default()
                },
            ),
            (
                "mailbox.tombstone",
                Config {
                    tombstone: "99999d".parse().unwrap(),
                    ..Config::default()
                },
            ),
            (
                "mailbox.quota_bytes",
                Config {
                    quota_bytes: 0,
                    ..Config::default()
                },
            ),
            (
                "mailbox.pro_quota_bytes",
                Config {
                    pro_quota_bytes: u64::MAX,
                    ..Config::default()
                },
            ),
            (
                "mailbox.max_message_bytes",
                Config {
                    max_message_bytes: 1000,
                    ..Config::default()
                },
            ),
        ];
        for text in [
            "root",
            "off",
            ". IN DNSKEY 257 3 13 WZUjFXUr1v67K69/B1uIZ5Iwhh+f/X4fCM45WsCletPG9obcnPOrgsFksbkIXL5lZZ7JknjAXlNLSYkHM+45Iw==",
        ] {
            assert_eq!(text.parse::<Dnssec>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "on",
            ". IN DNSKEY",
            "example. IN DNSKEY 257 3 13 WZUjFXUr1v67K69/B1uIZ5Iwhh+f/X4fCM45WsCletPG9obcnPOrgsFksbkIXL5lZZ7JknjAXlNLSYkHM+45Iw==",
        ] {
            assert!(text.parse::<Dnssec>().is_err(), "{text}");
        }
        for (key, config) in wrong {
            let error = config.validate().unwrap_err().to_string();
            assert!(error.starts_with(key), "{error}");
        }
    }
}
