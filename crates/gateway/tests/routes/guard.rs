//! Every route has a file of tests, and every file a route.

use std::{collections::BTreeSet, path::Path};

/// Routes that the OpenAPI documents leave out.
const UNDOCUMENTED: [(&str, &str); 10] = [
    ("/api/openapi.json", "get"),
    ("/api/ws", "get"),
    ("/web/captcha.json", "get"),
    ("/web/server.json", "get"),
    ("/api/docs/mailtm", "get"),
    ("/api/docs/mailtd", "get"),
    ("/api/docs/mailcx_v1", "get"),
    ("/mcp", "post"),
    ("/mcp/anonymous", "post"),
    ("/.well-known/oauth-protected-resource/mcp", "get"),
];

/// The file of a route: its path without braces, and its method.
fn file(path: &str, method: &str) -> String {
    let folders = path
        .trim_matches('/')
        .replace(['{', '}'], "")
        .replace(['-', '.'], "_");
    format!("{folders}/{method}.rs")
}

fn routes() -> BTreeSet<String> {
    let mut routes: BTreeSet<String> = UNDOCUMENTED.map(|(path, method)| file(path, method)).into();
    for document in [
        mayfly_gateway::document(),
        mayfly_gateway::mailtm_document(),
        mayfly_gateway::mailtd_document(),
        mayfly_gateway::mailcx_v1_document(),
    ] {
        let document = serde_json::to_value(document).unwrap();
        for (path, methods) in document["paths"].as_object().unwrap() {
            let methods = methods.as_object().unwrap().keys();
            routes.extend(methods.map(|method| file(path, method)));
        }
    }
    routes
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if folder != root && path.extension().is_some_and(|extension| extension == "rs") {
            files.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn every_route_has_a_file_of_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/routes");
    let mut files = BTreeSet::new();
    collect(&root, &root, &mut files);
    assert_eq!(routes(), files);
    // A file that no module declares is not compiled.
    let declared = include_str!("main.rs").lines();
    let declared = declared.map(|line| line.trim().trim_start_matches("pub(crate) "));
    let methods = ["mod delete;", "mod get;", "mod patch;", "mod post;", "mod put;"];
    assert_eq!(
        declared.filter(|line| methods.contains(line)).count(),
        files.len()
    );
    for file in &files {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        assert!(
            text.contains("tokio::test") || text.contains("db_test!"),
            "{file} has no test"
        );
    }
}
