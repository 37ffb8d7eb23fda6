//! Compares the reference pages with the code: the command line, the metrics, and the names of tests.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use crate::{pages, root};

const COMMAND_LINE: &str = "docs/CLI.md";
const METRICS: &str = "docs/METRICS.md";
const PROMISES: &str = "docs/PROMISES.md";

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns what `mayfly COMMAND -h` prints.
fn help(command: &[&str]) -> String {
    let mut mayfly = Command::new(env!("CARGO_BIN_EXE_mayfly"));
    let output = mayfly
        .args(command)
        .arg("-h")
        .env_clear()
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Appends a section for a command, then those of its subcommands, without the options `inherited` from the commands above.
fn document(command: &[&str], inherited: &BTreeSet<String>, page: &mut String) {
    let help = help(command);
    let name = [&["mayfly"], command].concat().join(" ");
    // The width of columns differs.
    let option = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text: Vec<&str> = help.lines().map(str::trim_end).collect();
    let is_help = |line: &str| line.trim_start().starts_with("help ") || line.contains(" -h, --help ");
    text.retain(|line| !inherited.contains(&option(line)) && !is_help(line));
    let text = text.join("\n");
    let text = text.trim_end().trim_end_matches("\n\nOptions:");
    *page += &format!("\n## {name}\n\n```\n{text}\n```\n");
    let options = help.lines().map(option).filter(|line| line.starts_with('-'));
    let inherited = inherited.iter().cloned().chain(options).collect();
    let commands = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    let commands = commands.lines().take_while(|line| !line.trim().is_empty());
    let names = commands.filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|name| *name != "help") {
        document(&[command, &[name]].concat(), &inherited, page);
    }
}

/// `UPDATE_CLI=1` writes the page.
#[test]
fn command_line_page_is_current() {
    let text = read(COMMAND_LINE);
    let (head, _) = text.split_once("\n## ").expect("a section");
    let mut expected = format!("{head}\n").trim_end().to_owned() + "\n";
    document(&[], &BTreeSet::new(), &mut expected);
    if std::env::var_os("UPDATE_CLI").is_some() {
        fs::write(root().join(COMMAND_LINE), &expected).expect("written");
    } else {
        assert!(text == expected, "{COMMAND_LINE} is stale: run `make gen`");
    }
}

/// Returns the Rust sources below `crates`; those of tests, or the others.
fn sources(of_tests: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut directories = vec![root().join("crates")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                if !path.ends_with("node_modules") {
                    directories.push(path);
                }
            } else if path.extension().is_some_and(|end| end == "rs") && is_test(&path) == of_tests {
                found.push(fs::read_to_string(&path).expect("a source"));
            }
        }
    }
    found
}

fn is_test(path: &Path) -> bool {
    let parts = path.components().map(|part| part.as_os_str().to_string_lossy());
    parts.into_iter().any(|part| part.starts_with("tests"))
}

/// Returns the names of all instruments as `/metrics` shows them.
fn instruments() -> BTreeSet<String> {
    let kinds = [
        ("_counter(\"", "_total"),
        ("_up_down_counter(\"", ""),
        ("_gauge(\"", ""),
        ("_histogram(\"", ""),
        ("seconds(\"", "_seconds"),
    ];
    let mut names = BTreeSet::new();
    for source in sources(false) {
        // A name can stand in the line after the call.
        let text: String = source.lines().map(str::trim).collect();
        for (call, suffix) in kinds {
            for (at, _) in text.match_indices(call) {
                if call == "_counter(\"" && text[..at].ends_with("_up_down") {
                    continue;
                }
                let rest = &text[at + call.len()..];
                let (name, builder) = rest.split_once('"').expect("the end of a name");
                let builder = builder.split(".build()").next().unwrap_or_default();
                let unit = match (
                    builder.contains(".with_unit(\"s\")"),
                    builder.contains(".with_unit(\"By\")"),
                ) {
                    _ if suffix == "_seconds" => "",
                    (true, _) => "_seconds",
                    (_, true) => "_bytes",
                    _ => "",
                };
                names.insert(name.replace('.', "_") + unit + suffix);
            }
        }
    }
    names
}

#[test]
fn metrics_page_lists_every_instrument() {
    let text = read(METRICS);
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let listed: BTreeSet<String> = rows
        .filter_map(|row| Some(row.split_once('`')?.0.to_owned()))
        .collect();
    let instruments = instruments();
    assert!(instruments.len() > 30, "{instruments:?}");
    let missing: Vec<&String> = instruments.difference(&listed).collect();
    let unknown: Vec<&String> = listed.difference(&instruments).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "missing in {METRICS}: {missing:?}; unknown: {unknown:?}"
    );
}

/// A test that was renamed or deleted holds no promise.
#[test]
fn promises_name_tests_that_exist() {
    let text = read(PROMISES);
    let promises = text
        .lines()
        .filter(|line| line.starts_with("## ") && line.as_bytes()[3].is_ascii_digit());
    assert_eq!(promises.count(), 11);
    let tests = sources(true).concat();
    let words: BTreeSet<&str> = tests
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .collect();
    let mut named = 0;
    for block in pages::prose_code(&text).filter(|name| name.contains('_') && !name.contains(['/', ' '])) {
        assert!(words.contains(block), "{PROMISES}: no test is named {block}");
        named += 1;
    }
    assert!(named > 25, "{named}");
}
