//! Tests in a real browser: the cases in `crates/gateway/web-tests/cases`, run by the test runner of Node.

use std::{
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use mayfly_testkit::{DnsServer, Zone};

use crate::world::{Kind, World};

/// The Node that `deploy/tools.sh` installs beside the packages that its scripts import: Debian's may be too old for them.
pub(crate) fn command() -> Command {
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/../gateway/web-tests");
    let mut node = Command::new(format!("{tests}/node_modules/.bin/node"));
    node.current_dir(tests);
    node
}

/// Runs all cases of a file against a new world. Panics with the names of the cases that failed.
pub(crate) async fn run_cases(file: &str) {
    run_cases_under(file, "").await;
}

/// Runs all cases of a file against a new world that is under a path.
pub(crate) async fn run_cases_under(file: &str, base_path: &str) {
    run(file, base_path, &[("MAYFLY_GATEWAY__BASE_PATH", base_path)]).await;
}

/// Runs all cases of a file against a new world with more settings.
pub(crate) async fn run_cases_with(file: &str, settings: &[(&str, &str)]) {
    run(file, "", settings).await;
}

async fn run(file: &str, base_path: &str, settings: &[(&str, &str)]) {
    let world = World::start_with(Kind::AllInOne, settings);
    let directory = tempfile::tempdir().expect("a directory");
    let records = directory.path().join("records");
    let token = std::fs::read_to_string(world.data_dir().join("admin.token")).expect("it is generated");
    let mut node = command();
    node.args(["--test-reporter=spec", &format!("cases/{file}.js")])
        .env("MAYFLY_URL", format!("{}{base_path}", world.http()))
        .env("MAYFLY_SMTP_PORT", world.smtp().port().to_string())
        .env("MAYFLY_ADMIN_URL", &world.processes[0].banner["admin"])
        .env(
            "MAYFLY_ADMIN_TOKEN",
            token.rsplit(' ').next().unwrap_or_default().trim(),
        )
        .env("MAYFLY_DNS_RECORDS", &records);
    let cases = tokio::task::spawn_blocking(move || node.output());
    let output = tokio::select! {
        output = cases => output.expect("the runner does not panic"),
        () = publish_records(&world.dns, &records) => unreachable!("it never ends"),
    };
    report(file, &output.expect("`make tools` installs node"));
}

fn report(file: &str, output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}{}", String::from_utf8_lossy(&output.stderr));
    let failed: Vec<&str> = text
        .lines()
        .take_while(|line| !line.contains("failing tests:"))
        .filter(|line| line.trim_start().starts_with('\u{2716}'))
        .collect();
    assert!(output.status.success(), "failed cases of {file}: {failed:#?}");
    assert!(
        text.contains("\u{2139} fail 0"),
        "the runner of {file} did not report"
    );
}

/// Adds the records that a case writes to a file: the domain, the value of its TXT record and its mail server, one a line.
/// Removes the file once the server answers with them.
async fn publish_records(dns: &DnsServer, file: &Path) {
    let mut zone = Zone::default();
    loop {
        if let Ok(records) = std::fs::read_to_string(file) {
            let [domain, text, server] = records.split('\n').collect::<Vec<_>>()[..] else {
                panic!("not three lines: {records}");
            };
            zone = zone.txt(domain, text).mx(domain, 10, server);
            dns.publish(zone.clone());
            std::fs::remove_file(file).expect("the file is removed once");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
