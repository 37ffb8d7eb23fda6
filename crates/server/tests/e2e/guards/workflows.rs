//! Checks the workflows of GitHub: they follow its schema, run only what also runs elsewhere, and pin what they use.

use std::{fs, path::PathBuf, process::Command};

use super::{read, root};

/// Returns the files.
fn workflows() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(".github/workflows")).expect("a directory");
    let files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    assert!(files.len() >= 2, "{files:?}");
    files
}

/// Returns the values of a key in all workflows, with their file.
fn values(key: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for file in workflows() {
        let text = fs::read_to_string(&file).expect("a workflow");
        let of_key = text.lines().filter_map(|line| {
            let line = line.trim_start();
            line.strip_prefix("- ")
                .unwrap_or(line)
                .strip_prefix(key)?
                .strip_prefix(": ")
        });
        found.extend(of_key.map(|value| (file.display().to_string(), value.to_owned())));
    }
    assert!(!found.is_empty(), "no {key}");
    found
}

#[test]
fn workflows_follow_the_schema() {
    let output = Command::new(root().join("target/tools/libraries/bin/check-jsonschema"))
        .args(["--builtin-schema", "vendor.github-workflows"])
        .args(workflows())
        .output()
        .expect("check-jsonschema runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

/// Whatever a workflow does can be done on any machine.
#[test]
fn workflows_run_existing_targets_only() {
    let makefile = read("Makefile");
    for (file, command) in values("run") {
        let is_target = command.strip_prefix("make ").is_some_and(|target| {
            let rule = format!("{target}:");
            makefile.lines().any(|line| line.starts_with(&rule))
        });
        assert!(is_target || command == ".ci/run", "{file}: {command}");
    }
}

#[test]
fn workflows_pin_actions_and_images() {
    for (file, action) in values("uses") {
        let (_, version) = action.split_once("@v").unwrap_or_default();
        assert_eq!(version.split('.').count(), 3, "{file}: {action}");
    }
    let toolchain = read("rust-toolchain.toml");
    let version = toolchain.split('"').nth(1).expect("a channel");
    for (file, image) in values("image") {
        assert_eq!(image, format!("rust:{version}-bookworm"), "{file}");
    }
}

/// A job asks for more where it needs it.
#[test]
fn workflows_may_read_only_by_default() {
    for file in workflows() {
        let text = fs::read_to_string(&file).expect("a workflow");
        assert!(
            text.contains("\npermissions:\n  contents: read\n"),
            "{}",
            file.display()
        );
    }
}
