//! Checks the documents against the repository: decision records, links, the index of pages, the files that pages name.

use std::{collections::BTreeSet, fs, path::PathBuf};

use super::{dependencies, read, root};

/// Every decision record, in the order of their numbers. Records are superseded, never deleted: add to the end only.
const DECISIONS: [&str; 23] = [
    "0001-credentials-are-keyed-by-account.md",
    "0002-verdicts-in-memory-in-front-of-sqlite.md",
    "0003-a-code-for-closed-registration.md",
    "0004-verdicts-shared-in-redis-with-markers.md",
    "0005-our-own-choice-among-replicas.md",
    "0006-the-databases-clock-decides.md",
    "0007-signatures-of-the-dns-are-validated-here.md",
    "0008-owners-see-what-is-about-to-be-given-up.md",
    "0009-no-outgoing-mail.md",
    "0010-no-idempotency-key.md",
    "0011-idempotency-keys-live-beside-their-effect.md",
    "0012-crates-split-by-reason-to-change.md",
    "0013-one-failure-type-below-the-dialects.md",
    "0014-configuration-reference-is-generated.md",
    "0015-mail-html-has-its-own-tree.md",
    "0016-captured-mail-stays-here.md",
    "0017-search-index-in-the-same-database.md",
    "0018-proof-of-work-in-place-of-a-captcha.md",
    "0019-words-of-the-search-and-uax-29.md",
    "0020-documentation-site-by-sphinx.md",
    "0021-one-implementation-of-each-tool.md",
    "0022-clients-take-turns.md",
    "0023-large-mail-apart-from-its-row.md",
];

#[test]
fn decision_records_are_complete_and_numbered() {
    let files = names_in("docs/adr");
    let expected: BTreeSet<String> = DECISIONS.iter().map(|name| (*name).to_owned()).collect();
    let records: BTreeSet<String> = files.into_iter().filter(|name| name != "README.md").collect();
    assert_eq!(
        records, expected,
        "records are added to DECISIONS and never deleted"
    );
    for (index, name) in DECISIONS.iter().enumerate() {
        let number = index + 1;
        assert!(
            name.starts_with(&format!("{number:04}-")),
            "{name} is not number {number}"
        );
        let text = read(&format!("docs/adr/{name}"));
        let heading = format!("# {number}. ");
        assert!(
            text.starts_with(&heading),
            "{name} does not begin with {heading:?}"
        );
        let status = text.lines().nth(2).unwrap_or_default();
        assert!(
            status.starts_with("Accepted, "),
            "{name} has no status in its third line"
        );
    }
}

/// A superseded record names its successor.
#[test]
fn superseded_decisions_name_their_successor() {
    let mut pairs = 0;
    for name in DECISIONS {
        let text = read(&format!("docs/adr/{name}"));
        let status = text.lines().nth(2).unwrap_or_default();
        let (_, links) = status.split_once("Supersedes ").unwrap_or_default();
        for old in targets(links) {
            let old_text = read(&format!("docs/adr/{old}"));
            let old_status = old_text.lines().nth(2).unwrap_or_default();
            let (_, successors) = old_status.split_once("Superseded by ").unwrap_or_default();
            assert!(
                targets(successors).iter().any(|target| target == name),
                "{old} does not name {name}"
            );
            pairs += 1;
        }
    }
    assert!(pairs > 0, "no decision supersedes another");
}

#[test]
fn index_lists_every_page() {
    let index = read("docs/README.md");
    let listed: BTreeSet<String> = targets(&index).into_iter().collect();
    let pages = names_in("docs")
        .into_iter()
        .filter(|name| name.ends_with(".md") && name != "README.md");
    let around =
        ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map(|name| format!("../{name}"));
    let expected = pages.chain(around).chain(["adr/README.md".to_owned()]);
    let missing: Vec<String> = expected.filter(|page| !listed.contains(page)).collect();
    assert!(missing.is_empty(), "docs/README.md does not list {missing:?}");

    let decisions: BTreeSet<String> = targets(&read("docs/adr/README.md")).into_iter().collect();
    let missing: Vec<&str> = DECISIONS
        .into_iter()
        .filter(|name| !decisions.contains(*name))
        .collect();
    assert!(missing.is_empty(), "docs/adr/README.md does not list {missing:?}");
}

#[test]
fn links_of_documents_have_targets() {
    let documents = documents();
    assert!(documents.len() > 25, "{documents:?}");
    let mut broken = Vec::new();
    for document in documents {
        let text = fs::read_to_string(&document).expect("a document");
        for target in targets(&text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, fragment) = target.split_once('#').unwrap_or((&target, ""));
            let path = match file {
                "" => document.clone(),
                _ => document.with_file_name("").join(file),
            };
            let is_found = path.exists()
                && (fragment.is_empty()
                    || anchors(&fs::read_to_string(&path).unwrap_or_default()).contains(fragment));
            if !is_found {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "links without a target:\n{}",
        broken.join("\n")
    );
}

/// The architecture names files as `crate/src/path.rs`.
#[test]
fn architecture_names_existing_files_and_all_crates() {
    let text = read("docs/ARCHITECTURE.md");
    let named = text
        .split('`')
        .filter(|word| word.ends_with(".rs") && word.contains("/src/"));
    let missing: Vec<&str> = named
        .filter(|path| !root().join("crates").join(path).is_file())
        .collect();
    assert!(missing.is_empty(), "no such files: {missing:?}");
    for name in dependencies().keys() {
        assert!(
            text.contains(&format!("`mayfly-{name}`")),
            "{name} is not in the table of crates"
        );
    }
}

#[test]
fn every_crate_has_a_readme() {
    for name in dependencies().keys() {
        let readme = root().join("crates").join(name).join("README.md");
        assert!(readme.is_file(), "{name} has no README.md");
    }
}

/// Returns the pages that people read: at the top, in the directories of documents, clients and examples, and the one of each crate.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories: Vec<PathBuf> = ["docs", "deploy", "clients", "examples"]
        .map(|name| root().join(name))
        .into();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.ends_with("node_modules") {
                // Foreign packages.
            } else if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                found.push(path);
            }
        }
    }
    let top = names_in("").into_iter().filter(|name| name.ends_with(".md"));
    found.extend(top.map(|name| root().join(name)));
    let crates = dependencies().into_keys();
    found.extend(crates.map(|name| root().join("crates").join(name).join("README.md")));
    found
}

fn names_in(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(directory)).expect("a directory");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string());
    names.map(|name| name.expect("a name in UTF-8")).collect()
}

/// Returns the lines outside fenced code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Returns the targets of the links and images of a Markdown text.
fn targets(text: &str) -> Vec<String> {
    prose(text)
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .collect()
}

/// Returns the fragments by which the headings of a page are linked: lower case, without punctuation, hyphens for spaces.
fn anchors(text: &str) -> BTreeSet<String> {
    prose(text)
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .map(|heading| {
            let kept = heading
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}
