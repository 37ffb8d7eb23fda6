//! Every route has a file of tests, and every file a route.

use std::{collections::BTreeSet, path::Path};

/// Routes that the OpenAPI document leaves out.
const UNDOCUMENTED: [(&str, &str); 2] = [("/api/openapi.json", "get"), ("/api/ws", "get")];

/// The file of a route: its path without braces, and its method.
fn file(path: &str, method: &str) -> String {
    let folders = path
        .trim_matches('/')
        .replace(['{', '}'], "")
        .replace(['-', '.'], "_");
    format!("{folders}/{method}.rs")
}

fn routes() -> BTreeSet<String> {
    let document = serde_json::to_value(mayfly_gateway::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let documented = paths.iter().flat_map(|(path, methods)| {
        methods
            .as_object()
            .unwrap()
            .keys()
            .map(move |method| file(path, method))
    });
    let undocumented = UNDOCUMENTED.map(|(path, method)| file(path, method));
    documented.chain(undocumented).collect()
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
    let declared = include_str!("main.rs").lines().map(str::trim);
    let methods = ["mod delete;", "mod get;", "mod post;", "mod put;"];
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
