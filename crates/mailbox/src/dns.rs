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
    pub(crate) proof: Proof,
    /// One of its mail servers is ours.
    pub(crate) mx_record: bool,
    /// No other mail server stands before ours.
    pub(crate) mx_configured: bool,
}

/// Whether a domain holds a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// It does, and no other name beside it.
    Found,
    /// It does not.
    Absent,
    /// Every name beside it holds the token as well.
    Wildcard,
    /// The answer does not fit into a message.
    CutShort,
    /// No answer came in time.
    Late,
    /// What came is no answer.
    Failed,
}

impl Proof {
    pub(crate) fn is_found(self) -> bool {
        self == Self::Found
    }

    /// Tells whether there was an answer, and no proof in it.
    pub(crate) fn is_refuted(self) -> bool {
        matches!(self, Self::Absent | Self::Wildcard)
    }
}

impl Findings {
    const fn only(proof: Proof) -> Self {
        Self {
            proof,
            mx_record: false,
            mx_configured: false,
        }
    }

    /// Returns what is wrong, for a person.
    pub(crate) fn message(&self) -> &'static str {
        match self.proof {
            Proof::Found if self.mx_configured => "the domain is verified",
            Proof::Found => {
                "the domain is verified, but its first MX record does not name us: no mail arrives"
            }
            Proof::Absent => "no TXT record of the domain is the verify_token",
            Proof::Wildcard => "the TXT record is a wildcard: it must stand on the domain itself",
            Proof::CutShort => "the DNS answer is cut short, even over TCP",
            Proof::Late => "the DNS did not answer in time; try again later",
            Proof::Failed => {
                "the DNS answered with an error: a loop of CNAME records, a refusal, or a signature that is wrong"
            }
        }
    }
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
        let mut builder =
            TokioResolver::builder_with_config(self.servers.clone(), TokioRuntimeProvider::default());
        *builder.options_mut() = options();
        let Ok(resolver) = builder.build() else {
            return Findings::only(Proof::Failed);
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
            return Findings::only(Proof::Late);
        };
        let (mx_record, mx_configured) = mx.map_or((false, false), |records| self.judge_mx(&records));
        Findings {
            proof: judge_txt(own, sibling, token),
            mx_record,
            mx_configured,
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
fn judge_txt(own: Result<Vec<RData>, Proof>, sibling: Result<Vec<RData>, Proof>, token: &str) -> Proof {
    match (own, sibling) {
        (Err(failed), _) => failed,
        (Ok(own), _) if !holds(&own, token) => Proof::Absent,
        (Ok(_), Err(failed)) => failed,
        (Ok(_), Ok(sibling)) if holds(&sibling, token) => Proof::Wildcard,
        (Ok(_), Ok(_)) => Proof::Found,
    }
}

fn holds(records: &[RData], token: &str) -> bool {
    records.iter().any(|record| match record {
        RData::TXT(txt) => txt.txt_data.concat() == token.as_bytes(),
        _ => false,
    })
}

/// Asks one question. That there is no such record is an answer.
async fn ask(resolver: &TokioResolver, name: &str, record_type: RecordType) -> Result<Vec<RData>, Proof> {
    let span = tracing::debug_span!("dns", otel.kind = "client", dns.question.type = %record_type);
    match resolver
        .lookup(format!("{name}."), record_type)
        .instrument(span)
        .await
    {
        Ok(found) if found.message().truncation => Err(Proof::CutShort),
        Ok(found) => Ok(found.answers().iter().map(|record| record.data.clone()).collect()),
        Err(NetError::Dns(DnsError::NoRecordsFound(_))) => Ok(Vec::new()),
        Err(NetError::Timeout) => Err(Proof::Late),
        Err(error) => {
            tracing::debug!(%error, "a DNS question failed");
            Err(Proof::Failed)
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
