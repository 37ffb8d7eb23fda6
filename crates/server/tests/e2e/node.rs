//! Tests in a real browser: scripts of `crates/gateway/web-tests`, run by Node.

use std::{ffi::OsString, process::Command};

use crate::world::World;

/// The Node that `deploy/tools.sh` installs beside the packages that its scripts import: Debian's may be too old for them.
pub(crate) fn command() -> Command {
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/../gateway/web-tests");
    let mut node = Command::new(format!("{tests}/node_modules/.bin/node"));
    node.current_dir(tests);
    node
}

/// Runs a script with the addresses of the world and more arguments. Panics with its stderr when it fails.
pub(crate) async fn run(script: &str, world: &World, more: impl IntoIterator<Item = OsString>) {
    let mut node = command();
    node.arg(script)
        .args([world.http().to_owned(), world.smtp().port().to_string()])
        .args(more);
    let output = tokio::task::spawn_blocking(move || node.output())
        .await
        .expect("the task completes")
        .expect("node is there: make tools installs it");
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
