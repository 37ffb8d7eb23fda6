//! A collector: an OTLP receiver that keeps every request. It runs on its own thread, because tests block theirs while they
//! wait for a process to exit.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard},
};

use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::{
            ExportLogsServiceRequest, ExportLogsServiceResponse,
            logs_service_server::{LogsService, LogsServiceServer},
        },
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::Span as ProtoSpan,
};
use tonic::{
    Request, Response, Status,
    transport::{Identity, Server, ServerTlsConfig, server::TcpIncoming},
};

#[derive(Debug, Default)]
struct Received {
    traces: Vec<ExportTraceServiceRequest>,
    metrics: Vec<ExportMetricsServiceRequest>,
    logs: Vec<ExportLogsServiceRequest>,
}

/// The collector. It listens until the tests end.
#[derive(Debug, Clone)]
pub(crate) struct Collector {
    received: Arc<Mutex<Received>>,
    endpoint: String,
}

/// A span, reduced to what tests compare.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) service: String,
    pub(crate) name: String,
    /// `server`, `client` or `internal`.
    pub(crate) kind: &'static str,
    pub(crate) trace_id: String,
    pub(crate) id: String,
    /// Empty for a root span.
    pub(crate) parent_id: String,
    /// The trace and span ids of its links.
    pub(crate) links: Vec<(String, String)>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) is_error: bool,
    start: u64,
}

/// A log record, reduced to what tests compare.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) target: String,
    pub(crate) body: String,
    pub(crate) trace_id: String,
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        Self::serve(Server::builder(), "http://127.0.0.1")
    }

    /// Starts a collector behind TLS; the certificate is for `localhost`.
    pub(crate) fn start_tls(certificate: &str, key: &str) -> Self {
        let tls = ServerTlsConfig::new().identity(Identity::from_pem(certificate, key));
        let server = Server::builder().tls_config(tls).expect("a certificate");
        Self::serve(server, "https://localhost")
    }

    fn serve(mut server: Server, host: &str) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let endpoint = format!("{host}:{port}");
        listener.set_nonblocking(true).expect("not blocking");
        let collector = Self {
            received: Arc::default(),
            endpoint,
        };
        let services = collector.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                server
                    .add_service(TraceServiceServer::new(services.clone()))
                    .add_service(MetricsServiceServer::new(services.clone()))
                    .add_service(LogsServiceServer::new(services))
                    .serve_with_incoming(TcpIncoming::from(listener))
                    .await
            })
        });
        collector
    }

    /// The variable that makes a process export to this collector.
    pub(crate) fn env(&self) -> (&'static str, &str) {
        ("MAYFLY_TELEMETRY__OTLP_ENDPOINT", &self.endpoint)
    }

    fn received(&self) -> MutexGuard<'_, Received> {
        self.received.lock().expect("what was received")
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        let received = self.received();
        let mut spans = Vec::new();
        for resource in received.traces.iter().flat_map(|request| &request.resource_spans) {
            let service = service(resource.resource.as_ref());
            let of_resource = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
            spans.extend(of_resource.map(|span| span_of(&service, span)));
        }
        spans.sort_by_key(|span| span.start);
        spans
    }

    /// The only root span with this name.
    pub(crate) fn root(&self, name: &str) -> Span {
        let mut roots = self.spans();
        roots.retain(|span| span.name == name && span.parent_id.is_empty());
        assert_eq!(roots.len(), 1, "{name}: {roots:#?}");
        roots.remove(0)
    }

    /// The trace of a span as an indented tree.
    pub(crate) fn tree(&self, root: &Span) -> String {
        fn add(spans: &[Span], span: &Span, depth: usize, tree: &mut String) {
            let _ = writeln!(
                tree,
                "{:depth$}{} [{} {}]",
                "", span.name, span.kind, span.service
            );
            for child in spans
                .iter()
                .filter(|child| child.trace_id == span.trace_id && child.parent_id == span.id)
            {
                add(spans, child, depth + 2, tree);
            }
        }
        let mut tree = String::new();
        add(&self.spans(), root, 0, &mut tree);
        tree
    }

    /// Each metric's unit and the attributes of its points, by name.
    pub(crate) fn metrics(&self) -> BTreeMap<String, (String, String)> {
        let received = self.received();
        let resources = received
            .metrics
            .iter()
            .flat_map(|request| &request.resource_metrics);
        let metrics = resources
            .flat_map(|resource| &resource.scope_metrics)
            .flat_map(|scope| &scope.metrics);
        let mut found = BTreeMap::<String, (String, String)>::new();
        for metric in metrics {
            let (_, points) = found
                .entry(metric.name.clone())
                .or_insert_with(|| (metric.unit.clone(), String::new()));
            let _ = write!(points, "{:?}", metric.data);
        }
        found
    }

    pub(crate) fn logs(&self) -> Vec<Record> {
        let received = self.received();
        let resources = received.logs.iter().flat_map(|request| &request.resource_logs);
        let scopes = resources.flat_map(|resource| &resource.scope_logs);
        let records = scopes.flat_map(|scope| {
            let target = scope.scope.as_ref().map(|scope| scope.name.as_str());
            scope
                .log_records
                .iter()
                .map(move |record| (target.unwrap_or_default(), record))
        });
        records
            .map(|(target, record)| Record {
                target: target.to_owned(),
                body: record.body.as_ref().map(text).unwrap_or_default(),
                trace_id: hex(&record.trace_id),
                attributes: attributes(&record.attributes),
            })
            .collect()
    }

    /// Everything received, as text, per signal.
    pub(crate) fn everything(&self) -> [String; 3] {
        let received = self.received();
        [
            format!("{:#?}", received.traces),
            format!("{:#?}", received.metrics),
            format!("{:#?}", received.logs),
        ]
    }
}

fn span_of(service: &str, span: &ProtoSpan) -> Span {
    let kind = match span.kind {
        1 => "internal",
        2 => "server",
        3 => "client",
        _ => "other",
    };
    Span {
        service: service.to_owned(),
        name: span.name.clone(),
        kind,
        trace_id: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent_id: hex(&span.parent_span_id),
        links: span
            .links
            .iter()
            .map(|link| (hex(&link.trace_id), hex(&link.span_id)))
            .collect(),
        attributes: attributes(&span.attributes),
        is_error: span.status.as_ref().is_some_and(|status| status.code == 2),
        start: span.start_time_unix_nano,
    }
}

fn service(resource: Option<&Resource>) -> String {
    let attributes = attributes(&resource.expect("a resource").attributes);
    for key in [
        "service.version",
        "service.instance.id",
        "service.namespace",
        "mayfly.roles",
    ] {
        assert!(attributes.contains_key(key), "{key}: {attributes:?}");
    }
    attributes["service.name"].clone()
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let pair = |pair: &KeyValue| {
        (
            pair.key.clone(),
            pair.value.as_ref().map(text).unwrap_or_default(),
        )
    };
    attributes.iter().map(pair).collect()
}

fn text(value: &AnyValue) -> String {
    match &value.value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.received().traces.push(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.received().metrics.push(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Collector {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        self.received().logs.push(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}
