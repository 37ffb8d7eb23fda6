//! The manifests of `deploy/kubernetes`, rendered by kubectl, and the chart in `deploy/helm`, rendered by helm; both are checked
//! against the schemas of Kubernetes and our rules. No test needs a cluster.

mod blobs;
mod captcha;
mod chart;
mod configuration;
mod equality;
mod network;
mod objects;
mod pods;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

const OVERLAYS: [&str; 2] = ["single-node", "production"];
const ROLES: [&str; 4] = ["auth", "gateway", "mailbox", "smtp"];
const IMAGE: &str = concat!("ghcr.io/mayfly-mail/mayfly:", env!("CARGO_PKG_VERSION"));

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The rendered documents of an overlay.
struct Manifests(Vec<Value>);

impl Manifests {
    /// Renders an overlay. Unknown fields, wrong types and unknown kinds fail the test.
    fn of(overlay: &str) -> Self {
        Self::render(&root().join("deploy/kubernetes").join(overlay))
    }

    /// Renders an overlay with more components, as an operator would add them.
    fn with_components(overlay: &str, components: &[&str]) -> Self {
        // Within the repository, because kustomize accepts relative paths only.
        let dir = tempfile::tempdir_in(root().join("deploy/kubernetes")).expect("a directory");
        let components: Vec<String> = components
            .iter()
            .map(|name| format!("../components/{name}"))
            .collect();
        let text = format!(
            "resources: [../{overlay}]\ncomponents: {components:?}\nnamespace: mayfly\n\
             labels: [{{pairs: {{app.kubernetes.io/part-of: mayfly}}}}]\n"
        );
        std::fs::write(dir.path().join("kustomization.yaml"), text).expect("it is written");
        Self::render(dir.path())
    }

    fn render(overlay: &Path) -> Self {
        let overlay = overlay.display().to_string();
        let yaml =
            tool("kubectl", &["kustomize", &overlay], b"").unwrap_or_else(|e| panic!("{overlay}: {e}"));
        Self::validated(&overlay, &yaml)
    }

    /// Renders the chart with an example of values and `--set` arguments, as the release `mayfly` in the namespace `mayfly`.
    /// Unknown fields, wrong types and unknown kinds fail the test.
    fn of_chart(example: &str, set: &[&str]) -> Self {
        let example = root().join(format!("deploy/helm/examples/{example}.yaml"));
        let mut arguments = vec!["--values".to_owned(), example.display().to_string()];
        for value in set {
            // `--set` cannot express an empty list.
            let flag = if value.ends_with("=[]") {
                "--set-json"
            } else {
                "--set"
            };
            arguments.extend([flag.to_owned(), (*value).to_owned()]);
        }
        let yaml = template(&arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        Self::validated(&arguments.join(" "), &yaml)
    }

    fn validated(what: &str, yaml: &[u8]) -> Self {
        let check = root().join("deploy/kubernetes/check.py").display().to_string();
        let json = tool("python", &[&check], yaml).unwrap_or_else(|error| panic!("{what}: {error}"));
        Self(serde_json::from_slice(&json).expect("JSON"))
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |document| document["kind"] == kind)
    }

    fn named(&self, kind: &str, name: &str) -> &Value {
        let found = self.of_kind(kind).find(|document| name_of(document) == name);
        found.unwrap_or_else(|| panic!("there is no {kind} {name}"))
    }

    /// All documents that create pods.
    fn workloads(&self) -> Vec<&Value> {
        let workloads = self.0.iter().filter(|d| !d["spec"]["template"].is_null());
        workloads.collect()
    }

    /// The containers that run Mayfly, each with its workload.
    fn mayfly(&self) -> Vec<(&Value, &Value)> {
        let workloads = self.workloads().into_iter();
        let all = workloads.flat_map(|w| containers(w).into_iter().map(move |c| (w, c)));
        all.filter(|(_, container)| text(&container["image"]).contains("/mayfly"))
            .collect()
    }
}

/// Runs a program that `deploy/tools.sh` installs. Returns its standard output, or its standard error if it fails.
fn tool(program: &str, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    let mut child = Command::new(root().join("target/tools/kubernetes/bin").join(program))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("`deploy/tools.sh` installs it");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Renders the chart, or returns what helm says against the values.
fn template(arguments: &[String]) -> Result<Vec<u8>, String> {
    let chart = root().join("deploy/helm").display().to_string();
    let fixed = ["template", "mayfly", &chart, "--namespace", "mayfly"];
    let all: Vec<&str> = fixed
        .into_iter()
        .chain(arguments.iter().map(String::as_str))
        .collect();
    tool("helm", &all, b"")
}

fn name_of(document: &Value) -> &str {
    text(&document["metadata"]["name"])
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn pod(workload: &Value) -> &Value {
    &workload["spec"]["template"]["spec"]
}

fn labels(workload: &Value) -> &Value {
    &workload["spec"]["template"]["metadata"]["labels"]
}

fn containers(workload: &Value) -> Vec<&Value> {
    let spec = pod(workload);
    let all = list(&spec["containers"])
        .iter()
        .chain(list(&spec["initContainers"]));
    all.collect()
}

/// Whether a label selector matches these labels. An empty one matches all.
fn selects(selector: &Value, labels: &Value) -> bool {
    let by_label = selector["matchLabels"].as_object().into_iter().flatten();
    let by_expression = list(&selector["matchExpressions"]).iter();
    by_label.into_iter().all(|(key, value)| labels[key] == *value)
        && by_expression.into_iter().all(|expression| {
            assert_eq!(expression["operator"], "In", "only In is supported: {expression}");
            list(&expression["values"]).contains(&labels[text(&expression["key"])])
        })
}
