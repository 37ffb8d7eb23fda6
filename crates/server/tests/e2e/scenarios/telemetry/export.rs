//! The exporter: collectors that are down or behind TLS, failed starts and aborted drains.

use std::{
    net::TcpListener,
    process::Command,
    time::{Duration, Instant},
};

use mayfly_testkit::{MailSender, eventually};

use super::{terminate, use_everything};
use crate::{
    otlp::Collector,
    scenarios::startup,
    world::{Kind, World},
};

/// A collector that refuses connections, and one that accepts them and never answers.
#[tokio::test]
async fn unavailable_collector_delays_nothing() {
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = format!("http://{}", refusing.local_addr().unwrap());
    drop(refusing);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let unanswered = format!("http://{}", silent.local_addr().unwrap());
    for endpoint in [refused, unanswered] {
        let started = Instant::now();
        let mut world = World::start_with(Kind::AllInOne, &[("MAYFLY_TELEMETRY__OTLP_ENDPOINT", &endpoint)]);
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "the start is not delayed"
        );
        use_everything(&world).await;
        let ending = Instant::now();
        assert_eq!(world.processes[0].terminate(), Some(0));
        let took = ending.elapsed();
        println!("{endpoint}: ended in {took:?}");
        assert!(took < Duration::from_secs(5), "{took:?}");
        let reports = world.log().matches("cannot export telemetry").count();
        assert!(reports <= 3, "at most once per signal: {}", world.log());
    }
}

#[tokio::test]
async fn failed_start_exports_its_error() {
    let collector = Collector::start();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (key, endpoint) = collector.env();
    startup::refuses(
        &[],
        &[("MAYFLY_SMTP__LISTEN", &address), (key, endpoint)],
        "smtp.listen",
    );
    let logs = collector.logs();
    assert_eq!(logs.len(), 1, "{logs:?}");
    assert_eq!(logs[0].body, "the process cannot go on");
    assert!(logs[0].attributes["problem"].contains("smtp.listen"), "{logs:?}");
}

/// A second signal aborts the drain; telemetry is still flushed.
#[tokio::test]
async fn aborted_drain_exports_telemetry() {
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
    while !world.log().contains("terminated: draining") {
        assert!(asked.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    signal();
    assert_eq!(world.processes[0].wait(), Some(1));
    collector.root("GET /api/domains");
}

/// At level trace, the events of the exporter itself would cause further exports.
#[tokio::test]
async fn export_does_not_report_itself() {
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
    assert!(
        world.log().contains("\"target\":\"h2::"),
        "the exporter was logged"
    );
    let mut targets: Vec<String> = collector.logs().into_iter().map(|record| record.target).collect();
    targets.sort();
    targets.dedup();
    println!("{targets:?}");
    let machinery = ["h2", "hyper", "tonic", "tower", "rustls", "opentelemetry"];
    targets.retain(|target| machinery.iter().any(|machinery| target.starts_with(machinery)));
    assert_eq!(targets, [""; 0]);
}

#[tokio::test]
async fn export_over_tls_trusts_system_roots() {
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
    startup::refuses(&[], &without_roots, "telemetry.otlp_endpoint");
}
