//! The manifests of `deploy/kubernetes`, rendered by kubectl and checked against the schemas of Kubernetes and our rules. No
//! test needs a cluster.

mod configuration;
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

    /// Renders an overlay with one more component, as an operator would add it.
    fn with_component(overlay: &str, component: &str) -> Self {
        // Within the repository, because kustomize accepts relative paths only.
        let dir = tempfile::tempdir_in(root().join("deploy/kubernetes")).expect("a directory");
        let text = format!("resources: [../{overlay}]\ncomponents: [../components/{component}]\n");
        std::fs::write(dir.path().join("kustomization.yaml"), text).expect("it is written");
        Self::render(dir.path())
    }

    fn render(overlay: &Path) -> Self {
        let tools = root().join("target/tools/kubernetes/bin");
        let run = |program: &str, argument: PathBuf, input: &[u8]| {
            let mut child = Command::new(tools.join(program))
                .args((program == "kubectl").then_some("kustomize"))
                .arg(argument)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("`deploy/tools.sh` installs it");
            let mut stdin = child.stdin.take().expect("piped");
            stdin.write_all(input).expect("it reads");
            drop(stdin);
            let output = child.wait_with_output().expect("it ends");
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {errors}", overlay.display());
            output.stdout
        };
        let kubernetes = root().join("deploy/kubernetes");
        let yaml = run("kubectl", overlay.to_path_buf(), b"");
        let json = run("python", kubernetes.join("check.py"), &yaml);
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
