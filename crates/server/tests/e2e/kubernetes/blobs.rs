//! Large mail in a bucket or on a volume: the values `blobs` of the chart, and the component `blobs` of the manifests.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::{
    Manifests,
    chart::refusal,
    configuration::check_configuration,
    containers,
    equality::assert_equal,
    list, name_of,
    network::{Arrow, allowed},
    objects::assert_secrets,
    pod,
    pods::assert_restricted,
    root, text,
};

/// A bucket of a server in a private network, with a key: the component `blobs`.
pub(super) const BUCKET: [&str; 4] = [
    "blobs.url=s3://mayfly/mail?region=eu-central-1&endpoint=https://objects.example.com:9000",
    "blobs.existingSecret=mayfly-blobs",
    "blobs.peers[0].ipBlock.cidr=192.0.2.40/32",
    "blobs.port=9000",
];
/// The examples, each with the workload and the component of the role `mailbox`.
const MODES: [(&str, &str, &str); 2] = [
    ("embedded", "mayfly", "embedded"),
    ("fleet", "mayfly-mailbox", "mailbox"),
];
/// A role of AWS.
const ROLE: &str = "arn:aws:iam::111122223333:role/mayfly";

/// Values that cannot be used, each with the beginning of the line that names the problem.
const PROBLEMS: [(&[&str], &str); 14] = [
    (
        &["blobs.url=https://objects.example.com/mail"],
        "blobs.url to a bucket, ",
    ),
    (&["blobs.url=s3://id:secret@mail"], "blobs.url to a bucket, "),
    (&["blobs.url=file://host/blobs"], "blobs.url to a bucket, "),
    (
        &["blobs.existingSecret=mayfly-blobs"],
        "blobs.url to the bucket of the key in blobs.existingSecret",
    ),
    (
        &[
            "blobs.existingSecret=mayfly-blobs",
            "blobs.url=file:///var/lib/mayfly/blobs",
        ],
        "blobs.url to the bucket of the key in blobs.existingSecret",
    ),
    (
        &["blobs.existingClaim=large-mail"],
        "blobs.url to the directory for the volume in blobs.existingClaim",
    ),
    (
        &["blobs.existingClaim=large-mail", "blobs.url=s3://mail"],
        "blobs.url to the directory for the volume in blobs.existingClaim",
    ),
    (
        &["blobs.url=file:///srv/blobs"],
        "blobs.url to a directory on the volume of the pod",
    ),
    (
        &["mode=fleet", "blobs.url=file:///var/lib/mayfly/blobs"],
        "blobs.existingClaim to a PersistentVolumeClaim with ReadWriteMany",
    ),
    (
        &["blobs.url=s3://mail?endpoint=https://minio:9000"],
        "blobs.peers to where the endpoint in blobs.url is",
    ),
    (
        &[
            "mode=fleet",
            "blobs.url=s3://mail?region=eu&endpoint=https://minio.stores",
        ],
        "blobs.peers to where the endpoint in blobs.url is",
    ),
    (
        &["blobs.url=s3://mail?endpoint=https%3A%2F%2Fminio.stores.svc%3A9000"],
        "blobs.peers to where the endpoint in blobs.url is",
    ),
    (
        &["blobs.url=s3://mail?endpoint=https://192.168.3.4"],
        "blobs.peers to where the endpoint in blobs.url is",
    ),
    (
        &["blobs.url=s3://mail?endpoint=http://objects.example.com"],
        "blobs.peers to where the endpoint in blobs.url is",
    ),
];

/// The names of the documents that contain a text.
pub(super) fn containing<'a>(manifests: &'a Manifests, wanted: &str) -> Vec<&'a str> {
    let all = manifests.0.iter();
    all.filter(|document| document.to_string().contains(wanted))
        .map(name_of)
        .collect()
}

fn workload<'a>(manifests: &'a Manifests, name: &str) -> &'a Value {
    let found = manifests.workloads().into_iter().find(|w| name_of(w) == name);
    found.expect("a workload")
}

fn page(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("the page")
}

/// Asserts that the key of the bucket is on one workload only, and that every server accepts its configuration.
fn assert_bucket(what: &str, manifests: &Manifests, workload: &str, recipe: &str) {
    assert_restricted(what, manifests);
    assert_secrets(what, manifests, recipe);
    check_configuration(what, manifests);
    assert_eq!(containing(manifests, "mayfly-blobs"), [workload], "{what}");
}

#[test]
fn chart_gives_key_of_bucket_to_mailbox_only() {
    let recipe = page("deploy/helm/README.md");
    for (name, workload, _) in MODES {
        let manifests = Manifests::of_chart(name, &BUCKET);
        assert_bucket(name, &manifests, workload, &recipe);
        let settings = &manifests.named("ConfigMap", "mayfly")["data"];
        let url = format!("blobs.url={}", text(&settings["MAYFLY_BLOBS__URL"]));
        assert_eq!(url, BUCKET[0], "{name}");
    }
}

#[test]
fn component_gives_key_of_bucket_to_mailbox_only() {
    let manifests = Manifests::with_components("single-node", &["blobs"]);
    let recipe = page("deploy/kubernetes/README.md");
    assert_bucket("single-node", &manifests, "mayfly-mailbox", &recipe);
}

/// A role of AWS belongs to the service account of the pods, and needs no Secret.
#[test]
fn chart_role_for_bucket_is_on_one_account() {
    let annotation = format!(r"blobs.serviceAccountAnnotations.eks\.amazonaws\.com/role-arn={ROLE}");
    for (name, of_mailbox, component) in MODES {
        let values = ["blobs.url=s3://mail?region=eu-central-1", annotation.as_str()];
        let manifests = Manifests::of_chart(name, &values);
        check_configuration(name, &manifests);
        let account = format!("mayfly-{component}");
        assert_eq!(containing(&manifests, ROLE), [account.as_str()], "{name}");
        let spec = pod(workload(&manifests, of_mailbox));
        assert_eq!(spec["serviceAccountName"], account, "{name}");
    }
}

/// The kubelet would visit every file at each start if the group of the volume were not set once.
#[test]
fn chart_claim_is_mounted_at_directory_of_blobs() {
    let values = ["blobs.url=file:///srv/blobs", "blobs.existingClaim=large-mail"];
    for (name, of_mailbox, _) in MODES {
        let manifests = Manifests::of_chart(name, &values);
        assert_restricted(name, &manifests);
        check_configuration(name, &manifests);
        assert_eq!(containing(&manifests, "large-mail"), [of_mailbox], "{name}");
        let workload = workload(&manifests, of_mailbox);
        let mut volumes = list(&pod(workload)["volumes"]).iter();
        let volume = volumes.find(|volume| volume["persistentVolumeClaim"]["claimName"] == "large-mail");
        let volume = volume.expect("a volume of the claim");
        let mut mounts = list(&containers(workload)[0]["volumeMounts"]).iter();
        let mount = mounts.find(|mount| mount["name"] == volume["name"]);
        assert_eq!(mount.expect("a mount")["mountPath"], "/srv/blobs", "{name}");
        let context = &pod(workload)["securityContext"];
        assert_eq!(context["fsGroupChangePolicy"], "OnRootMismatch", "{name}");
    }
}

#[test]
fn chart_names_problems_of_blobs() {
    for (values, problem) in PROBLEMS {
        let refused = refusal(values);
        assert!(
            refused.contains(&format!("\n- Set {problem}")),
            "{values:?}: {refused}"
        );
    }
}

/// The rule for webhooks allows these servers, and the embedded mode has a volume.
#[test]
fn chart_accepts_public_buckets_and_own_volume() {
    for url in [
        "s3://mail",
        "s3://mail/prefix?region=eu-central-1",
        "s3://mail?endpoint=https://eu.objects.example.com",
        "s3://mail?endpoint=https://objects.example.com:9000&region=eu",
        "file:///var/lib/mayfly/blobs",
    ] {
        let value = format!("blobs.url={url}");
        check_configuration(url, &Manifests::of_chart("embedded", &[&value]));
    }
    let inside = "blobs.url=s3://mail?endpoint=http://minio:9000";
    Manifests::of_chart("fleet", &["networkPolicy.enabled=false", inside]);
}

/// Only the role `mailbox` reaches the server of the bucket.
#[test]
fn policies_open_server_of_bucket_to_mailbox() {
    let before = |name: &str| match name {
        "component" => Manifests::of("single-node"),
        example => Manifests::of_chart(example, &[]),
    };
    let after = |name: &str| match name {
        "component" => Manifests::with_components("single-node", &["blobs"]),
        example => Manifests::of_chart(example, &BUCKET),
    };
    let modes = MODES.map(|(name, _, component)| (name, component));
    for (name, component) in modes.into_iter().chain([("component", "mailbox")]) {
        let (before, after) = (allowed(&before(name), "Egress"), allowed(&after(name), "Egress"));
        let added: BTreeSet<Arrow> = after.difference(&before).cloned().collect();
        let arrow = (component.to_owned(), "blobs".to_owned(), (9000, 9000));
        assert_eq!(added, BTreeSet::from([arrow]), "{name}");
        assert!(before.is_subset(&after), "{name}");
    }
}

#[test]
fn chart_with_bucket_equals_component() {
    let overlay = Manifests::with_components("production", &["prometheus-operator", "blobs"]);
    let values = [&["prometheusOperator.enabled=true"][..], &BUCKET[..]].concat();
    assert_equal(overlay, Manifests::of_chart("fleet", &values));
}
