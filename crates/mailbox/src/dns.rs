//! What the DNS says of a domain: whether it holds a token, and whether its mail comes to us. Every question is asked
//! anew; nothing is remembered.

mod findings;

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

pub(crate) use findings::{Findings, Proof};

/// How long all questions of one verification may take together.
const WHOLE: Duration = Duration::from_millis(4500);
/// How long one question may take; it is asked twice.
const ONE: Duration = Duration::from_secs(2);
/// How many CNAME records are followed: as many as the resolver follows itself.
const MAX_ALIASES: usize = 8;

/// Which servers are asked.
#[derive(Debug)]
pub(crate) struct Dns {
    servers: ResolverConfig,
    dnssec: Dnssec,
    mx_hostname: String,
    lookups: Counter<u64>,
    has_warned: Once,
}

/// Why a domain is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Its user asks.
    Verification,
    /// It is time again.
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
    /// Asks these servers, or those of the system when there are none.
    pub(crate) fn new(servers: &[SocketAddr], dnssec: Dnssec, mx_hostname: String) -> Self {
        let lookups = telemetry::meter()
            .u64_counter("mayfly.domain.lookups")
            .with_description("Looks at custom domains in the DNS, by purpose and outcome")
            .build();
        Self {
            servers: name_servers(servers),
            dnssec,
            mx_hostname,
            lookups,
            has_warned: Once::new(),
        }
    }

    /// Returns the name that an MX record should have.
    pub(crate) fn mx_hostname(&self) -> &str {
        &self.mx_hostname
    }

    /// Looks a domain up, within five seconds.
    #[tracing::instrument(name = "mailbox.look_up_domain", level = "debug", skip_all, fields(outcome = field::Empty))]
    pub(crate) async fn check(&self, name: &str, token: &str, purpose: Purpose) -> Findings {
        let findings = tokio::time::timeout(WHOLE, self.look(name, token))
            .await
            .unwrap_or(Findings::only(Proof::Late));
        let outcome = findings.proof.label();
        Span::current().record("outcome", outcome);
        let labels = [
            KeyValue::new("purpose", purpose.label()),
            KeyValue::new("outcome", outcome),
        ];
        self.lookups.add(1, &labels);
        findings
    }

    /// Looks a domain up. Signatures count where they can be had: many small servers, in routers and the like, leave them
    /// out of every answer, and nothing could be verified behind one of those.
    async fn look(&self, name: &str, token: &str) -> Findings {
        let Some(validating) = self.resolver(self.dnssec.anchors()) else {
            return Findings::only(Proof::Unreachable);
        };
        let findings = self.look_with(&validating, name, token).await;
        if findings.proof != Proof::Bogus || self.has_signatures().await {
            return findings;
        }
        self.has_warned.call_once(|| {
            tracing::warn!(
                "the DNS servers hand out no signatures: those of custom domains are not validated"
            );
        });
        match self.resolver(None) {
            Some(believing) => self.look_with(&believing, name, token).await,
            None => findings,
        }
    }

    async fn look_with(&self, resolver: &TokioResolver, name: &str, token: &str) -> Findings {
        let sibling = sibling_of(name);
        let (own, sibling, mx) = tokio::join!(
            ask(resolver, name, RecordType::TXT),
            ask(resolver, &sibling, RecordType::TXT),
            ask(resolver, name, RecordType::MX),
        );
        let mut proof = findings::judge_txt(own, sibling, token);
        if proof.may_be_circle() && leads_in_circle(resolver, name).await {
            proof = Proof::Circle;
        } else if proof == Proof::Failed && self.is_failed_by_validation(name).await {
            proof = Proof::Bogus;
        }
        let mx = findings::judge_mx(mx, &self.mx_hostname);
        Findings { proof, mx }
    }

    /// Makes what asks, and validates if it is told whose signatures to believe.
    fn resolver(&self, anchors: Option<TrustAnchors>) -> Option<TokioResolver> {
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(self.servers.clone(), provider);
        *builder.options_mut() = options();
        if let Some(anchors) = anchors {
            builder = builder.with_trust_anchor(Arc::new(anchors));
        }
        builder.build().ok()
    }

    /// Tells whether servers that cannot answer can once they are asked not to validate: what they found wrong are signatures.
    async fn is_failed_by_validation(&self, name: &str) -> bool {
        self.ask_plainly(name, RecordType::TXT).await.is_ok()
    }

    /// Tells whether the servers hand out signatures, right or not: those of the root zone are there for everybody.
    async fn has_signatures(&self) -> bool {
        match self.ask_plainly("", RecordType::DNSKEY).await {
            Ok(answer) => answer
                .answers
                .iter()
                .any(|record| record.record_type() == RecordType::RRSIG),
            Err(error) => !error.is_no_records_found(),
        }
    }

    /// Asks one question for an answer with signatures that nobody has validated.
    async fn ask_plainly(&self, name: &str, record_type: RecordType) -> Result<DnsResponse, NetError> {
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

/// Asks one question.
async fn ask(resolver: &TokioResolver, name: &str, record_type: RecordType) -> Result<Vec<RData>, Proof> {
    let span = tracing::debug_span!("dns", otel.kind = "client", dns.question.type = %record_type);
    let answer = resolver
        .lookup(format!("{name}."), record_type)
        .instrument(span)
        .await;
    findings::read(answer.map(|found| (found.message().truncation, found.answers().to_vec())))
}

/// Follows the CNAME records of a name: to its end, or back to where it was, or as far as is followed.
async fn leads_in_circle(resolver: &TokioResolver, name: &str) -> bool {
    let mut at = name.to_owned();
    for _ in 0..MAX_ALIASES {
        let aliases = ask(resolver, &at, RecordType::CNAME).await.unwrap_or_default();
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

fn sibling_of(name: &str) -> String {
    let label = u64::from_be_bytes(random_bytes());
    let parent = name.split_once('.').map_or("", |(_, parent)| parent);
    format!("mayfly-{label:x}.{parent}")
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
