//! What a collector is told: one trace from the edge to the use case, metrics, logs; and that it may be away.

use std::{
    net::TcpListener,
    process::Command,
    time::{Duration, Instant},
};

use mayfly_testkit::{MailSender, eventually};

use crate::{
    client::Mailbox,
    otlp::{Collector, Span},
    world::{Kind, World},
};

/// The spans of the requests below, a path from the edge each: where there are several traces in one list, each is one.
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

const STRANGER: &str = "0af7651916cd43dd8448eb211c80319c";

/// A stranger's `traceparent`, which says that the trace is kept.
fn traceparent() -> String {
    format!("00-{STRANGER}-b7ad6b7169203331-01")
}

/// Signs in, reads, and sends a mail. Returns the id of the request that reads.
async fn live(world: &World) -> (Mailbox, String) {
    let client = world.client();
    let mailbox = client.create_mailbox("traced@mayfly.test", None).await;
    let sign_in = serde_json::json!({"address": mailbox.address, "password": crate::client::PASSWORD});
    let signed_in = client.call("POST", "/api/token", None, Some(sign_in)).await;
    assert_eq!(signed_in.status, 200);
    let list = client
        .request("GET", "/api/messages?page=1")
        .bearer_auth(&mailbox.token)
        .header("traceparent", traceparent())
        .header("tracestate", "vendor=anything");
    let listed = crate::client::Client::read(list).await;
    assert_eq!(listed.status, 200);
    let request_id = listed.headers["x-request-id"].to_str().unwrap().to_owned();
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let mail = b"Subject: traced\r\n\r\nHello.\r\n";
    let reply = sender
        .send("someone@example.com", &["traced@mayfly.test"], mail)
        .await
        .unwrap();
    assert_eq!(reply.code, 250);
    let reply = sender.command("MAIL FROM:<someone@example.com>").await.unwrap();
    assert_eq!(reply.code, 250);
    let reply = sender.command("RCPT TO:<nobody@mayfly.test>").await.unwrap();
    assert_eq!(reply.code, 550);
    (mailbox, request_id)
}

/// SIGTERM for each process, the edges first; each must end well.
fn terminate(world: &mut World) {
    for process in world.processes.iter_mut().rev() {
        assert_eq!(process.terminate(), Some(0), "{}", process.log());
    }
}

/// The path of a span from the first of its trace. The kind is told of calls, whose ends have one name.
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
async fn one_trace_goes_from_the_edge_to_the_use_case_in_one_process() {
    one_trace(Kind::AllInOne).await;
}

#[tokio::test]
async fn one_trace_goes_from_the_edge_to_the_use_case_in_four() {
    one_trace(Kind::Split).await;
}

async fn one_trace(kind: Kind) {
    let collector = Collector::start();
    let often = ("OTEL_METRIC_EXPORT_INTERVAL", "100");
    let mut world = World::start_with(kind, &[collector.env(), often]);
    let (_, request_id) = live(&world).await;
    // Observed while there is something to observe, so not told at the end.
    eventually("the collector has a gauge", async || {
        collector.metrics().contains_key("auth.hash.waiting")
    })
    .await;
    // Sooner than a batch of spans is due: what arrives was told at the end.
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
    assert_ne!(root.trace_id, STRANGER, "a stranger's trace is not joined");
    assert_eq!(root.links, [(STRANGER.to_owned(), "b7ad6b7169203331".to_owned())]);
    assert!(
        !collector.everything()[0].contains("vendor"),
        "a stranger's text is dropped"
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
        "whose fault it is: {refused:?}"
    );

    assert_services(&collector, kind);
    assert_metrics(&collector, kind);
    let is_told = |record: &crate::otlp::Record| {
        record.body == "request"
            && record.trace_id == root.trace_id
            && record.attributes["route"] == "/api/messages"
    };
    assert!(
        collector.logs().into_iter().any(|record| is_told(&record)),
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
                .is_some_and(|told| told == code)
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
        Kind::AllInOne => &["mayfly"],
        Kind::Split | Kind::Replicas => &["mayfly-auth", "mayfly-gateway", "mayfly-mailbox", "mayfly-smtp"],
    };
    assert_eq!(services, expected);
}

fn assert_metrics(collector: &Collector, kind: Kind) {
    let metrics = collector.metrics();
    for (name, unit, told) in [
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
            found == unit && points.contains(told),
            "{name} in {found}: {points}"
        );
    }
    assert_eq!(
        metrics.contains_key("rpc.client.call.duration"),
        kind == Kind::Split
    );
}

#[tokio::test]
async fn what_is_not_sampled_is_not_told() {
    let collector = Collector::start();
    let ratio = ("MAYFLY_TELEMETRY__SAMPLE_RATIO", "0");
    let mut world = World::start_with(Kind::Split, &[collector.env(), ratio]);
    live(&world).await;
    terminate(&mut world);
    assert_eq!(
        collector.spans().len(),
        0,
        "a stranger's sampled trace changes nothing"
    );
    assert!(collector.metrics().contains_key("http.server.request.duration"));
    assert!(collector.logs().iter().any(|record| record.body == "request"));
}

#[tokio::test]
async fn a_revocation_is_counted() {
    let collector = Collector::start();
    let mut world = World::start_with(Kind::AllInOne, &[collector.env()]);
    let client = world.client();
    let pro = client.register("revoker@example.com").await;
    let (id, _) = client.create_token(&pro, "short-lived").await;
    let path = format!("/pro/api/tokens/{id}");
    assert_eq!(client.call("DELETE", &path, Some(&pro), None).await.status, 204);
    terminate(&mut world);
    for name in ["auth.token.revocations", "auth.token.revocation.duration"] {
        let (_, points) = &collector.metrics()[name];
        assert!(
            points.contains("pro_token") && points.contains("certain"),
            "{name}: {points}"
        );
    }
}

/// Deliveries that share a commit: one has it in its trace, the others are linked to it.
#[tokio::test]
async fn a_commit_is_linked_to_every_delivery_in_it() {
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
    let told: usize = spans
        .iter()
        .map(|span| span.links.len() + usize::from(!span.parent_id.is_empty()))
        .sum();
    assert_eq!((deliveries, told), (128, 128));
    assert!(
        spans.iter().any(|span| !span.links.is_empty()),
        "some shared a commit"
    );
}

/// A collector that refuses connections, and one that takes them and never answers.
#[tokio::test]
async fn a_collector_that_is_away_delays_nothing() {
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = format!("http://{}", refusing.local_addr().unwrap());
    drop(refusing);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let unanswered = format!("http://{}", silent.local_addr().unwrap());
    for endpoint in [refused, unanswered] {
        let started = Instant::now();
        let mut world = World::start_with(Kind::AllInOne, &[("MAYFLY_TELEMETRY__OTLP_ENDPOINT", &endpoint)]);
        assert!(started.elapsed() < Duration::from_secs(5), "it starts");
        live(&world).await;
        let ending = Instant::now();
        assert_eq!(world.processes[0].terminate(), Some(0));
        let took = ending.elapsed();
        println!("{endpoint}: ended in {took:?}");
        assert!(took < Duration::from_secs(5), "{took:?}");
        let told = world.log().matches("cannot export telemetry").count();
        assert!(told <= 3, "once for each signal: {}", world.log());
    }
}

#[tokio::test]
async fn a_start_that_failed_is_told() {
    let collector = Collector::start();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (key, endpoint) = collector.env();
    super::startup::refuses(
        &[],
        &[("MAYFLY_SMTP__LISTEN", &address), (key, endpoint)],
        "smtp.listen",
    );
    let logs = collector.logs();
    assert_eq!(logs.len(), 1, "{logs:?}");
    assert_eq!(logs[0].body, "the process cannot go on");
    assert!(logs[0].attributes["problem"].contains("smtp.listen"), "{logs:?}");
}

/// A second signal ends the drain, and what there is to tell is told all the same.
#[tokio::test]
async fn an_end_that_is_cut_short_is_told() {
    let collector = Collector::start();
    let mut world = World::start_with(Kind::AllInOne, &[collector.env()]);
    let answer = world.client().call("GET", "/api/domains", None, None).await;
    assert_eq!(answer.status, 200);
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let begun = sender.command("MAIL FROM:<someone@example.com>").await.unwrap();
    assert_eq!(begun.code, 250);
    let pid = world.processes[0].pid().to_string();
    let signal = || assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    signal();
    let asked = Instant::now();
    while !world.log().contains("asked to stop") {
        assert!(asked.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    signal();
    assert_eq!(world.processes[0].wait(), Some(1));
    collector.root("GET /api/domains");
}

/// With every event logged, those of exporting would make more to export.
#[tokio::test]
async fn exporting_is_not_told_of() {
    let collector = Collector::start();
    let world = World::start_with(
        Kind::AllInOne,
        &[
            collector.env(),
            ("MAYFLY_LOG__LEVEL", "trace"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "20"),
        ],
    );
    for round in 1..=5 {
        let answer = world.client().call("GET", "/api/domains", None, None).await;
        assert_eq!(answer.status, 200);
        let requests = |collector: &Collector| {
            collector
                .logs()
                .iter()
                .filter(|record| record.body == "request")
                .count()
        };
        eventually("the collector has the record", async || {
            requests(&collector) == round
        })
        .await;
    }
    assert!(world.log().contains("\"target\":\"h2::"), "exporting was logged");
    let mut targets: Vec<String> = collector.logs().into_iter().map(|record| record.target).collect();
    targets.sort();
    targets.dedup();
    println!("{targets:?}");
    let machinery = ["h2", "hyper", "tonic", "tower", "rustls", "opentelemetry"];
    targets.retain(|target| machinery.iter().any(|machinery| target.starts_with(machinery)));
    assert_eq!(targets, [""; 0]);
}

#[tokio::test]
async fn a_collector_behind_tls_is_trusted_by_the_systems_roots() {
    let [ours, other] = [0; 2].map(|_| rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap());
    let (certificate, key) = (ours.cert.pem(), ours.signing_key.serialize_pem());
    for (roots, is_trusted) in [(certificate.clone(), true), (other.cert.pem(), false)] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), roots).unwrap();
        let collector = Collector::start_tls(&certificate, &key);
        let roots = ("SSL_CERT_FILE", file.path().to_str().unwrap());
        let mut world = World::start_with(Kind::AllInOne, &[collector.env(), roots]);
        let answer = world.client().call("GET", "/api/domains", None, None).await;
        assert_eq!(answer.status, 200);
        terminate(&mut world);
        assert_eq!(!collector.spans().is_empty(), is_trusted, "{}", world.log());
    }
    let without_roots = [
        ("SSL_CERT_FILE", "/dev/null"),
        ("MAYFLY_TELEMETRY__OTLP_ENDPOINT", "https://localhost:4317"),
    ];
    super::startup::refuses(&[], &without_roots, "telemetry.otlp_endpoint");
}
