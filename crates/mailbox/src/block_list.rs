//! The blocks of operators in memory: RCPT is checked without a query. Pure; `block_watch` keeps it current.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

use ipnet::IpNet;
use time::OffsetDateTime;

use crate::{
    error::Error,
    store::{
        entities::block::{Kind, Model},
        millis,
    },
};

/// The longest pattern and reason, in bytes. A path of SMTP has at most 256 (RFC 5321 4.5.3.1.3).
const MAX_PATTERN_BYTES: usize = 256;
const MAX_REASON_BYTES: usize = 500;

/// A pattern that an operator gives, canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

impl Pattern {
    /// Parses a pattern: `user@domain`, `*@domain` or `*@*.domain` for senders and recipients, an address or a network for
    /// clients.
    pub(crate) fn parse(kind: Kind, text: &str) -> Result<Self, Error> {
        let text = match kind {
            Kind::Client => {
                let network = text
                    .parse::<IpNet>()
                    .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
                let network = network
                    .map_err(|_| Error::InvalidRequest("client is neither an IP address nor a network"))?;
                if network.prefix_len() == 0 {
                    return Err(Error::InvalidRequest("this network has every client"));
                }
                canonical(network.trunc()).to_string()
            }
            Kind::Sender | Kind::Address => mail_pattern(text).ok_or(Error::InvalidRequest(
                "a pattern is user@domain, *@domain or *@*.domain",
            ))?,
        };
        Ok(Self { kind, text })
    }
}

/// Checks the reason of a block or a suspension.
pub(crate) fn check_reason(reason: &str) -> Result<(), Error> {
    match reason.len() <= MAX_REASON_BYTES && !reason.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(Error::InvalidRequest(
            "a reason has at most 500 bytes and no control characters",
        )),
    }
}

/// An IPv4-mapped network is its IPv4 network.
fn canonical(network: IpNet) -> IpNet {
    match (network.addr().to_canonical(), network.prefix_len()) {
        (IpAddr::V4(v4), length @ 96..) if network.addr().is_ipv6() => {
            IpNet::new(v4.into(), length - 96).unwrap_or(network)
        }
        _ => network,
    }
}

fn mail_pattern(text: &str) -> Option<String> {
    // Not `"*"@domain`, whose user is called so.
    let is_any = text.trim_start().starts_with("*@");
    let text = lowered(text);
    let (user, domain) = text.rsplit_once('@')?;
    let name = domain.strip_prefix("*.").unwrap_or(domain);
    let is_name = !name.is_empty() && !name.contains(['*', '@', ' ']) && !name.starts_with('.');
    let is_user =
        (is_any && user == "*") || (!user.is_empty() && !user.contains(['*', ' ']) && name == domain);
    (is_name && is_user && text.len() <= MAX_PATTERN_BYTES && !text.chars().any(char::is_control))
        .then_some(text)
}

/// Mail addresses are compared without case and needless quotes, and with names in their ASCII form.
fn lowered(address: &str) -> String {
    let address = address.trim();
    let Some((user, domain)) = address.rsplit_once('@') else {
        return address.to_lowercase();
    };
    let domain = domain.trim_end_matches('.');
    let ascii = match domain.is_ascii() {
        true => None,
        false => idna::domain_to_ascii(domain).ok(),
    };
    let domain = ascii.unwrap_or_else(|| domain.to_lowercase());
    format!("{}@{domain}", unquoted(&user.to_lowercase()))
}

/// Returns what a quoted user stands for: the sender chooses the spelling (RFC 5321 4.1.2).
fn unquoted(user: &str) -> Cow<'_, str> {
    let inner = user.strip_prefix('"').and_then(|user| user.strip_suffix('"'));
    let Some(inner) = inner else {
        return Cow::Borrowed(user);
    };
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => text.extend(chars.next()),
            char => text.push(char),
        }
    }
    Cow::Owned(text)
}

/// What a mail is checked against.
#[derive(Debug, Default)]
pub(crate) struct BlockList {
    /// By canonical pattern, with the time of expiry.
    senders: HashMap<String, Option<i64>>,
    addresses: HashMap<String, Option<i64>>,
    clients: HashMap<IpNet, Option<i64>>,
    /// The prefix lengths among the networks of clients, by family: one look-up each.
    v4_lengths: BTreeSet<u8>,
    v6_lengths: BTreeSet<u8>,
}

impl BlockList {
    /// Builds the list from the stored blocks.
    pub(crate) fn new(blocks: Vec<Model>) -> Self {
        let mut list = Self::default();
        for block in blocks {
            match block.kind {
                Kind::Sender => drop(list.senders.insert(block.pattern, block.expires_at_ms)),
                Kind::Address => drop(list.addresses.insert(block.pattern, block.expires_at_ms)),
                Kind::Client => {
                    let Ok(network) = block.pattern.parse::<IpNet>() else {
                        continue;
                    };
                    match network {
                        IpNet::V4(_) => list.v4_lengths.insert(network.prefix_len()),
                        IpNet::V6(_) => list.v6_lengths.insert(network.prefix_len()),
                    };
                    list.clients.insert(network, block.expires_at_ms);
                }
            }
        }
        list
    }

    /// Returns whether mail from a sender and a client to a recipient is blocked.
    pub(crate) fn blocks(
        &self,
        sender: &str,
        client: Option<IpAddr>,
        recipient: &str,
        now: OffsetDateTime,
    ) -> bool {
        let now_ms = millis(now);
        matches_mail(&self.senders, sender, now_ms)
            || self.blocks_recipient(recipient, now_ms)
            || client.is_some_and(|client| self.blocks_client(client, now_ms))
    }

    /// A mailbox receives mail for every tag of its user.
    fn blocks_recipient(&self, recipient: &str, now_ms: i64) -> bool {
        matches_mail(&self.addresses, recipient, now_ms)
            || untagged(recipient).is_some_and(|user| matches_mail(&self.addresses, &user, now_ms))
    }

    fn blocks_client(&self, client: IpAddr, now_ms: i64) -> bool {
        let client = client.to_canonical();
        let lengths = match client {
            IpAddr::V4(_) => &self.v4_lengths,
            IpAddr::V6(_) => &self.v6_lengths,
        };
        lengths.iter().any(|length| {
            let network = IpNet::new(client, *length).map(|network| network.trunc());
            network.is_ok_and(|network| is_in_force(self.clients.get(&network), now_ms))
        })
    }
}

/// Returns `user@` of `user+tag@`.
fn untagged(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let (user, _) = local.split_once('+')?;
    Some(format!("{user}@{domain}"))
}

fn is_in_force(expiry: Option<&Option<i64>>, now_ms: i64) -> bool {
    expiry.is_some_and(|expires_at_ms| expires_at_ms.is_none_or(|at| at > now_ms))
}

/// Returns whether a pattern matches an address: the address itself, its domain, or a name above its domain.
fn matches_mail(patterns: &HashMap<String, Option<i64>>, address: &str, now_ms: i64) -> bool {
    if patterns.is_empty() || address.is_empty() {
        return false;
    }
    let address = lowered(address);
    let Some((_, domain)) = address.rsplit_once('@') else {
        return false;
    };
    if is_in_force(patterns.get(&address), now_ms)
        || is_in_force(patterns.get(&format!("*@{domain}")), now_ms)
    {
        return true;
    }
    // At most 127 labels: RFC 1035 limits a name to 255 octets, and the SMTP line is bounded.
    let mut rest = domain;
    while let Some((_, above)) = rest.split_once('.') {
        if is_in_force(patterns.get(&format!("*@*.{above}")), now_ms) {
            return true;
        }
        rest = above;
    }
    false
}

#[cfg(test)]
mod tests {
    use mayfly_types::{BlockId, Clock, SystemClock};

    use super::*;

    fn list(patterns: &[(Kind, &str, Option<i64>)]) -> BlockList {
        let now = SystemClock.now();
        let blocks = patterns.iter().map(|(kind, text, expires_at_ms)| Model {
            id: BlockId::new(now),
            kind: *kind,
            pattern: Pattern::parse(*kind, text).unwrap().text,
            reason: String::new(),
            created_at_ms: 0,
            updated_at_ms: 0,
            expires_at_ms: *expires_at_ms,
        });
        BlockList::new(blocks.collect())
    }

    #[test]
    fn blocks_matches_exactly_what_patterns_name() {
        let list = list(&[
            (Kind::Sender, "Ann@Spam.Example", None),
            (Kind::Sender, "*@bulk.example", None),
            (Kind::Sender, "*@*.rotating.example", None),
            (Kind::Sender, "*@bücher.example", None),
            (Kind::Client, "203.0.113.0/24", None),
            (Kind::Client, "2001:db8::/32", None),
            (Kind::Client, "198.51.100.7", None),
            (Kind::Client, "::ffff:192.0.2.0/120", None),
            (Kind::Address, "victim@mayfly.test", None),
        ]);
        let now = SystemClock.now();
        for (sender, is_blocked) in [
            ("ann@spam.example", true),
            ("ANN@SPAM.EXAMPLE.", true),
            ("bob@spam.example", false),
            ("x@bulk.example", true),
            ("x@a.bulk.example", false),
            ("x@a.rotating.example", true),
            ("x@b.a.rotating.example", true),
            ("x@rotating.example", false),
            ("x@evilrotating.example", false),
            ("x@xn--bcher-kva.example", true),
            ("x@BÜCHER.example", true),
            ("", false),
            ("no-domain", false),
        ] {
            let found = list.blocks(sender, None, "a@mayfly.test", now);
            assert_eq!(found, is_blocked, "{sender}");
        }
        for (client, is_blocked) in [
            ("203.0.113.255", true),
            ("::ffff:203.0.113.1", true),
            ("203.0.114.0", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
            ("198.51.100.7", true),
            ("198.51.100.8", false),
            ("192.0.2.9", true),
        ] {
            let found = list.blocks("", Some(client.parse().unwrap()), "a@mayfly.test", now);
            assert_eq!(found, is_blocked, "{client}");
        }
        assert!(list.blocks("", None, "Victim@mayfly.test", now));
    }

    #[test]
    fn blocks_finds_other_spellings_of_an_address() {
        let list = list(&[
            (Kind::Sender, "bad@one.example", None),
            (Kind::Sender, r#""very.bad"@one.example"#, None),
            (Kind::Sender, "*@two.example", None),
            (Kind::Address, "bob@mayfly.test", None),
            (Kind::Address, "eve+tag@mayfly.test", None),
        ]);
        let now = SystemClock.now();
        for (sender, is_blocked) in [
            (r#""bad"@one.example"#, true),
            (r#""b\ad"@one.example"#, true),
            (r#""\B\A\D"@ONE.example"#, true),
            ("very.bad@one.example", true),
            (r#""@"@two.example"#, true),
            (r#""ba\\d"@one.example"#, false),
            (r#""bad "@one.example"#, false),
            (r#"""@one.example"#, false),
            ("bad+x@one.example", false),
        ] {
            let found = list.blocks(sender, None, "a@mayfly.test", now);
            assert_eq!(found, is_blocked, "{sender}");
        }
        for (recipient, is_blocked) in [
            ("bob+x@mayfly.test", true),
            ("Bob+x+y@mayfly.test", true),
            ("bob+@mayfly.test", true),
            ("bobby+bob@mayfly.test", false),
            ("eve+tag@mayfly.test", true),
            ("eve+other@mayfly.test", false),
            ("eve@mayfly.test", false),
        ] {
            let found = list.blocks("", None, recipient, now);
            assert_eq!(found, is_blocked, "{recipient}");
        }
    }

    #[test]
    fn expired_block_matches_nothing() {
        let now = SystemClock.now();
        let at = millis(now);
        let list = list(&[
            (Kind::Sender, "*@past.example", Some(at)),
            (Kind::Sender, "*@future.example", Some(at + 1)),
            (Kind::Client, "203.0.113.1", Some(at - 1)),
        ]);
        assert!(!list.blocks("a@past.example", None, "", now));
        assert!(list.blocks("a@future.example", None, "", now));
        assert!(!list.blocks("", Some("203.0.113.1".parse().unwrap()), "", now));
    }

    #[test]
    fn parse_pattern_rejects_what_would_block_everything() {
        for text in [
            "",
            "*",
            "@",
            "*@",
            "*@*",
            "*@*.",
            "a*@b.example",
            "spam.example",
            "a b@c.example",
            "*@a b",
            "ann@*.example",
            "a\n@b.example",
            "\"*\"@b.example",
            "*@a@b.example",
            "\"\"@b.example",
        ] {
            assert!(Pattern::parse(Kind::Sender, text).is_err(), "{text:?}");
        }
        for text in ["", "example.org", "10.0.0.0/33", "*", "0.0.0.0/0", "::/0"] {
            assert!(Pattern::parse(Kind::Client, text).is_err(), "{text:?}");
        }
        let network = Pattern::parse(Kind::Client, "203.0.113.77/24").unwrap();
        assert_eq!(network.text, "203.0.113.0/24");
    }
}
