//! Checks the direction of dependencies, and that dashboards, alerts and images match the code.

mod cycles;
mod documents;
mod limits;
mod workflows;

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

/// Returns every crate of the workspace with its dependencies within the workspace, dev-dependencies excluded.
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

/// Adding a dialect touches no other one: what they have in common is in `dialects/shared`.
#[test]
fn dialects_import_no_other_dialect() {
    let folder = root().join("crates/gateway/src/dialects");
    let below = |path: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(path).expect("a directory");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    };
    let directories = below(&folder).into_iter().filter(|path| path.is_dir());
    let names: Vec<String> = directories
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert!(names.iter().any(|name| name == "shared"), "{names:?}");
    for name in &names {
        let others = || names.iter().filter(|other| *other != name && *other != "shared");
        let mut pending = vec![folder.join(name), folder.join(format!("{name}.rs"))];
        while let Some(path) = pending.pop() {
            if path.is_dir() {
                pending.extend(below(&path));
                continue;
            }
            let text = fs::read_to_string(&path).expect("a source");
            let imported = others().find(|other| text.contains(&format!("{other}::")));
            assert_eq!(imported, None, "{}", path.display());
        }
    }
}

#[test]
fn edges_do_not_link_database_libraries() {
    for edge in ["mayfly-gateway", "mayfly-smtp", "mayfly-follow", "mayfly-admin"] {
        let output = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--package",
                edge,
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--offline",
            ])
            .current_dir(root())
            .output()
            .expect("cargo runs");
        let tree = String::from_utf8_lossy(&output.stdout);
        assert!(
            tree.contains("tonic v"),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let linked: Vec<&str> = tree
            .lines()
            .filter(|line| line.starts_with("sea-orm") || line.starts_with("sqlx"))
            .collect();
        assert!(linked.is_empty(), "{edge} links {linked:?}");
    }
}

#[test]
fn crates_use_allowed_dependencies_only() {
    let table = [
        (
            "server",
            "acme admin auth database gateway mailbox mime proto rpc runtime shared smtp types",
        ),
        ("admin", "proto rpc runtime types"),
        (
            "gateway",
            "acme admin follow mail-html proto rpc runtime search shared types",
        ),
        ("follow", "proto rpc runtime shared types"),
        ("smtp", "proto rpc runtime shared types"),
        ("auth", "database proto rpc runtime shared types"),
        (
            "mailbox",
            "database mime proto rpc runtime search shared types webhooks",
        ),
        ("webhooks", "database runtime search types"),
        ("database", "runtime types"),
        ("acme", "proto rpc runtime types"),
        ("rpc", "runtime types"),
        ("shared", "runtime types"),
        ("mail-html", ""),
        ("mime", ""),
        ("search", ""),
        ("runtime", "types"),
        ("proto", ""),
        ("types", ""),
        ("testkit", "database runtime types"),
        ("complexity", ""),
    ];
    let found = dependencies();
    let mut listed = table.map(|(name, _)| name);
    listed.sort_unstable();
    let crates: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(listed[..], crates[..], "the table has one row for each crate");
    for (name, allowed) in table {
        let allowed: BTreeSet<String> = allowed.split_whitespace().map(str::to_owned).collect();
        let extra: Vec<_> = found[name].difference(&allowed).collect();
        assert!(extra.is_empty(), "{name} must not use {extra:?}");
    }
}

/// Returns the names of all instruments as Prometheus shows them, without the suffixes that it adds.
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

/// Returns the string literals of a line.
fn literals(line: &str) -> Vec<String> {
    let line = line.replace("\\\\", "").replace("\\\"", "").replace("'\"'", "");
    line.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn image_uses_pinned_rust_version() {
    let toolchain = read("rust-toolchain.toml");
    let version = toolchain.split('"').nth(1).expect("a channel");
    let expected = format!("ARG RUST_VERSION={version}\n");
    assert!(read("deploy/Dockerfile").contains(&expected), "{expected}");
}

/// Every metric of the dashboard is an instrument of some crate; crates write its name with dots, as OpenTelemetry does.
#[test]
fn dashboards_use_existing_metrics() {
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
        // A selector or a range follows the name of a metric.
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
            // The name of an instrument itself can end in `count`.
            let suffixes = ["_bucket", "_count", "_sum", "_total"];
            let base = suffixes.iter().find_map(|s| name.strip_suffix(s)).unwrap_or(name);
            let base = base.strip_suffix("_seconds").unwrap_or(base);
            assert!(known.contains(name) || known.contains(base), "{name} of {query}");
        }
    }
}

/// An alert on a metric that does not exist never fires, and an alert without a page gives the operator on call no help.
#[test]
fn alerts_use_existing_metrics_and_are_documented() {
    let alerts = fs::read_to_string(root().join("deploy/observability/alerts.yml")).expect("the alerts");
    let page = fs::read_to_string(root().join("docs/OPERATING.md")).expect("the page");
    let names: Vec<&str> = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(!names.is_empty());
    for name in names {
        assert!(
            page.contains(&format!("| `{name}` |")),
            "docs/OPERATING.md does not explain {name}"
        );
    }
    let instruments = instruments();
    let words = alerts.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let endings = ["_total", "_seconds_count", "_seconds_bucket", "_seconds_sum"];
    let mut watched = words
        .filter_map(|word| Some((word, endings.iter().find_map(|end| word.strip_suffix(end))?)))
        .peekable();
    assert!(watched.peek().is_some());
    for (word, instrument) in watched {
        assert!(instruments.contains(instrument), "no instrument is named {word}");
    }
}
