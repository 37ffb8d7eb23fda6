//! What keeps the house in order: the direction of dependencies, and documents that name what exists.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Our crates, with those of ours that each uses outside its tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata");
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let short = |name: &Value| {
        name.as_str()
            .and_then(|name| name.strip_prefix("mayfly-"))
            .map(str::to_owned)
    };
    packages
        .map(|package| {
            let used = package["dependencies"].as_array().expect("dependencies").iter();
            let used = used
                .filter(|dependency| dependency["kind"].is_null())
                .filter_map(|d| short(&d["name"]));
            (short(&package["name"]).expect("our prefix"), used.collect())
        })
        .collect()
}

#[test]
fn crates_use_only_what_they_may() {
    let table = [
        (
            "server",
            "auth database gateway mailbox proto rpc runtime shared smtp types",
        ),
        ("gateway", "follow proto rpc runtime shared types"),
        ("follow", "proto rpc runtime shared types"),
        ("smtp", "proto rpc runtime types"),
        ("auth", "database proto rpc runtime shared types"),
        ("mailbox", "database proto rpc runtime shared types"),
        ("database", "runtime types"),
        ("rpc", "runtime types"),
        ("shared", "runtime types"),
        ("runtime", "types"),
        ("proto", ""),
        ("types", ""),
        ("testkit", "database runtime types"),
    ];
    let found = dependencies();
    assert_eq!(
        found.len(),
        table.len(),
        "a crate is missing from the table: {:?}",
        found.keys()
    );
    for (name, allowed) in table {
        let allowed: BTreeSet<String> = allowed.split_whitespace().map(str::to_owned).collect();
        let extra: Vec<_> = found[name].difference(&allowed).collect();
        assert!(extra.is_empty(), "{name} must not use {extra:?}");
    }
}

#[test]
fn decisions_have_numbers_of_their_own() {
    let names: Vec<String> = fs::read_dir(root().join("docs/adr"))
        .expect("decisions")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    let numbers: BTreeSet<&str> = names.iter().map(|name| &name[..4]).collect();
    assert_eq!(numbers.len(), names.len(), "{names:?}");
    assert!(
        numbers.iter().all(|number| number.parse::<u16>().is_ok()),
        "{names:?}"
    );
}

/// The architecture names files as `crate/src/path.rs`; each must be there.
#[test]
fn the_architecture_names_files_that_exist() {
    let text = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("the page");
    let named = text
        .split('`')
        .filter(|word| word.ends_with(".rs") && word.contains("/src/"));
    let missing: Vec<&str> = named
        .filter(|path| !root().join("crates").join(path).is_file())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    for name in dependencies().keys() {
        assert!(
            text.contains(&format!("`mayfly-{name}`")),
            "{name} is not in the table"
        );
    }
}

#[test]
fn every_crate_says_what_it_is() {
    for name in dependencies().keys() {
        assert!(
            root().join("crates").join(name).join("README.md").is_file(),
            "{name} has no README.md"
        );
    }
}

/// The instruments of the crates by the names that Prometheus knows them by, without what it adds at the end.
fn instruments() -> BTreeSet<String> {
    let mut sources: Vec<PathBuf> = vec![root().join("crates")];
    let mut names = BTreeSet::new();
    while let Some(path) = sources.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a directory");
            sources.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|end| end == "rs")
            && !path.components().any(|c| c.as_os_str() == "tests")
        {
            let text = fs::read_to_string(&path).expect("a source");
            let dotted = text.lines().flat_map(literals).filter(|name| {
                name.contains('.')
                    && name
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c == '.' || c == '_')
            });
            names.extend(dotted.map(|name| name.replace('.', "_")));
        }
    }
    names
}

/// What a line has between quotes. A string over several lines spoils no line but its own.
fn literals(line: &str) -> Vec<String> {
    let line = line.replace("\\\\", "").replace("\\\"", "").replace("'\"'", "");
    line.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every `MAYFLY_` key of what is shipped for containers is one that the binary knows.
#[test]
fn containers_set_keys_that_exist() {
    let text = read("docker-compose.yml") + &read("deploy/Dockerfile");
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let keys: BTreeSet<&str> = words
        .filter(|word| word.starts_with("MAYFLY_") && word.len() > 7)
        .collect();
    assert!(keys.len() > 10, "{keys:?}");
    for key in keys {
        let output = Command::new(env!("CARGO_BIN_EXE_mayfly"))
            .args(["config", "check"])
            .env_clear()
            .env(key, "x")
            .output()
            .expect("the binary runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!stderr.contains("unknown field"), "{key}: {stderr}");
    }
}

#[test]
fn the_image_is_built_by_the_pinned_compiler() {
    let toolchain = read("rust-toolchain.toml");
    let version = toolchain.split('"').nth(1).expect("a channel");
    let expected = format!("ARG RUST_VERSION={version}\n");
    assert!(read("deploy/Dockerfile").contains(&expected), "{expected}");
}

/// A metric that the dashboard or an alert asks for is one that some crate names, in OpenTelemetry's way with dots.
#[test]
fn dashboards_ask_for_metrics_that_exist() {
    let dashboard: Value =
        serde_json::from_str(&read("deploy/observability/grafana/dashboards/mayfly.json")).expect("JSON");
    let targets = dashboard["panels"].as_array().expect("panels").iter();
    let targets = targets.filter_map(|panel| panel["targets"].as_array()).flatten();
    let queries: Vec<&str> = targets
        .map(|target| target["expr"].as_str().expect("a query"))
        .collect();
    assert!(queries.len() > 20);
    let known = instruments();
    for query in queries {
        // A metric is what stands before a selector or a range.
        let asked: Vec<&str> = query
            .split(['{', '['])
            .filter_map(|before| {
                before
                    .rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                    .next()
            })
            .filter(|name| name.len() > 3 && *name != "ALERTS")
            .collect();
        for name in asked {
            // An instrument may end in `count` by its own name.
            let suffixes = ["_bucket", "_count", "_sum", "_total"];
            let base = suffixes.iter().find_map(|s| name.strip_suffix(s)).unwrap_or(name);
            let base = base.strip_suffix("_seconds").unwrap_or(base);
            assert!(known.contains(name) || known.contains(base), "{name} of {query}");
        }
    }
}

/// An alert that watches what is not counted never fires, and one that nobody explains is no help at night.
#[test]
fn alerts_watch_what_is_counted_and_are_explained() {
    let alerts = fs::read_to_string(root().join("deploy/observability/alerts.yml")).expect("the alerts");
    let page = fs::read_to_string(root().join("docs/OPERATING.md")).expect("the page");
    let names: Vec<&str> = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(!names.is_empty());
    for name in names {
        assert!(page.contains(&format!("| `{name}` |")), "{name} is not explained");
    }
    let instruments = instruments();
    let words = alerts.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let endings = ["_total", "_seconds_count", "_seconds_bucket", "_seconds_sum"];
    let mut watched = words
        .filter_map(|word| Some((word, endings.iter().find_map(|end| word.strip_suffix(end))?)))
        .peekable();
    assert!(watched.peek().is_some());
    for (word, instrument) in watched {
        assert!(instruments.contains(instrument), "nothing counts {word}");
    }
}
