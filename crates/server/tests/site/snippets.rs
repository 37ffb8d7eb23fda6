//! Runs the code blocks of each page in order, as a reader would: in one shell session with a server on the default ports, in
//! network and process namespaces of its own. `prelude.sh` says what a block finds there.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    process::{Command, Stdio},
};

use crate::{
    WorkDir,
    pages::{self, Block},
    root,
};

/// Languages whose blocks are run or validated, with the function of `prelude.sh` that does it.
const LANGUAGES: [(&str, &str); 7] = [
    ("sh", ""),
    ("python", "run_python"),
    ("js", "run_js"),
    ("ts", "check_ts"),
    ("toml", "check_toml"),
    ("yaml", "check_yaml"),
    ("json", "check_json"),
];

/// Extensions of files that differ from the name of the language.
const FILE_EXTENSIONS: [(&str, &str); 3] = [("python", "py"), ("js", "mjs"), ("ts", "mts")];

/// Languages that other tests run, with those tests; a block without a language is output or a drawing.
const ELSEWHERE: [(&str, &str); 6] = [
    ("", "nothing to run"),
    ("nginx", "documented_nginx_serves_everything"),
    ("caddyfile", "documented_caddy_serves_everything"),
    ("haproxy", "documented_haproxy_serves_everything"),
    ("rust", "an excerpt of a test"),
    ("sql", "tried by hand, as the page says"),
];

/// The shortest reason that says something.
const MIN_REASON_LEN: usize = 20;

/// Returns the blocks of a page that are run or validated. Panics at a block that is neither that nor marked.
fn runnable(page: &str) -> Vec<Block> {
    let mut blocks = pages::blocks(page);
    blocks.retain(|block| {
        let at = format!("{page}:{}", block.line);
        if block.language.starts_with('{') {
            return false; // A directive of the site, such as its navigation.
        }
        if let Some(reason) = &block.not_run {
            assert!(reason.len() >= MIN_REASON_LEN, "{at}: the reason says nothing");
            return false;
        }
        let is_run = LANGUAGES.iter().any(|(language, _)| *language == block.language);
        let is_elsewhere = ELSEWHERE.iter().any(|(language, _)| *language == block.language);
        assert!(
            is_run || is_elsewhere,
            "{at}: no test runs the language `{}`",
            block.language
        );
        is_run
    });
    blocks
}

/// Returns the script of a page: what it runs for each block, and the files that it reads.
fn script(page: &str, blocks: &[Block]) -> (String, Vec<(String, String)>) {
    let mut script = String::from("source \"$PRELUDE\"\n");
    let mut files = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        let _ = writeln!(script, "begin '{page}:{}'", block.line);
        let whole = format!("{}{}{}", block.before, block.code, block.after);
        let (_, function) = LANGUAGES
            .iter()
            .find(|(name, _)| *name == block.language)
            .expect("it is run");
        if function.is_empty() {
            script += &whole;
        } else {
            let extension = FILE_EXTENSIONS
                .iter()
                .find(|(language, _)| *language == block.language);
            let name = format!(
                "{index}.{}",
                extension.map_or(&*block.language, |(_, extension)| extension)
            );
            let _ = writeln!(script, "{function} \"$SNIPPETS/{name}\"");
            files.push((name, whole));
        }
    }
    (script, files)
}

/// Runs the blocks of a page. Panics with the place of the first one that fails and what it printed.
fn run(page: &str) {
    let blocks = runnable(page);
    let (script, files) = script(page, &blocks);
    let dir = WorkDir::create(&page.replace(['/', '.'], "-"));
    let snippets = dir.0.join("snippets");
    for path in [&snippets, &dir.0.join("home"), &dir.0.join("work")] {
        fs::create_dir(path).expect("a directory");
    }
    for (name, text) in files {
        fs::write(snippets.join(name), text).expect("written");
    }
    let path = snippets.join("page.sh");
    fs::write(&path, script).expect("written");
    let output = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--net",
            "--pid",
            "--fork",
            "--kill-child",
            "bash",
        ])
        .arg(&path)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap_or_default())
        .env("LANG", "C.UTF-8")
        .env("HOME", dir.0.join("home"))
        .env("ROOT", root())
        .env("WORK", dir.0.join("work"))
        .env("SNIPPETS", &snippets)
        .env("PRELUDE", root().join("crates/server/tests/site/prelude.sh"))
        .env("BINARY", env!("CARGO_BIN_EXE_mayfly"))
        .current_dir(dir.0.join("home"))
        .stdin(Stdio::null())
        .output()
        .expect("unshare runs");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{page}: {stdout}{stderr}");
}

/// One line for each page with blocks that run: the name of its test, and its path.
macro_rules! pages {
    ($($name:ident: $page:literal,)+) => {
        const PAGES: &[&str] = &[$($page),+];

        $(#[test]
        fn $name() {
            run($page);
        })+
    };
}

pages! {
    readme: "README.md",
    contributing: "CONTRIBUTING.md",
    client_library_of_cypress: "clients/cypress/README.md",
    client_library_of_playwright: "clients/playwright/README.md",
    client_library_of_pytest: "clients/pytest/README.md",
    client_library_of_python: "clients/python/README.md",
    client_library_of_typescript: "clients/typescript/README.md",
    helm_chart: "deploy/helm/README.md",
    kubernetes: "deploy/kubernetes/README.md",
    administration: "docs/ADMIN.md",
    index_of_pages: "docs/README.md",
    dialects: "docs/DIALECTS.md",
    http_apis: "docs/HTTP.md",
    libraries: "docs/LIBRARIES.md",
    agents: "docs/MCP.md",
    measurements: "docs/MEASUREMENTS.md",
    metrics: "docs/METRICS.md",
    operating: "docs/OPERATING.md",
    pro_users: "docs/PRO.md",
    promises: "docs/PROMISES.md",
    proxies: "docs/PROXY.md",
    public_host: "docs/PUBLIC_HOST.md",
    sandboxes: "docs/SANDBOX.md",
    search: "docs/SEARCH.md",
    streams: "docs/STREAMS.md",
    backup: "docs/howto/backup.md",
    ci: "docs/howto/ci.md",
    own_domain: "docs/howto/own-domain.md",
    webhooks: "docs/howto/webhooks.md",
    first_page: "docs/site/index.md",
    start_of_agent_builders: "docs/start/agent-builder.md",
    start_of_mailcx_and_mailtm_users: "docs/start/mailcx-mailtm-user.md",
    start_of_mailpit_users: "docs/start/mailpit-user.md",
    start_of_operators: "docs/start/operator.md",
    start_of_qa_engineers: "docs/start/qa-engineer.md",
}

#[test]
fn every_page_with_snippets_has_a_test() {
    let mut listed: BTreeSet<&str> = PAGES.iter().copied().collect();
    let pages = pages::all();
    assert!(pages.len() > 50, "{pages:?}");
    for page in &pages {
        assert_eq!(
            !runnable(page).is_empty(),
            listed.remove(page.as_str()),
            "{page} in PAGES"
        );
    }
    assert!(listed.is_empty(), "no such pages: {listed:?}");
}
