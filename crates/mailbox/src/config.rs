//! The `[mailbox]` section.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use hickory_resolver::proto::dnssec::TrustAnchors;
use mayfly_rpc::Endpoints;
use mayfly_runtime::{
    config::{ConfigDuration, ConfigError, ConfigValue, List, Schema, Secret, Syntax, secret_keys},
    config_section,
};
use mayfly_types::{Address, DomainName, SecretKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::Duration;

config_section! {
    /// The `[mailbox]` section: domains, mailboxes and messages.
    pub struct Config {
        /// Address of the gRPC listener when the roles are split.
        pub listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 50052)),
        /// URL of the mailbox service when this process does not run it: a name that resolves to every replica, or several
        /// URLs with commas.
        pub endpoint: Option<Endpoints> = None,
        /// Keys that seal webhook secrets and idempotency answers at rest, 64 hex digits each, separated by commas: the
        /// first seals, all open. The embedded default generates one in `data_dir`; required with PostgreSQL and when the
        /// roles are split.
        pub data_key: Option<Secret> = None,
        /// File with the keys.
        pub data_key_file: Option<PathBuf> = None,
        /// How long a message is kept.
        pub retention: ConfigDuration = ConfigDuration::from_days(7),
        /// How long a mailbox lives without a sign-in or a read.
        pub idle: ConfigDuration = ConfigDuration::from_days(90),
        /// Names before the `@` that cannot be created on a system domain, nor with a tag: role names (RFC 2142), and those by
        /// which certificate authorities accept proof of a domain. Empty reserves none. Existing mailboxes stay.
        pub reserved_local_parts: List<String> = reserved_local_parts(),
        /// Domains whose every address receives mail without being created, and is read by everybody who knows it, by clients of
        /// mail.cx `/v1`; the first is the default. None may be among `domains`.
        pub open_domains: List<DomainName> = List::default(),
        /// How long a message is kept on an open domain, at least `1m` and at most `retention`.
        pub open_retention: ConfigDuration = ConfigDuration::from_secs(3600),
        /// Addresses of open domains that have mail at one time, at most 10000000; mail to more is rejected.
        pub max_open_mailboxes: u32 = 100_000,
        /// Address of a mailbox of this server that receives mail to `postmaster` and `abuse` of the system domains and of
        /// `smtp.hostname`; unset, that mail is rejected.
        pub operator_address: Option<String> = None,
        /// Address of a mailbox of this server that receives mail to all names of the system domains that have and had no mailbox,
        /// for test systems that send to their own users; unset, that mail is rejected.
        pub catch_all: Option<String> = None,
        /// Allows `mailbox.catch_all` where everyone can register and SMTP listens beyond loopback: the first to create a
        /// mailbox gets its mail, and the catch-all gets the rest.
        pub catch_all_with_open_registration: bool = false,
        /// How long the address of a deleted mailbox cannot be registered by another owner.
        pub tombstone: ConfigDuration = ConfigDuration::from_days(30),
        /// Quota in bytes of a mailbox without an owner.
        pub quota_bytes: u64 = 40 << 20,
        /// Quota in bytes of a mailbox of a Pro user.
        pub pro_quota_bytes: u64 = 50 << 20,
        /// Mailboxes of each Pro user.
        pub max_accounts: u32 = 1000,
        /// Sandboxes of each Pro user, beside the default one.
        pub max_sandboxes: u32 = 100,
        /// Custom domains of each Pro user.
        pub max_domains: u32 = 10,
        /// Host name that the MX records of custom domains must name; unset, `smtp.hostname`.
        pub mx_hostname: Option<String> = None,
        /// Webhooks of each Pro user.
        pub max_webhooks: u32 = 1,
        /// Events that wait for one webhook; the webhook counts as failed when more do.
        pub max_waiting_events: u32 = 100_000,
        /// DNS servers for custom domains and webhook receivers; empty uses the servers of the system.
        pub dns_servers: List<SocketAddr> = List::default(),
        /// Trust anchors of DNSSEC for custom domains: the root zone's keys, DNSKEY records, or none.
        pub dnssec: Dnssec = Dnssec::Root,
        /// Free bytes on the disk of a SQLite database below which mail (`452`) and anonymous mailboxes (`503`) are refused,
        /// so that deletion still has room; unset, 5 % of the disk, at most 1 GiB. 0 turns it off.
        pub min_free_bytes: Option<u64> = None,
        /// Bytes that all mailboxes without an owner may store together; 0 is without bound.
        pub max_anonymous_bytes: u64 = 0,
        /// Bytes that a mailbox without an owner receives in a day (UTC), `451` beyond them; 0 is without bound.
        pub max_anonymous_bytes_per_day: u64 = 0,
        /// Bytes that the mailboxes without an owner which one client (an IPv4 address or an IPv6 /64) has created may store together,
        /// `452` beyond them; 0 is without bound. The client is stored with new mailboxes only while this is set.
        pub max_anonymous_bytes_per_client: u64 = 0,
        /// Largest message in bytes, 65536 to 536870912.
        pub max_message_bytes: u64 = 25 << 20,
    }
}

/// RFC 2142; the names of the CA/Browser Forum's baseline requirements, 3.2.2.4.4; and names that users take for the operator.
const RESERVED_LOCAL_PARTS: &str = "abuse,admin,administrator,autoconfig,autodiscover,ftp,hostmaster,info,mailer-daemon,marketing,news,no-reply,noc,noreply,postmaster,root,sales,security,ssladmin,ssladministrator,sslwebmaster,support,sysadmin,usenet,uucp,webmaster,www";
/// The roles whose mail the operator receives (RFC 2142, RFC 5321 4.5.1).
const OPERATOR_ROLES: [&str; 2] = ["postmaster", "abuse"];

fn reserved_local_parts() -> List<String> {
    List(RESERVED_LOCAL_PARTS.split(',').map(str::to_owned).collect())
}

const DAY_SECS: u64 = 86_400;
/// Sizes are signed in the database and the protocol; nothing near the limit is ever meant.
const MAX_BYTES: u64 = 1 << 50;
/// They are counted whenever one is created.
const MAX_OPEN_MAILBOXES: u32 = 10_000_000;
/// The largest blob that SQLite takes is a little under a gigabyte.
const MAX_MESSAGE_BYTES: u64 = 512 << 20;

impl Config {
    /// Returns the keys that seal data at rest; empty if none are configured.
    ///
    /// # Errors
    /// Names the key of the configuration that cannot be used.
    pub fn data_keys(&self) -> Result<Vec<SecretKey>, ConfigError> {
        secret_keys(
            "mailbox.data_key",
            self.data_key.as_ref(),
            self.data_key_file.as_ref(),
        )
    }

    /// Checks what types cannot.
    ///
    /// # Errors
    /// Names the key that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let durations = [
            ("mailbox.retention", self.retention, 60),
            ("mailbox.idle", self.idle, DAY_SECS),
            ("mailbox.tombstone", self.tombstone, 0),
        ];
        for (key, duration, least_secs) in durations {
            if !(least_secs..=36_500 * DAY_SECS).contains(&duration.0.as_secs()) {
                return Err(ConfigError::new(
                    key,
                    format!("must be from {least_secs}s to 36500d"),
                ));
            }
        }
        let is_out_of_range =
            self.open_retention.0 < Duration::MINUTE || self.open_retention.0 > self.retention.0;
        if is_out_of_range && !self.open_domains.0.is_empty() {
            return Err(ConfigError::new(
                "mailbox.open_retention",
                "must be from 1m to mailbox.retention",
            ));
        }
        if !(1..=MAX_OPEN_MAILBOXES).contains(&self.max_open_mailboxes) {
            return Err(ConfigError::new(
                "mailbox.max_open_mailboxes",
                format!("must be from 1 to {MAX_OPEN_MAILBOXES}"),
            ));
        }
        let quotas = [
            ("mailbox.quota_bytes", self.quota_bytes),
            ("mailbox.pro_quota_bytes", self.pro_quota_bytes),
        ];
        for (key, bytes) in quotas {
            if !(1..=MAX_BYTES).contains(&bytes) {
                return Err(ConfigError::new(key, format!("must be from 1 to {MAX_BYTES}")));
            }
        }
        let is_local_part = |name: &String| format!("{name}@a.test").parse::<Address>().is_ok();
        if !self.reserved_local_parts.0.iter().all(is_local_part) {
            return Err(ConfigError::new(
                "mailbox.reserved_local_parts",
                "must be names as before the @ of an address",
            ));
        }
        let operator = self.operator_address.as_deref().map(str::parse::<Address>);
        if operator.is_some_and(|address| address.is_err()) {
            return Err(ConfigError::new(
                "mailbox.operator_address",
                "is not the address of a mailbox",
            ));
        }
        let catch_all = self.catch_all.as_deref().map(str::parse::<Address>);
        if catch_all.is_some_and(|address| address.is_err()) {
            let problem = "is not the address of a mailbox";
            return Err(ConfigError::new("mailbox.catch_all", problem));
        }
        let mx_hostname = self.mx_hostname.as_deref().map(str::parse::<DomainName>);
        if mx_hostname.is_some_and(|name| name.is_err()) {
            return Err(ConfigError::new("mailbox.mx_hostname", "is not a host name"));
        }
        // RFC 5321 4.5.3.1.7: a receiver takes at least 64 KiB.
        if !(65_536..=MAX_MESSAGE_BYTES).contains(&self.max_message_bytes) {
            return Err(ConfigError::new(
                "mailbox.max_message_bytes",
                format!("must be from 65536 to {MAX_MESSAGE_BYTES}"),
            ));
        }
        Ok(())
    }

    /// Returns whether only the operator has an address on a system domain.
    pub(crate) fn is_reserved(&self, address: &Address) -> bool {
        let name = untagged_name(address);
        let mut reserved = self.reserved_local_parts.0.iter();
        reserved.any(|reserved| reserved.eq_ignore_ascii_case(name))
    }

    /// Returns the mailbox that receives mail for unknown names of the system domains, if one is named.
    pub(crate) fn catch_all(&self) -> Option<Address> {
        self.catch_all.as_deref()?.parse().ok()
    }

    /// Returns the mailbox that receives mail for an address of the operator, if one is named.
    pub(crate) fn operator_address(&self, address: &Address) -> Option<Address> {
        let operator = self.operator_address.as_deref()?;
        is_operator_role(address).then(|| operator.parse().ok())?
    }

    /// Returns whether an address is one of the operator on the mail host, which need not be a mail domain.
    pub(crate) fn is_role_of_host(&self, address: &Address, host: &str) -> bool {
        self.operator_address.is_some()
            && is_operator_role(address)
            && address.domain().eq_ignore_ascii_case(host)
    }

    /// Returns how many bytes a mailbox without an owner receives in a day, if they are bounded.
    pub(crate) fn anonymous_day_bytes(&self) -> Option<i64> {
        let bytes = self.max_anonymous_bytes_per_day;
        (bytes > 0).then(|| i64::try_from(bytes).unwrap_or(i64::MAX))
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

/// Names before the `@` that receive no mail on an open domain, where everybody would read it: role names, and those by which
/// certificate authorities accept proof of a domain.
pub(crate) const OPEN_RESERVED_LOCAL_PARTS: [&str; 6] =
    ["postmaster", "abuse", "hostmaster", "webmaster", "admin", "root"];

/// Returns whether an address receives no mail on an open domain.
pub(crate) fn is_reserved_open(address: &Address) -> bool {
    OPEN_RESERVED_LOCAL_PARTS.contains(&untagged_name(address))
}

fn is_operator_role(address: &Address) -> bool {
    OPERATOR_ROLES.contains(&untagged_name(address))
}

fn untagged_name(address: &Address) -> &str {
    let local_part = address.local_part();
    local_part.split_once('+').map_or(local_part, |(name, _)| name)
}

/// Trust anchors for DNSSEC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dnssec {
    /// The well-known keys of the root zone.
    Root,
    /// Other keys of the root zone: DNSKEY records, one a line.
    Anchors(String),
    /// No validation.
    Off,
}

impl Dnssec {
    /// Returns the trust anchors; `None` without validation.
    pub(crate) fn anchors(&self) -> Option<TrustAnchors> {
        match self {
            Self::Root => Some(TrustAnchors::default()),
            Self::Anchors(records) => Some(records.parse().unwrap_or_else(|_| TrustAnchors::empty())),
            Self::Off => None,
        }
    }
}

impl ConfigValue for Dnssec {
    const SCHEMA: Schema = Schema::Value(Syntax::Text, "`root`, `off`, or DNSKEY records of the root zone");
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

/// Converts a duration of the configuration to one that can be added to times.
pub(crate) fn duration(duration: ConfigDuration) -> Duration {
    Duration::try_from(duration.0).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validate_out_of_bounds_names_the_key() {
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
                "mailbox.open_retention",
                Config {
                    open_domains: List(vec!["open.test".parse().unwrap()]),
                    open_retention: "8d".parse().unwrap(),
                    ..Config::default()
                },
            ),
            (
                "mailbox.max_open_mailboxes",
                Config {
                    max_open_mailboxes: 0,
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
                "mailbox.reserved_local_parts",
                Config {
                    reserved_local_parts: List(vec!["a b".to_owned()]),
                    ..Config::default()
                },
            ),
            (
                "mailbox.operator_address",
                Config {
                    operator_address: Some("ops".to_owned()),
                    ..Config::default()
                },
            ),
            (
                "mailbox.catch_all",
                Config {
                    catch_all: Some("all".to_owned()),
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
