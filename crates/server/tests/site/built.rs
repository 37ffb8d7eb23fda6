//! Builds the site as `make site` does, and checks what a browser loads of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{WorkDir, pages, root};

/// Runs the build of `make site`.
fn build(out: &Path, source: &Path) -> Output {
    let mut command = Command::new(root().join("docs/site/build"));
    command.args([out, source]).output().expect("the script runs")
}

/// Files below a directory whose names end in one of the extensions.
fn files(directory: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, extensions));
        } else if path
            .extension()
            .is_some_and(|end| extensions.iter().any(|one| end == *one))
        {
            found.push(path);
        }
    }
    found
}

/// What makes a browser load something of another site.
const FOREIGN_LOADS: [&str; 6] = [
    "src=\"http",
    "src=\"//",
    "@import",
    "url(http",
    "url(//",
    "fetch(\"http",
];

#[test]
fn site_is_complete_accessible_and_needs_no_network() {
    let dir = WorkDir::create("built");
    let site = dir.0.join("site");
    let output = build(&site, &root());
    let warnings = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && warnings.is_empty(), "{warnings}");
    has_every_page(&site);
    loads_nothing_foreign(&site);
    is_usable_in_a_browser(&site, &dir.0);
}

fn has_every_page(site: &Path) {
    for page in pages::all() {
        let html = site.join(Path::new(&page).with_extension("html"));
        assert!(html.is_file(), "{page} is not on the site");
    }
    let first = fs::read_to_string(site.join("index.html")).expect("a first page");
    let (_, target) = first.split_once("url=").expect("it leads somewhere");
    let target = target.split('"').next().unwrap_or_default();
    assert!(site.join(target).is_file(), "{target}");
}

fn loads_nothing_foreign(site: &Path) {
    for file in files(site, &["html", "css", "js"]) {
        let text = fs::read_to_string(&file).expect("a text");
        let loaded = FOREIGN_LOADS.iter().find(|load| text.contains(**load));
        assert_eq!(loaded, None, "{}", file.display());
        let links = text.split("<link ").skip(1);
        let mut links = links.filter_map(|rest| rest.split('>').next());
        let foreign = links.find(|link| link.contains("href=\"http") || link.contains("href=\"//"));
        assert_eq!(foreign, None, "{}", file.display());
    }
}

/// Accessibility, width at three sizes, light and dark, and the search, in Chromium and without a server.
fn is_usable_in_a_browser(site: &Path, home: &Path) {
    let tools = root().join("crates/gateway/web-tests");
    let mut node = Command::new(tools.join("node_modules/.bin/node"));
    node.arg(root().join("crates/server/tests/site/browser.mjs"))
        .arg(site);
    let output = node
        .current_dir(&tools)
        .env("HOME", home)
        .output()
        .expect("Node runs");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}{stderr}");
}

#[test]
fn build_of_dead_link_or_orphan_page_fails() {
    let dir = WorkDir::create("strict");
    let source = dir.0.join("source");
    fs::create_dir_all(source.join("docs/site")).expect("a directory");
    let navigation = |names: &str| format!("# Pages\n\n```{{toctree}}\n:hidden:\n\n{names}\n```\n");
    for (names, page, warning) in [
        ("../page", "# A page\n\n## Part\n\n[here](#part)\n", None),
        ("", "# A page\n", Some("[toc.not_included]")),
        (
            "../page",
            "# A page\n\n[there](gone.md)\n",
            Some("[myst.xref_missing]"),
        ),
        (
            "../page",
            "# A page\n\n[there](#gone)\n",
            Some("[myst.xref_missing]"),
        ),
        (
            "../page",
            "# A page\n\n[there](site/index.md#gone)\n",
            Some("[myst.xref_missing]"),
        ),
        ("../page\n../gone", "# A page\n", Some("[toc.not_readable]")),
        (
            "../page",
            "# A page\n\n```nosuchlanguage\nx\n```\n",
            Some("[misc.highlighting_failure]"),
        ),
    ] {
        fs::write(source.join("docs/site/index.md"), navigation(names)).expect("written");
        fs::write(source.join("docs/page.md"), page).expect("written");
        let output = build(&dir.0.join("out"), &source);
        let printed = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.success(),
            warning.is_none(),
            "{page:?} in {names:?}: {printed}"
        );
        assert!(
            printed.contains(warning.unwrap_or_default()),
            "{page:?} in {names:?}: {printed}"
        );
        fs::remove_dir_all(dir.0.join("out.doctrees")).expect("removed");
    }
}
