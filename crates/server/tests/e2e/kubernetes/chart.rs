//! The chart in `deploy/helm`: values that it accepts and refuses, and what differs from the manifests of a fleet.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::{
    Manifests, ROLES,
    blobs::BUCKET,
    configuration::check_configuration,
    containers, list, name_of,
    objects::{assert_secrets, assert_services},
    pod,
    pods::{assert_probes, assert_restricted},
    root, template, text, tool,
};

const EXAMPLES: [&str; 2] = ["embedded", "fleet"];

fn example(name: &str) -> String {
    root()
        .join(format!("deploy/helm/examples/{name}.yaml"))
        .display()
        .to_string()
}

/// Renders the chart with `--set` arguments alone. Returns what helm says against them.
pub(super) fn refusal(set: &[&str]) -> String {
    let arguments = set
        .iter()
        .flat_map(|value| ["--set".to_owned(), (*value).to_owned()]);
    let arguments: Vec<String> = arguments.collect();
    match template(&arguments) {
        Ok(_) => panic!("{set:?} is accepted"),
        Err(refusal) => refusal,
    }
}

/// An icon is a recommendation (INFO), and Mayfly has none.
#[test]
fn chart_lint_has_no_warnings() {
    let chart = root().join("deploy/helm").display().to_string();
    for name in EXAMPLES {
        let values = example(name);
        let arguments = ["lint", "--strict", &chart, "--values", &values];
        let report = tool("helm", &arguments, b"").unwrap_or_else(|error| panic!("{name}: {error}"));
        let report = String::from_utf8_lossy(&report).into_owned();
        assert!(
            report.contains("1 chart(s) linted, 0 chart(s) failed"),
            "{report}"
        );
        assert!(
            !report.contains("[WARNING]") && !report.contains("[ERROR]"),
            "{report}"
        );
    }
}

/// The chart and its image have the version of the workspace.
#[test]
fn chart_has_this_version() {
    let chart = fs::read_to_string(root().join("deploy/helm/Chart.yaml")).expect("the chart");
    for key in ["version", "appVersion"] {
        let expected = format!("\n{key}: {}\n", env!("CARGO_PKG_VERSION"));
        assert!(chart.contains(&expected), "{expected}");
    }
}

#[test]
fn chart_examples_follow_the_rules_of_manifests() {
    let recipe = fs::read_to_string(root().join("deploy/helm/README.md")).expect("the page");
    for name in EXAMPLES {
        let manifests = Manifests::of_chart(name, &[]);
        assert_restricted(name, &manifests);
        assert_probes(name, &manifests);
        assert_services(name, &manifests);
        assert_secrets(name, &manifests, &recipe);
        check_configuration(name, &manifests);
    }
}

/// SQLite has one process. The group of a volume is set once: set at each start, the kubelet would open generated keys to the
/// group, and Mayfly refuses such keys.
#[test]
fn embedded_chart_keeps_data_on_its_volume() {
    let manifests = Manifests::of_chart("embedded", &["embedded.volume.storageClassName=fast"]);
    let set = manifests.named("StatefulSet", "mayfly");
    assert_eq!(manifests.workloads().len(), 1);
    assert_eq!(set["spec"]["replicas"], 1);
    assert_eq!(
        pod(set)["securityContext"]["fsGroupChangePolicy"],
        "OnRootMismatch"
    );
    let claim = &set["spec"]["volumeClaimTemplates"][0];
    assert_eq!(claim["spec"]["storageClassName"], "fast");
    let data = &manifests.named("ConfigMap", "mayfly")["data"];
    let roles = list(&containers(set)[0]["env"])
        .iter()
        .find(|variable| variable["name"] == "MAYFLY_ROLES");
    assert!(roles.is_none() && data["MAYFLY_ROLES"].is_null(), "all roles");
}

/// Everything that can be turned off or changed, in both modes.
#[test]
fn chart_options_render_valid_manifests() {
    let common = [
        "image.tag=1.2.3",
        "imagePullSecrets={registry}",
        "settings.MAYFLY_MAILBOX__RETENTION=3d",
        "settings.MAYFLY_LOG__FORMAT=human",
        "smtp.tls.existingSecret=",
        "smtp.service.type=NodePort",
        "smtp.service.annotations.a=b",
        "ingress.className=traefik",
        "ingress.tls.existingSecret=",
        "nodeSelector.disk=fast",
        "tolerations[0].key=mail",
        "tolerations[0].operator=Exists",
        "prometheusOperator.enabled=true",
        "prometheusOperator.labels.release=stack",
    ];
    let fleet = [
        "fleet.grpc.tls.existingSecret=",
        "fleet.auth.replicas.min=1",
        "fleet.auth.replicas.max=1",
        "fleet.smtp.replicas.max=3",
        "fleet.priorityClass.create=false",
        "fleet.spread.nodes=ScheduleAnyway",
    ];
    for (name, own) in [("embedded", &[][..]), ("fleet", &fleet[..])] {
        let manifests = Manifests::of_chart(name, &[&common[..], own].concat());
        assert_restricted(name, &manifests);
        check_configuration(name, &manifests);
        let settings = &manifests.named("ConfigMap", "mayfly")["data"];
        assert_eq!(settings["MAYFLY_MAILBOX__RETENTION"], "3d", "{name}");
        assert_eq!(settings["MAYFLY_LOG__FORMAT"], "human", "{name}");
        for (workload, container) in manifests.mayfly() {
            assert_eq!(
                container["image"],
                "ghcr.io/mayfly-mail/mayfly:1.2.3",
                "{name} {}",
                name_of(workload)
            );
            assert_eq!(pod(workload)["nodeSelector"]["disk"], "fast", "{name}");
            assert_eq!(pod(workload)["imagePullSecrets"][0]["name"], "registry", "{name}");
            assert_eq!(pod(workload)["tolerations"][0]["key"], "mail", "{name}");
        }
        for kind in ["PodMonitor", "PrometheusRule"] {
            let labels = &manifests.named(kind, "mayfly")["metadata"]["labels"];
            assert_eq!(labels["release"], "stack", "{name} {kind}");
        }
    }
}

/// The same minimum and maximum need no autoscaler, and a budget of one pod has no effect on a single pod.
#[test]
fn chart_fixed_replicas_need_no_autoscaler() {
    let manifests = Manifests::of_chart(
        "fleet",
        &[
            "fleet.auth.replicas.min=1",
            "fleet.auth.replicas.max=1",
            "fleet.smtp.replicas.max=3",
            "fleet.priorityClass.create=false",
        ],
    );
    let names = |kind| -> BTreeSet<&str> { manifests.of_kind(kind).map(name_of).collect() };
    assert_eq!(
        names("HorizontalPodAutoscaler"),
        BTreeSet::from(["mayfly-gateway", "mayfly-mailbox"])
    );
    assert_eq!(
        names("PodDisruptionBudget"),
        BTreeSet::from(["mayfly-gateway", "mayfly-mailbox", "mayfly-smtp"])
    );
    let replicas = ROLES.map(|role| {
        let deployment = manifests.named("Deployment", &format!("mayfly-{role}"));
        deployment["spec"]["replicas"].as_u64()
    });
    assert_eq!(replicas, [Some(1), None, None, Some(3)], "{ROLES:?}");
    assert_eq!(manifests.of_kind("PriorityClass").count(), 0);
}

/// A Job is immutable: whatever changes it changes its name, and settings change nothing in it.
#[test]
fn chart_job_names_change_with_jobs_only() {
    let names = |set: &[&str]| -> BTreeSet<String> {
        let manifests = Manifests::of_chart("fleet", set);
        let jobs = manifests.of_kind("Job");
        jobs.map(|job| name_of(job).to_owned()).collect()
    };
    let before = names(&[]);
    assert_eq!(before.len(), 2);
    assert_eq!(names(&["domains={other.example.com}"]), before);
    assert!(names(&["image.repository=registry.example.com/mayfly"]).is_disjoint(&before));
}

/// A list without peers would allow everybody, so its rule is left out.
#[test]
fn chart_without_clients_denies_their_connections() {
    let none = [
        "networkPolicy.httpClients=[]",
        "networkPolicy.prometheus=[]",
        "networkPolicy.otlpCollectors=[]",
        "networkPolicy.dns=[]",
    ];
    for name in EXAMPLES {
        let manifests = Manifests::of_chart(name, &none);
        let mut open = BTreeSet::new();
        for policy in manifests.of_kind("NetworkPolicy") {
            let rules = list(&policy["spec"]["ingress"]).iter();
            for rule in rules.filter(|rule| list(&rule["from"]).is_empty()) {
                open.extend(list(&rule["ports"]).iter().map(|port| port["port"].as_u64()));
            }
            let rules = list(&policy["spec"]["egress"]).iter();
            let anywhere = rules.filter(|rule| list(&rule["to"]).is_empty()).count();
            assert_eq!(anywhere, 0, "{name} {}", name_of(policy));
            let ports = policy.to_string();
            for port in [8080, 9090, 4317, 53] {
                assert!(
                    !ports.contains(&format!("\"port\":{port}}}")),
                    "{name}: {port} is allowed"
                );
            }
        }
        assert_eq!(open, BTreeSet::from([Some(2525)]), "{name}");
    }
}

#[test]
fn chart_without_policies_has_none() {
    let manifests = Manifests::of_chart("fleet", &["networkPolicy.enabled=false"]);
    assert_eq!(manifests.of_kind("NetworkPolicy").count(), 0);
}

/// The schema closes every object but those whose keys are an operator's own.
#[test]
fn chart_refuses_unknown_values() {
    assert!(refusal(&["replicaCount=3"]).contains("additional properties 'replicaCount' not allowed"));
    let schema = fs::read_to_string(root().join("deploy/helm/values.schema.json")).expect("the schema");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let mut open = Vec::new();
    each_schema(&schema, "", &mut |path, schema| {
        if !schema["properties"].is_null() && schema["additionalProperties"] != false {
            open.push(path.to_owned());
        }
    });
    assert!(open.is_empty(), "{open:?} accept unknown keys");
}

/// Visits every schema in a schema with its path.
fn each_schema(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    for group in ["properties", "definitions"] {
        for (name, inner) in schema[group].as_object().into_iter().flatten() {
            each_schema(inner, &format!("{path}/{name}"), visit);
        }
    }
    if schema["items"].is_object() {
        each_schema(&schema["items"], &format!("{path}[]"), visit);
    }
}

#[test]
fn chart_names_every_missing_value() {
    let embedded = refusal(&["ingress.enabled=true"]);
    for value in [
        "domains",
        "smtp.hostname",
        "ingress.host",
        "ingress.trustedProxies",
    ] {
        assert!(embedded.contains(&format!("\n- Set {value} to ")), "{embedded}");
    }
    let both = refusal(&["ingress.enabled=true", "acme.domains={mayfly.example.com}"]);
    assert!(
        both.contains("\n- Set ingress.enabled=false, or acme.domains to nothing"),
        "{both}"
    );
    let fleet = refusal(&[
        "mode=fleet",
        "fleet.smtp.replicas.min=20",
        "fleet.priorityClass.name=",
    ]);
    for value in [
        "fleet.grpc.existingSecret",
        "fleet.redis.existingSecret",
        "fleet.auth.existingSecret",
        "fleet.mailbox.existingSecret",
        "fleet.redis.peers",
        "fleet.auth.database.peers",
        "fleet.mailbox.database.peers",
        "fleet.smtp.replicas.max",
    ] {
        assert!(
            fleet.contains(&format!("\n- Set {value} to ")),
            "{value}: {fleet}"
        );
    }
    assert!(fleet.contains("\n- Set fleet.priorityClass.name, or "), "{fleet}");
}

/// Settings are in a ConfigMap, so no key that the reference calls a secret can be among them.
#[test]
fn chart_settings_refuse_secrets_and_own_keys() {
    let reference = fs::read_to_string(root().join("docs/CONFIGURATION.md")).expect("the page");
    let secrets: Vec<&str> = reference
        .lines()
        .filter(|line| line.contains("| secret text |"))
        .map(|line| line.split('`').nth(3).expect("a variable"))
        .collect();
    assert!(secrets.len() >= 5, "{secrets:?}");
    for secret in secrets {
        let refused = refusal(&[&format!("settings.{secret}=x")]);
        let expected = format!("Remove {secret} from settings: it is a secret");
        assert!(refused.contains(&expected), "{refused}");
    }
    for name in EXAMPLES {
        let manifests = Manifests::of_chart(name, &BUCKET);
        let mut own: BTreeSet<&str> = manifests
            .mayfly()
            .into_iter()
            .filter(|(workload, _)| workload["kind"] != "Job")
            .flat_map(|(_, container)| list(&container["env"]))
            .map(|variable| text(&variable["name"]))
            .collect();
        own.extend(["MAYFLY_DOMAINS", "MAYFLY_GATEWAY__LISTEN", "MAYFLY_BLOBS__URL"]);
        for key in own {
            let refused = refusal(&[&format!("mode={name}"), &format!("settings.{key}=x")]);
            let expected = format!("Remove {key} from settings: the chart sets it");
            assert!(refused.contains(&expected), "{refused}");
        }
    }
}
