//! Programs that others wrote, unmodified: the conformance suite, the inspector, and two SDKs. `tests/mcp` has the scripts.

use std::process::{Command, Stdio};

use super::pro_token;
use crate::world::{Kind, World};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mcp");
const TIMEOUT_SECS: &str = "240";

/// Runs a script of the folder against a new world. Panics with its output if it fails.
async fn run(script: &str, kind: Kind) {
    let world = World::start(kind);
    let token = pro_token(&world.client()).await;
    let mut command = Command::new("timeout");
    command
        .arg(TIMEOUT_SECS)
        .arg(format!("{FOLDER}/{script}"))
        .current_dir(FOLDER)
        .env("MAYFLY_SERVER", world.http())
        .env("MAYFLY_GATEWAYS", world.all("HTTP").join(" "))
        .env("MAYFLY_SMTP", world.smtp().to_string())
        .env("MAYFLY_BINARY", env!("CARGO_BIN_EXE_mayfly"))
        .env("MAYFLY_TOKEN", token)
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output
        .expect("the runner does not panic")
        .expect("the script runs");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{script}: {stdout}{stderr}");
}

#[tokio::test]
async fn conformance_suite_passes_at_both_revisions() {
    run("conformance", Kind::AllInOne).await;
}

#[tokio::test]
async fn inspector_lists_and_calls_tools() {
    run("inspector", Kind::AllInOne).await;
}

#[tokio::test]
async fn python_sdk_gets_a_code_over_http_and_stdio() {
    run("sdk-python", Kind::AllInOne).await;
}

#[tokio::test]
async fn typescript_sdk_gets_a_code_over_http_and_stdio() {
    run("sdk-typescript", Kind::AllInOne).await;
}
