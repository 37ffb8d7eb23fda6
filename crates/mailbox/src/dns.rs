//! Checks a domain in the DNS: whether a TXT record holds its token, and whether its MX records name this service. Nothing is
//! cached.

mod report;

use std::{
    net::SocketAddr,
    sync::{Arc, Once},
    time::Duration,
};

use hickory_resolver::{
    NameServerPool, PoolContext, TlsConfig, TokioResolver,
    config::{ResolverConfig, ResolverOpts},
    net::{
        NetError,
        runtime::TokioRuntimeProvider,
        xfer::{DnsHandle, FirstAnswer},
    },
    proto::{
        dnssec::TrustAnchors,
        op::{DnsRequest, DnsRequestOptions, DnsResponse, Query},
        rr::{Name, RData, RecordType},
    },
};
use mayfly_runtime::telemetry;
use mayfly_types::random_bytes;
use opentelemetry::{KeyValue, metrics::Counter};
use tracing::{Instrument, Span, field};

use crate::{config::Dnssec, name_servers::name_servers};

pub(crate) use report::{DnsReport, Proof};

/// Time-out of all queries of one check.
const CHECK_TIMEOUT: Duration = Duration::from_millis(4500);
/// Time-out of one query, which is sent twice.
const QUERY_TIMEOUT: Duration = Duration::from_secs(2);
/// Largest length of a CNAME chain; the resolver has the same limit.
const MAX_ALIASES: usize = 8;

/// A client of the configured name servers.
#[derive(Debug)]
pub(crate) struct Dns {
    servers: ResolverConfig,
    dnssec: Dnssec,
    mx_hostname: String,
    lookups: Counter<u64>,
    no_dnssec_warned: Once,
}

/// Why a domain is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Its user requests it.
    Verification,
    /// The daily check.
    Check,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Check => "check",
        }
    }
}

impl Dns {
    /// Uses these name servers, or those of the system when there are none.
    pub(crate) fn new(servers: &[SocketAddr], dnssec: Dnssec, mx_hostname: String) -> Self {
        let lookups = telemetry::meter()
            .u64_counter("mayfly.domain.lookups")
            .with_description("DNS checks of custom domains, by purpose and outcome")
            .build();
        Self {
            servers: name_servers(servers),
            dnssec,
            mx_hostname,
            lookups,
            no_dnssec_warned: Once::new(),
        }
    }

    /// Returns the host that an MX record should name.
    pub(crate) fn mx_hostname(&self) -> &str {
        &self.mx_hostname
    }

    /// Checks a domain within five seconds.
    #[tracing::instrument(name = "mailbox.look_up_domain", level = "debug", skip_all, fields(outcome = field::Empty))]
    pub(crate) async fn check(&self, name: &str, token: &str, purpose: Purpose) -> DnsReport {
        let report = tokio::time::timeout(CHECK_TIMEOUT, self.check_all(name, token))
            .await
            .unwrap_or(DnsReport::only(Proof::Timeout));
        let outcome = report.proof.label();
        Span::current().record("outcome", outcome);
        let labels = [
            KeyValue::new("purpose", purpose.label()),
            KeyValue::new("outcome", outcome),
        ];
        self.lookups.add(1, &labels);
        report
    }

    /// Checks a domain, with DNSSEC where the name servers support it. Many forwarders, such as those in routers, strip
    /// signatures from every answer; validation behind one of those would always fail.
    async fn check_all(&self, name: &str, token: &str) -> DnsReport {
        let Some(validating) = self.resolver(self.dnssec.anchors()) else {
            return DnsReport::only(Proof::Unreachable);
        };
        let report = self.check_with(&validating, name, token).await;
        if report.proof != Proof::Bogus || self.has_signatures().await {
            return report;
        }
        self.no_dnssec_warned.call_once(|| {
            tracing::warn!("the name servers return no DNSSEC signatures; custom domains are not validated");
        });
        match self.resolver(None) {
            Some(unvalidated) => self.check_with(&unvalidated, name, token).await,
            None => report,
        }
    }

    async fn check_with(&self, resolver: &TokioResolver, name: &str, token: &str) -> DnsReport {
        let probe = wildcard_probe(name);
        let (own, probe, mx) = tokio::join!(
            query(resolver, name, RecordType::TXT),
            query(resolver, &probe, RecordType::TXT),
            query(resolver, name, RecordType::MX),
        );
        let mut proof = report::check_txt(own, probe, token);
        if proof.may_be_cname_loop() && is_cname_loop(resolver, name).await {
            proof = Proof::CnameLoop;
        } else if proof == Proof::Failed && self.fails_validation(name).await {
            proof = Proof::Bogus;
        }
        let mx = report::check_mx(mx, &self.mx_hostname);
        DnsReport { proof, mx }
    }

    /// Builds a resolver, which validates if there are trust anchors.
    fn resolver(&self, anchors: Option<TrustAnchors>) -> Option<TokioResolver> {
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(self.servers.clone(), provider);
        *builder.options_mut() = options();
        if let Some(anchors) = anchors {
            builder = builder.with_trust_anchor(Arc::new(anchors));
        }
        builder.build().ok()
    }

    /// Returns whether a query that failed succeeds with validation disabled (CD bit): then the signatures are wrong.
    async fn fails_validation(&self, name: &str) -> bool {
        self.query_unvalidated(name, RecordType::TXT).await.is_ok()
    }

    /// Returns whether the name servers return signatures, valid or not. The root zone is always signed.
    async fn has_signatures(&self) -> bool {
        match self.query_unvalidated("", RecordType::DNSKEY).await {
            Ok(answer) => answer
                .answers
                .iter()
                .any(|record| record.record_type() == RecordType::RRSIG),
            Err(error) => !error.is_no_records_found(),
        }
    }

    /// Sends one query with the DO and CD bits: an answer with signatures and without validation.
    async fn query_unvalidated(&self, name: &str, record_type: RecordType) -> Result<DnsResponse, NetError> {
        let servers = NameServerPool::from_config(
            self.servers.name_servers().to_vec(),
            Arc::new(PoolContext::new(options(), TlsConfig::new()?)),
            TokioRuntimeProvider::default(),
        );
        let mut with_signatures = DnsRequestOptions::default();
        with_signatures.use_edns = true;
        with_signatures.edns_set_dnssec_ok = true;
        let question = Query::query(Name::from_ascii(format!("{name}."))?, record_type);
        let mut request = DnsRequest::from_query(question, with_signatures);
        request.metadata.checking_disabled = true;
        servers.send(request).first_answer().await
    }
}

/// Sends one query.
async fn query(resolver: &TokioResolver, name: &str, record_type: RecordType) -> Result<Vec<RData>, Proof> {
    let span = tracing::debug_span!("dns", otel.kind = "client", dns.question.type = %record_type);
    let answer = resolver
        .lookup(format!("{name}."), record_type)
        .instrument(span)
        .await;
    report::read(answer.map(|found| (found.message().truncation, found.answers().to_vec())))
}

/// Follows the CNAME records of a name. Returns whether they loop or exceed [`MAX_ALIASES`].
async fn is_cname_loop(resolver: &TokioResolver, name: &str) -> bool {
    let mut at = name.to_owned();
    for _ in 0..MAX_ALIASES {
        let aliases = query(resolver, &at, RecordType::CNAME).await.unwrap_or_default();
        let target = aliases.iter().find_map(|record| match record {
            RData::CNAME(target) => Some(target.to_ascii()),
            _ => None,
        });
        match target {
            Some(target) => at = target.trim_end_matches('.').to_owned(),
            None => return false,
        }
    }
    true
}

/// Returns a random name beside a domain: only a wildcard can match it.
fn wildcard_probe(name: &str) -> String {
    let label = u64::from_be_bytes(random_bytes());
    let parent = name.split_once('.').map_or("", |(_, parent)| parent);
    format!("mayfly-{label:x}.{parent}")
}

fn options() -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.cache_size = 0;
    options.timeout = QUERY_TIMEOUT;
    options.attempts = 1;
    options.edns0 = true;
    options.use_hosts_file = hickory_resolver::config::ResolveHosts::Never;
    options
}
