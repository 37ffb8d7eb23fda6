//! Tests in a real browser: scripts of `crates/gateway/web-tests`, run by Node.

use std::{ffi::OsString, path::Path, process::Command};

use crate::world::World;

/// Runs a script with where the world is, and more arguments; fails with what it told when it fails.
pub(crate) async fn run(script: &str, world: &World, more: impl IntoIterator<Item = OsString>) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway/web-tests");
    let mut node = Command::new("node");
    node.arg(script)
        .args([world.http().to_owned(), world.smtp().port().to_string()])
        .args(more)
        .current_dir(tests);
    let output = tokio::task::spawn_blocking(move || node.output())
        .await
        .expect("it is waited for")
        .expect("node is there: make tools installs it");
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
