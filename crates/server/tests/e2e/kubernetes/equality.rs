//! The chart with `examples/fleet.yaml` is the overlay `production`, object by object, also with the components
//! `prometheus-operator` and `acme`. Each difference that is meant stands in `DIFFERENCES` with its reason; any other fails the test.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Manifests, name_of, text};

/// The side on which a difference is removed.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Overlay,
    Chart,
}
use Side::{Chart, Overlay};

/// Removes a difference. Returns from how many places, so that one that has ceased to exist fails the test.
type Removal = fn(&mut Vec<Value>) -> usize;

/// Side, reason, removal.
const DIFFERENCES: [(Side, &str, Removal); 11] = [
    (
        Overlay,
        "a release is installed into a namespace that it does not own",
        |documents| remove_documents(documents, "Namespace", "mayfly"),
    ),
    (
        Overlay,
        "the overlay denies the connections of all pods in its namespace, so it must allow those of cert-manager's solvers; \
         the chart denies those of its own pods",
        |documents| remove_documents(documents, "NetworkPolicy", "cert-manager-solver"),
    ),
    (
        Chart,
        "a namespace can have several releases, so labels and selectors name the release",
        |documents| {
            each(documents, &mut |value| {
                remove_key(value, "app.kubernetes.io/instance")
            })
        },
    ),
    (
        Chart,
        "a selector of all pods of the release has a label, and that of all pods in the namespace has none",
        |documents| {
            each(documents, &mut |value| {
                value["matchLabels"] == serde_json::json!({}) && remove_key(value, "matchLabels")
            })
        },
    ),
    (
        Chart,
        "Helm's conventions name the chart and the application on every object",
        |documents| remove_helm_labels(documents),
    ),
    (
        Chart,
        "names of policies are shared with other applications in the namespace",
        |documents| {
            rename(documents, "NetworkPolicy", |name| {
                name.strip_prefix("mayfly-").map(str::to_owned)
            })
        },
    ),
    (
        Overlay,
        "kustomize restarts pods by a new name of the ConfigMap after each change",
        |documents| remove_hash_of_settings(documents),
    ),
    (
        Chart,
        "Helm restarts pods by an annotation with the hash of the ConfigMap",
        |documents| each(documents, &mut |value| remove_key(value, "checksum/settings")),
    ),
    (
        Overlay,
        "an operator changes the name of the immutable Jobs by hand: it ends in the version",
        |documents| {
            rename(documents, "Job", |name| {
                name.strip_suffix(&format!("-{}", env!("CARGO_PKG_VERSION").replace('.', "-")))
                    .map(str::to_owned)
            })
        },
    ),
    (
        Chart,
        "the chart changes the name of the immutable Jobs itself: it ends in a hash of their specification",
        |documents| {
            rename(documents, "Job", |name| {
                let (name, hash) = name.rsplit_once('-')?;
                let is_hash = hash.len() == 8 && hash.chars().all(|c| c.is_ascii_hexdigit());
                is_hash.then(|| name.to_owned())
            })
        },
    ),
    (
        Chart,
        "Prometheus names jobs after the namespace, which is always `mayfly` with the overlay only, and an alert selects jobs by \
         that name",
        |documents| each(documents, &mut |value| remove_key(value, "jobLabel")),
    ),
];

fn remove_documents(documents: &mut Vec<Value>, kind: &str, name: &str) -> usize {
    let before = documents.len();
    documents.retain(|document| document["kind"] != kind || name_of(document) != name);
    before - documents.len()
}

fn remove_key(value: &mut Value, key: &str) -> bool {
    value
        .as_object_mut()
        .is_some_and(|object| object.remove(key).is_some())
}

/// Applies a change to every object within the documents. Returns how many it has changed.
fn each(documents: &mut [Value], change: &mut impl FnMut(&mut Value) -> bool) -> usize {
    let mut changed = 0;
    for value in documents {
        if value.is_object() {
            changed += usize::from(change(value));
        }
        changed += match value {
            Value::Object(fields) => fields
                .values_mut()
                .map(|inner| each(std::slice::from_mut(inner), change))
                .sum(),
            Value::Array(values) => each(values, change),
            _ => 0,
        };
    }
    changed
}

fn rename(documents: &mut [Value], kind: &str, new: fn(&str) -> Option<String>) -> usize {
    let mut renamed = 0;
    for document in documents.iter_mut().filter(|document| document["kind"] == kind) {
        if let Some(name) = new(name_of(document)) {
            document["metadata"]["name"] = name.into();
            renamed += 1;
        }
    }
    renamed
}

/// The labels of the overlay are those of workloads, and `part-of`.
fn remove_helm_labels(documents: &mut [Value]) -> usize {
    let version = env!("CARGO_PKG_VERSION");
    let conventions = [
        ("app.kubernetes.io/version", version.to_owned()),
        ("app.kubernetes.io/managed-by", "Helm".to_owned()),
        ("helm.sh/chart", format!("mayfly-{version}")),
    ];
    let mut removed = 0;
    for document in documents {
        let is_workload = !document["spec"]["template"].is_null();
        let labels = &mut document["metadata"]["labels"];
        for (key, expected) in &conventions {
            assert_eq!(labels[key], *expected, "{key}");
            removed += usize::from(remove_key(labels, key));
        }
        if !is_workload {
            removed += usize::from(remove_key(labels, "app.kubernetes.io/name"));
        }
    }
    removed
}

fn remove_hash_of_settings(documents: &mut [Value]) -> usize {
    let plain = |name: &str| -> Option<String> {
        let (name, hash) = name.rsplit_once('-')?;
        (hash.len() == 10).then(|| name.to_owned())
    };
    let references = each(documents, &mut |value| {
        let name = value["configMapRef"]["name"].as_str().and_then(plain);
        name.is_some_and(|name| {
            value["configMapRef"]["name"] = name.into();
            true
        })
    });
    assert_eq!(references, 4, "one for each role");
    rename(documents, "ConfigMap", |name| {
        name.rsplit_once('-').map(|(name, _)| name.to_owned())
    })
}

/// Sorts lists of named objects (variables, ports, mounts), whose order has no meaning.
fn sort_named(value: &mut Value) {
    match value {
        Value::Array(values) => {
            values.iter_mut().for_each(sort_named);
            if values.iter().all(|value| value["name"].is_string()) {
                values.sort_by_key(|value| text(&value["name"]).to_owned());
            }
        }
        Value::Object(fields) => fields.values_mut().for_each(sort_named),
        _ => {}
    }
}

/// Documents by kind and name.
fn indexed(documents: Vec<Value>) -> BTreeMap<String, Value> {
    let count = documents.len();
    let by_name: BTreeMap<String, Value> = documents
        .into_iter()
        .map(|document| {
            (
                format!("{} {}", text(&document["kind"]), name_of(&document)),
                document,
            )
        })
        .collect();
    assert_eq!(by_name.len(), count, "a document is there twice");
    by_name
}

/// Adds a line for each place in which two values differ.
fn compare(path: &str, overlay: &Value, chart: &Value, found: &mut Vec<String>) {
    match (overlay, chart) {
        (Value::Object(left), Value::Object(right)) => {
            let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for key in keys {
                compare(&format!("{path}.{key}"), &overlay[key], &chart[key], found);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                compare(&format!("{path}[{index}]"), left, right, found);
            }
        }
        _ if overlay == chart => {}
        _ => found.push(format!("{path}: {overlay} in the overlay, {chart} in the chart")),
    }
}

pub(super) fn assert_equal(Manifests(mut overlay): Manifests, Manifests(mut chart): Manifests) {
    assert!(overlay.len() > 40, "{}", overlay.len());
    for (side, reason, remove) in DIFFERENCES {
        let documents = if side == Chart { &mut chart } else { &mut overlay };
        assert!(
            remove(documents) > 0,
            "this difference no longer exists: {reason}"
        );
    }
    for documents in [&mut overlay, &mut chart] {
        documents.iter_mut().for_each(sort_named);
    }
    let (overlay, chart) = (indexed(overlay), indexed(chart));
    let mut found = Vec::new();
    let names: BTreeSet<&String> = overlay.keys().chain(chart.keys()).collect();
    for name in names {
        match (overlay.get(name), chart.get(name)) {
            (Some(overlay), Some(chart)) => compare(name, overlay, chart, &mut found),
            (Some(_), None) => found.push(format!("{name} is missing in the chart")),
            _ => found.push(format!("{name} is in the chart only")),
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn chart_of_fleet_equals_production_overlay() {
    let overlay = Manifests::with_components("production", &["prometheus-operator"]);
    let chart = Manifests::of_chart("fleet", &["prometheusOperator.enabled=true"]);
    assert_equal(overlay, chart);
}

/// The overlay keeps its trusted proxies, which an operator with the component `acme` removes by hand.
#[test]
fn chart_with_acme_equals_component() {
    let overlay = Manifests::with_components("production", &["prometheus-operator", "acme"]);
    let values = [
        "prometheusOperator.enabled=true",
        "ingress.enabled=false",
        "settings.MAYFLY_GATEWAY__TRUSTED_PROXIES=10.0.0.0/8",
        "acme.domains={mayfly.example.com,mx.mayfly.example.com}",
    ];
    assert_equal(overlay, Manifests::of_chart("fleet", &values));
}
