//! What the DNS says of a domain: whether it holds a token, and whether its mail comes to us. Every question is asked
//! anew; nothing is remembered.

use std::{net::SocketAddr, time::Duration};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::rr::{RData, RecordType},
    system_conf::read_system_conf,
};
use mayfly_types::random_bytes;
use tracing::Instrument;

/// How long all questions of one verification may take together.
const WHOLE: Duration = Duration::from_millis(4500);
/// How long one question may take; it is asked twice.
const ONE: Duration = Duration::from_secs(2);

/// Which servers are asked.
#[derive(Debug)]
pub(crate) struct Dns {
    servers: ResolverConfig,
    mx_hostname: String,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Findings {
    /// The domain, and it alone, holds the token.
    pub(crate) txt_record: bool,
    /// One of its mail servers is ours.
    pub(crate) mx_record: bool,
    /// No other mail server stands before ours.
    pub(crate) mx_configured: bool,
    /// What is wrong, for a person.
    pub(crate) message: &'static str,
}

impl Dns {
    /// Asks these servers, or those of the system when there are none.
    pub(crate) fn new(servers: &[SocketAddr], mx_hostname: String) -> Self {
        let servers = if servers.is_empty() {
            read_system_conf().map_or_else(
                |error| {
                    tracing::warn!(%error, "cannot read the system's DNS servers: no domain can be verified");
                    ResolverConfig::from_parts(None, Vec::new(), Vec::new())
                },
                |(config, _)| ResolverConfig::from_parts(None, Vec::new(), config.name_servers().to_vec()),
            )
        } else {
            ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(server).collect())
        };
        Self { servers, mx_hostname }
    }

    /// Returns the name that an MX record should have.
    pub(crate) fn mx_hostname(&self) -> &str {
        &self.mx_hostname
    }

    /// Looks a domain up, within five seconds.
    #[tracing::instrument(name = "mailbox.look_up_domain", level = "debug", skip_all)]
    pub(crate) async fn check(&self, name: &str, token: &str) -> Findings {
        let nothing = |message| Findings {
            txt_record: false,
            mx_record: false,
            mx_configured: false,
            message,
        };
        let mut builder =
            TokioResolver::builder_with_config(self.servers.clone(), TokioRuntimeProvider::default());
        *builder.options_mut() = options();
        let Ok(resolver) = builder.build() else {
            return nothing("no DNS server can be asked");
        };
        let sibling = sibling_of(name);
        let questions = async {
            tokio::join!(
                ask(&resolver, name, RecordType::TXT),
                ask(&resolver, &sibling, RecordType::TXT),
                ask(&resolver, name, RecordType::MX),
            )
        };
        let Ok((own, sibling, mx)) = tokio::time::timeout(WHOLE, questions).await else {
            return nothing("the DNS did not answer in time; try again later");
        };
        let (mx_record, mx_configured) = mx.map_or((false, false), |records| self.judge_mx(&records));
        let text = judge_txt(own, sibling, token);
        let message = match (text, mx_configured) {
            (Err(message), _) => message,
            (Ok(()), true) => "the domain is verified",
            (Ok(()), false) => {
                "the domain is verified, but its first MX record does not name us: no mail arrives"
            }
        };
        Findings {
            txt_record: text.is_ok(),
            mx_record,
            mx_configured,
            message,
        }
    }

    fn judge_mx(&self, records: &[RData]) -> (bool, bool) {
        let servers: Vec<(u16, bool)> = records
            .iter()
            .filter_map(|record| match record {
                RData::MX(mx) => {
                    let host = mx.exchange.to_ascii();
                    let is_ours = host.trim_end_matches('.').eq_ignore_ascii_case(&self.mx_hostname);
                    Some((mx.preference, is_ours))
                }
                _ => None,
            })
            .collect();
        let ours = servers
            .iter()
            .filter(|server| server.1)
            .map(|server| server.0)
            .min();
        let first = servers.iter().map(|server| server.0).min();
        (ours.is_some(), ours.is_some() && ours == first)
    }
}

/// The TXT records must hold the token, and a name that nobody can have made must not: a wildcard proves nothing.
fn judge_txt(
    own: Result<Vec<RData>, &'static str>,
    sibling: Result<Vec<RData>, &'static str>,
    token: &str,
) -> Result<(), &'static str> {
    if !holds(&own?, token) {
        return Err("no TXT record of the domain is the verify_token");
    }
    if holds(&sibling?, token) {
        return Err("the TXT record is a wildcard: it must stand on the domain itself");
    }
    Ok(())
}

fn holds(records: &[RData], token: &str) -> bool {
    records.iter().any(|record| match record {
        RData::TXT(txt) => txt.txt_data.concat() == token.as_bytes(),
        _ => false,
    })
}

/// Asks one question. That there is no such record is an answer.
async fn ask(
    resolver: &TokioResolver,
    name: &str,
    record_type: RecordType,
) -> Result<Vec<RData>, &'static str> {
    let span = tracing::debug_span!("dns", otel.kind = "client", dns.question.type = %record_type);
    match resolver
        .lookup(format!("{name}."), record_type)
        .instrument(span)
        .await
    {
        Ok(found) if found.message().truncation => Err("the DNS answer is cut short, even over TCP"),
        Ok(found) => Ok(found.answers().iter().map(|record| record.data.clone()).collect()),
        Err(NetError::Dns(DnsError::NoRecordsFound(_))) => Ok(Vec::new()),
        Err(NetError::Timeout) => Err("the DNS did not answer in time; try again later"),
        Err(error) => {
            tracing::debug!(%error, "a DNS question failed");
            Err(
                "the DNS answered with an error: a loop of CNAME records, a refusal, or a signature that is wrong",
            )
        }
    }
}

fn sibling_of(name: &str) -> String {
    let label = u64::from_be_bytes(random_bytes());
    let parent = name.split_once('.').map_or("", |(_, parent)| parent);
    format!("mayfly-{label:x}.{parent}")
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let on_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    server.connections = server.connections.into_iter().map(on_port).collect();
    server
}

fn options() -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.cache_size = 0;
    options.timeout = ONE;
    options.attempts = 1;
    options.edns0 = true;
    options.use_hosts_file = hickory_resolver::config::ResolveHosts::Never;
    options
}
