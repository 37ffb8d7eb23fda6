//! Compares docs/LIMITS.md with the code: every constant that bounds something is in its table with its value, and every
//! shared pool and bounding key is described.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::PathBuf,
};

use super::{read, root};

const PAGE: &str = "docs/LIMITS.md";
const BEGIN: &str = "<!-- constants: written by `make gen` -->\n";
const END: &str = "<!-- /constants -->\n";
/// With this variable the table is written instead of compared.
const UPDATE: &str = "UPDATE_LIMITS";

/// A constant that bounds something.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bound {
    file: String,
    name: String,
    value: String,
    meaning: String,
}

/// Tells whether a constant bounds something, by its name or its type.
fn is_bound(name: &str, kind: &str) -> bool {
    matches!(kind, "Bounds" | "QueueBounds")
        || name.starts_with("MAX_")
        || name.ends_with("_TIMEOUT")
        || name.ends_with("_PER_OWNER")
        || name.contains("_BYTES_PER_SEC")
}

/// Returns the sources of all crates, without tests, by their path below `crates`.
fn sources() -> BTreeMap<String, String> {
    let mut left: Vec<PathBuf> = vec![root().join("crates")];
    let mut found = BTreeMap::new();
    while let Some(path) = left.pop() {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            if !matches!(
                name.as_str(),
                "tests" | "benches" | "testkit" | "target" | "web-tests"
            ) {
                left.extend(
                    fs::read_dir(&path)
                        .expect("a directory")
                        .map(|entry| entry.expect("an entry").path()),
                );
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let below = path.strip_prefix(root().join("crates")).expect("below");
            let text = fs::read_to_string(&path).expect("a source");
            // What follows is for tests only.
            let text = text
                .split("\n#[cfg(test)]\nmod tests")
                .next()
                .unwrap_or_default()
                .to_owned();
            found.insert(below.display().to_string(), text);
        }
    }
    found
}

/// Returns the constants of a source.
fn constants(file: &str, text: &str) -> Vec<Bound> {
    let (mut found, mut comment) = (Vec::new(), String::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(words) = line.trim().strip_prefix("///") {
            let _ = write!(comment, "{words}");
            continue;
        }
        let declared = line
            .strip_prefix("const ")
            .or_else(|| line.split_once(" const ").map(|(_, rest)| rest));
        let is_item = line.starts_with("const ") || line.starts_with("pub");
        if let (Some((name, rest)), true) = (declared.and_then(|rest| rest.split_once(": ")), is_item)
            && let Some((kind, value)) = rest.split_once(" =")
            && is_bound(name, kind)
        {
            let mut value = value.trim().to_owned();
            while !value.ends_with(';') {
                let Some(more) = lines.next() else { break };
                let _ = write!(value, " {}", more.trim());
            }
            found.push(Bound {
                file: file.to_owned(),
                name: name.to_owned(),
                value: value
                    .trim_end_matches(';')
                    .replace("Duration::", "")
                    .replace("QueueBounds ", "")
                    .replace("Bounds ", "")
                    .replace('|', "\\|"),
                meaning: first_sentence(&comment),
            });
        }
        comment.clear();
    }
    found
}

fn first_sentence(comment: &str) -> String {
    let comment = comment.trim();
    let end = [". ", ": "].into_iter().filter_map(|end| comment.find(end)).min();
    let sentence = end.map_or(comment, |end| &comment[..end]);
    sentence.trim_end_matches('.').replace('|', "\\|")
}

fn table() -> String {
    let mut bounds: Vec<Bound> = sources()
        .iter()
        .flat_map(|(file, text)| constants(file, text))
        .collect();
    bounds.sort();
    let mut table = "| in `crates/` | constant | value | |\n|---|---|---|---|\n".to_owned();
    for bound in bounds {
        let Bound {
            file,
            name,
            value,
            meaning,
        } = bound;
        let _ = writeln!(table, "| {file} | `{name}` | `{value}` | {meaning} |");
    }
    table
}

#[test]
fn limits_page_lists_every_constant_with_its_value() {
    let (page, table) = (read(PAGE), table());
    let (head, rest) = page.split_once(BEGIN).expect("the beginning of the table");
    let (found, tail) = rest.split_once(END).expect("the end of the table");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(root().join(PAGE), format!("{head}{BEGIN}{table}{END}{tail}")).expect("the page");
        return;
    }
    let [found, expected] = [found, &table].map(|table| table.lines().collect::<BTreeSet<_>>());
    let missing: Vec<_> = expected.difference(&found).collect();
    let stale: Vec<_> = found.difference(&expected).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "{PAGE} is stale: run `make gen`\nmissing: {missing:#?}\nstale: {stale:#?}"
    );
}

/// The prose tables above the constants name every pool with shares, and every key that bounds something.
#[test]
fn limits_page_describes_every_pool_and_key() {
    let page = read(PAGE);
    let (head, _) = page.split_once(BEGIN).expect("the beginning of the table");
    let mut pools = 0;
    for (file, text) in sources() {
        let has_pool = text.contains("Shares::new(")
            || text.contains("Permits::new(")
            || text.contains("Semaphore::new(")
            || text.contains("FairQueue::new(");
        let libraries = [
            "runtime/src/shares.rs",
            "runtime/src/fair/queue.rs",
            "gateway/src/app/permits.rs",
        ];
        let is_library = libraries.contains(&file.as_str());
        if has_pool && !is_library {
            assert!(
                head.contains(&format!("`{file}`")),
                "{PAGE} does not describe the pool of {file}"
            );
            pools += 1;
        }
    }
    assert!(pools >= 9, "{pools}");
    let configuration = read("docs/CONFIGURATION.md");
    let keys = configuration
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let bounds_something = |key: &&str| {
        let name = key.rsplit('.').next().unwrap_or_default();
        name.starts_with("max_")
            || name.ends_with("_limit")
            || name.ends_with("_timeout")
            || name.contains("quota")
            || name.starts_with("hash_")
    };
    for key in keys.filter(bounds_something) {
        assert!(
            head.contains(&format!("`{key}`")),
            "{PAGE} does not describe {key}"
        );
    }
}
