//! Traces and the metrics and logs that go with them.

use mayfly_testkit::{MailSender, eventually};

use super::{FOREIGN_TRACE, terminate, use_everything};
use crate::{
    otlp::{Collector, Record, Span},
    world::{Kind, World},
};

/// The spans of the requests below, each as a path from its root span.
const REQUEST: [&str; 2] = [
    "GET /api/messages > client mayfly.auth.v1.Auth/ValidateToken > server mayfly.auth.v1.Auth/ValidateToken > \
     auth.validate_token",
    "GET /api/messages > client mayfly.mailbox.v1.Mailbox/ListMessages > server mayfly.mailbox.v1.Mailbox/ListMessages > \
     mailbox.list_messages",
];
const SIGN_IN: [&str; 3] = [
    "POST /api/token > client mayfly.mailbox.v1.Mailbox/FindMailbox > server mayfly.mailbox.v1.Mailbox/FindMailbox > \
     mailbox.find_mailbox",
    "POST /api/token > client mayfly.auth.v1.Auth/SignIn > server mayfly.auth.v1.Auth/SignIn > auth.sign_in > auth.hash",
    "POST /api/token > client mayfly.auth.v1.Auth/SignIn > server mayfly.auth.v1.Auth/SignIn > auth.sign_in > find_credential",
];
const TRANSACTION: [&str; 4] = [
    "smtp.transaction > client mayfly.mailbox.v1.Mailbox/ResolveRecipient > \
     server mayfly.mailbox.v1.Mailbox/ResolveRecipient > mailbox.resolve_recipient",
    "smtp.transaction > client mayfly.mailbox.v1.Mailbox/DeliverMessage > \
     server mayfly.mailbox.v1.Mailbox/DeliverMessage > mailbox.deliver_message",
    "smtp.transaction > client mayfly.mailbox.v1.Mailbox/DeliverMessage > \
     server mayfly.mailbox.v1.Mailbox/DeliverMessage > mailbox.deliver_message > mailbox.deliver_batch",
    "smtp.transaction > client mayfly.mailbox.v1.Mailbox/DeliverMessage > \
     server mayfly.mailbox.v1.Mailbox/DeliverMessage > mailbox.deliver_message > mailbox.deliver_batch > deliver_messages",
];

/// The path of a span from its root. Client and server spans of a call have one name, so the kind is included.
fn path(spans: &[Span], span: &Span) -> String {
    let name = if span.attributes.contains_key("rpc.method") {
        format!("{} {}", span.kind, span.name)
    } else {
        span.name.clone()
    };
    let parent = spans
        .iter()
        .find(|parent| parent.id == span.parent_id && parent.trace_id == span.trace_id);
    parent.map_or(name.clone(), |parent| format!("{} > {name}", path(spans, parent)))
}

fn assert_tree(collector: &Collector, root: &Span, expected: &[&str]) {
    let spans = collector.spans();
    let paths: Vec<String> = spans
        .iter()
        .filter(|span| span.trace_id == root.trace_id)
        .map(|span| path(&spans, span))
        .collect();
    let tree = collector.tree(root);
    eprintln!("{tree}");
    for expected in expected {
        assert!(
            paths.iter().any(|path| path == expected),
            "{expected} is not in\n{tree}"
        );
    }
}

#[tokio::test]
async fn trace_spans_edge_to_use_case_all_in_one() {
    one_trace(Kind::AllInOne).await;
}

#[tokio::test]
async fn trace_spans_edge_to_use_case_split() {
    one_trace(Kind::Split).await;
}

async fn one_trace(kind: Kind) {
    let collector = Collector::start();
    let often = ("OTEL_METRIC_EXPORT_INTERVAL", "100");
    let mut world = World::start_with(kind, &[collector.env(), often]);
    let (_, request_id) = use_everything(&world).await;
    // The gauge exists only while it is observed, so it is not in the final export.
    eventually("the collector has a gauge", async || {
        collector.metrics().contains_key("auth.hash.waiting")
    })
    .await;
    // Before the next batch of spans is due: the spans arrive by the final flush.
    terminate(&mut world);

    let root = collector.root("GET /api/messages");
    assert_tree(&collector, &root, &REQUEST);
    assert_tree(&collector, &collector.root("POST /api/token"), &SIGN_IN);
    for (key, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/api/messages"),
        ("http.response.status_code", "200"),
        ("url.scheme", "http"),
        ("request_id", &request_id),
    ] {
        assert_eq!(
            root.attributes.get(key).map(String::as_str),
            Some(value),
            "{key}: {root:?}"
        );
    }
    assert_eq!(root.kind, "server");
    assert_ne!(root.trace_id, FOREIGN_TRACE, "a foreign trace is not continued");
    assert_eq!(
        root.links,
        [(FOREIGN_TRACE.to_owned(), "b7ad6b7169203331".to_owned())]
    );
    assert!(
        !collector.everything()[0].contains("vendor"),
        "foreign tracestate is dropped"
    );

    let stored = transaction(&collector, "250");
    assert_tree(&collector, &stored, &TRANSACTION);
    assert_eq!(stored.attributes["smtp.recipients"], "1");
    assert_eq!(stored.attributes["smtp.message.size"], "27");
    let refused = refused_call(&collector);
    assert_eq!(refused.attributes["rpc.response.status_code"], "NOT_FOUND");
    assert_eq!(
        refused.is_error,
        refused.kind == "client",
        "only the client span is an error: {refused:?}"
    );

    assert_services(&collector, kind);
    assert_metrics(&collector, kind);
    let is_exported = |record: &Record| {
        record.body == "request"
            && record.trace_id == root.trace_id
            && record.attributes["route"] == "/api/messages"
    };
    assert!(
        collector.logs().into_iter().any(|record| is_exported(&record)),
        "{:?}",
        collector.logs()
    );
    let line = format!("\"trace_id\":\"{}\"", root.trace_id);
    assert!(world.log().contains(&line), "{line} is not in {}", world.log());
}

fn transaction(collector: &Collector, code: &str) -> Span {
    let mut spans = collector.spans();
    spans.retain(|span| {
        span.name == "smtp.transaction"
            && span
                .attributes
                .get("smtp.reply.code")
                .is_some_and(|reply| reply == code)
    });
    assert_eq!(spans.len(), 1, "{spans:?}");
    assert!(spans[0].parent_id.is_empty() && spans[0].kind == "server");
    spans.remove(0)
}

fn refused_call(collector: &Collector) -> Span {
    let mut spans = collector.spans();
    spans.retain(|span| {
        span.kind == "client"
            && span.name == "mayfly.mailbox.v1.Mailbox/ResolveRecipient"
            && span.attributes["rpc.response.status_code"] != "OK"
    });
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans.remove(0)
}

fn assert_services(collector: &Collector, kind: Kind) {
    let mut services: Vec<String> = collector.spans().into_iter().map(|span| span.service).collect();
    services.sort();
    services.dedup();
    let expected: &[&str] = match kind {
        Kind::AllInOne | Kind::Whole => &["mayfly"],
        Kind::Split | Kind::Replicas => &["mayfly-auth", "mayfly-gateway", "mayfly-mailbox", "mayfly-smtp"],
    };
    assert_eq!(services, expected);
}

fn assert_metrics(collector: &Collector, kind: Kind) {
    let metrics = collector.metrics();
    for (name, unit, attribute) in [
        ("http.server.request.duration", "s", "/api/messages"),
        (
            "rpc.server.call.duration",
            "s",
            "mayfly.mailbox.v1.Mailbox/ListMessages",
        ),
        ("db.client.operation.duration", "s", "deliver_messages"),
        ("auth.hash.duration", "s", "verify"),
        ("auth.hash.waiting", "", ""),
        ("auth.token.validations", "", "accepted"),
        ("smtp.messages", "", "250"),
        ("smtp.replies", "", "550"),
    ] {
        let (found, points) = metrics
            .get(name)
            .unwrap_or_else(|| panic!("{name} is not in {:?}", metrics.keys()));
        assert!(
            found == unit && points.contains(attribute),
            "{name} in {found}: {points}"
        );
    }
    assert_eq!(
        metrics.contains_key("rpc.client.call.duration"),
        kind == Kind::Split
    );
}

#[tokio::test]
async fn unsampled_trace_is_not_exported() {
    let collector = Collector::start();
    let ratio = ("MAYFLY_TELEMETRY__SAMPLE_RATIO", "0");
    let mut world = World::start_with(Kind::Split, &[collector.env(), ratio]);
    use_everything(&world).await;
    terminate(&mut world);
    assert_eq!(
        collector.spans().len(),
        0,
        "the sampled flag of a foreign trace is ignored"
    );
    assert!(collector.metrics().contains_key("http.server.request.duration"));
    assert!(collector.logs().iter().any(|record| record.body == "request"));
}

/// Of the deliveries in a group commit, one is the parent of the commit span and the others are linked.
#[tokio::test]
async fn group_commit_span_links_every_delivery() {
    let collector = Collector::start();
    let mut world = World::start_with(Kind::AllInOne, &[collector.env()]);
    world.client().create_mailbox("busy@mayfly.test", None).await;
    let senders = (0..32).map(|_| {
        let smtp = world.smtp();
        tokio::spawn(async move {
            let mut sender = MailSender::ready(smtp).await.unwrap();
            for _ in 0..4 {
                let sent = sender
                    .send("a@example.com", &["busy@mayfly.test"], b"x\r\n")
                    .await;
                assert_eq!(sent.unwrap().code, 250);
            }
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.unwrap();
    }
    terminate(&mut world);
    let mut spans = collector.spans();
    spans.retain(|span| span.name == "mailbox.deliver_batch");
    let deliveries: usize = spans
        .iter()
        .map(|span| span.attributes["deliveries"].parse::<usize>().unwrap())
        .sum();
    let referenced: usize = spans
        .iter()
        .map(|span| span.links.len() + usize::from(!span.parent_id.is_empty()))
        .sum();
    assert_eq!((deliveries, referenced), (128, 128));
    assert!(
        spans.iter().any(|span| !span.links.is_empty()),
        "some deliveries share a commit"
    );
}
