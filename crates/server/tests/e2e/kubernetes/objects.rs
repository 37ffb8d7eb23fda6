//! Services, replica counts, disruption budgets and references to Secrets.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::{
    Manifests, OVERLAYS, ROLES, configuration::secrets_read, containers, labels, list, name_of, pod, root,
    selects, text,
};

fn selected<'a>(manifests: &'a Manifests, service: &Value) -> &'a Value {
    let wanted = serde_json::json!({ "matchLabels": service["spec"]["selector"] });
    assert!(wanted["matchLabels"].is_object(), "{service}");
    let mut found = manifests.workloads();
    found.retain(|workload| selects(&wanted, labels(workload)));
    assert_eq!(found.len(), 1, "pods of {}", name_of(service));
    found[0]
}

/// Asserts that Services and the Ingress lead to open ports of one kind of pod.
pub(super) fn assert_services(what: &str, manifests: &Manifests) {
    for service in manifests.of_kind("Service") {
        let workload = selected(manifests, service);
        let ports = containers(workload)
            .into_iter()
            .flat_map(|container| list(&container["ports"]));
        let open: BTreeSet<&str> = ports.map(|port| text(&port["name"])).collect();
        for port in list(&service["spec"]["ports"]) {
            assert!(
                open.contains(text(&port["targetPort"])),
                "{what} {}: {port}",
                name_of(service)
            );
            // A cluster IP would pin all gRPC calls of a client to one pod.
            let is_headless = service["spec"]["clusterIP"] == "None";
            assert!(
                port["name"] != "grpc" || is_headless,
                "{what} {}",
                name_of(service)
            );
        }
    }
    let mail = &manifests.named("Service", "mayfly-smtp")["spec"];
    assert_eq!(
        (
            &mail["type"],
            &mail["externalTrafficPolicy"],
            &mail["ports"][0]["port"]
        ),
        (&"LoadBalancer".into(), &"Local".into(), &25.into()),
        "{what}"
    );
    let rules = &manifests.named("Ingress", "mayfly")["spec"]["rules"];
    let backend = &rules[0]["http"]["paths"][0]["backend"]["service"];
    let service = manifests.named("Service", text(&backend["name"]));
    assert_eq!(
        service["spec"]["ports"][0]["name"], backend["port"]["name"],
        "{what}"
    );
}

#[test]
fn services_select_pods() {
    for overlay in OVERLAYS {
        assert_services(overlay, &Manifests::of(overlay));
    }
}

#[test]
fn production_has_replicas_and_budgets() {
    let manifests = Manifests::of("production");
    for role in ROLES {
        let name = format!("mayfly-{role}");
        let deployment = manifests.named("Deployment", &name);
        assert!(
            deployment["spec"]["replicas"].is_null(),
            "{role}: a fixed replica count would override the autoscaler"
        );
        let scaler = &manifests.named("HorizontalPodAutoscaler", &name)["spec"];
        let target = &scaler["scaleTargetRef"];
        assert_eq!(
            (&target["kind"], &target["name"]),
            (&deployment["kind"], &deployment["metadata"]["name"])
        );
        assert!(scaler["minReplicas"].as_u64() >= Some(3), "{role}");
        assert!(
            scaler["maxReplicas"].as_u64() > scaler["minReplicas"].as_u64(),
            "{role}"
        );
        let budgets: Vec<&Value> = manifests
            .of_kind("PodDisruptionBudget")
            .filter(|budget| selects(&budget["spec"]["selector"], labels(deployment)))
            .collect();
        assert_eq!(budgets.len(), 1, "{role}");
        assert_eq!(budgets[0]["spec"]["maxUnavailable"], 1, "{role}");
        let spread = list(&pod(deployment)["topologySpreadConstraints"]);
        let over: BTreeSet<&str> = spread.iter().map(|s| text(&s["topologyKey"])).collect();
        let expected = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"];
        assert_eq!(over, BTreeSet::from(expected), "{role}");
        for constraint in spread {
            assert!(
                selects(&constraint["labelSelector"], labels(deployment)),
                "{role}"
            );
        }
        manifests.named("PriorityClass", text(&pod(deployment)["priorityClassName"]));
    }
}

#[test]
fn single_node_has_one_replica_each() {
    let manifests = Manifests::of("single-node");
    for workload in manifests.workloads() {
        let replicas = &workload["spec"]["replicas"];
        assert!(replicas.is_null() || *replicas == 1, "{}", name_of(workload));
    }
    assert_eq!(manifests.of_kind("HorizontalPodAutoscaler").count(), 0);
    // A budget over a single pod would block the drain of its node.
    assert_eq!(manifests.of_kind("PodDisruptionBudget").count(), 0);
}

/// The Secrets that an overlay references, with the keys that it reads.
fn named_secrets(manifests: &Manifests) -> BTreeSet<(String, String)> {
    let mut named = secrets_read(manifests);
    for container in manifests.workloads().into_iter().flat_map(containers) {
        for variable in list(&container["env"]) {
            let from = &variable["valueFrom"]["secretKeyRef"];
            if from.is_object() {
                named.insert((text(&from["name"]).to_owned(), text(&from["key"]).to_owned()));
            }
        }
    }
    let tls = list(&manifests.named("Ingress", "mayfly")["spec"]["tls"]).iter();
    named.extend(tls.map(|tls| (text(&tls["secretName"]).to_owned(), "tls.crt".to_owned())));
    named
}

/// Asserts that no document contains a secret, and that a page has a command for each referenced one.
pub(super) fn assert_secrets(what: &str, manifests: &Manifests, recipe: &str) {
    assert_eq!(manifests.of_kind("Secret").count(), 0, "{what}");
    for document in &manifests.0 {
        // The hash of the settings is no key.
        let mut document = document.clone();
        document["spec"]["template"]["metadata"]["annotations"] = Value::Null;
        each_text(&document, &mut |word| {
            let is_key = word.len() >= 32 && word.chars().all(|c| c.is_ascii_hexdigit());
            let has_password = word.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
            let is_pem = word.contains("-----BEGIN");
            assert!(
                !is_key && !has_password && !is_pem,
                "{what} {}: {word}",
                name_of(&document)
            );
        });
    }
    for (workload, container) in manifests.mayfly() {
        for variable in list(&container["env"]) {
            let name = text(&variable["name"]);
            let is_secret = ["SECRET", "SIGNING_KEY", "DATA_KEY", "__URL", "PASSWORD"]
                .iter()
                .any(|end| name.ends_with(end));
            assert!(
                !is_secret || variable["value"].is_null(),
                "{what} {}: {name}",
                name_of(workload)
            );
        }
    }
    for (name, key) in named_secrets(manifests) {
        let commands = recipe.split("kubectl create secret ").skip(1);
        let is_made = commands
            .map(|rest| rest.split("\n\n").next().unwrap_or(rest))
            .any(|command| {
                let mut words = command.split_whitespace();
                let (kind, named) = (words.next(), words.next());
                named == Some(&name)
                    && (kind == Some("tls") || words.any(|word| word.contains(&format!("={key}="))))
            });
        assert!(is_made, "{what}: the README does not create {name} with {key}");
    }
}

#[test]
fn secrets_are_referenced_not_included() {
    let recipe = fs::read_to_string(root().join("deploy/kubernetes/README.md")).expect("the page");
    for overlay in OVERLAYS {
        assert_secrets(overlay, &Manifests::of(overlay), &recipe);
    }
}

fn each_text(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => text.split_whitespace().for_each(&mut *visit),
        Value::Array(values) => values.iter().for_each(|value| each_text(value, visit)),
        Value::Object(fields) => fields.values().for_each(|value| each_text(value, visit)),
        _ => {}
    }
}

/// The component selects the pods and the port that exist, and its alerts are those of `alerts.yml`.
#[test]
fn prometheus_operator_component_matches_pods_and_alerts() {
    let kubernetes = root().join("deploy/kubernetes");
    let read = |path: &str| fs::read_to_string(kubernetes.join(path)).expect(path);
    let alerts = read("../observability/alerts.yml");
    let rules = read("components/prometheus-operator/rules.yaml");
    let (_, rules) = rules.split_once("\nspec:\n").expect("a specification");
    let groups = &alerts[alerts.find("groups:").expect("the groups")..];
    let indented: String = groups.lines().map(|line| format!("  {line}\n")).collect();
    assert_eq!(rules, indented, "run `make gen`");

    let manifests = Manifests::of("production");
    let rendered = Manifests::with_components("production", &["prometheus-operator"]);
    let monitor = &rendered.named("PodMonitor", "mayfly")["spec"];
    let mut monitored = manifests.workloads();
    monitored.retain(|workload| selects(&monitor["selector"], labels(workload)));
    assert_eq!(monitored.len(), ROLES.len());
    let port = &monitor["podMetricsEndpoints"][0]["port"];
    for container in monitored.into_iter().flat_map(containers) {
        assert!(list(&container["ports"]).iter().any(|open| open["name"] == *port));
    }
    rendered.named("PrometheusRule", "mayfly");
}

#[test]
fn compose_and_kubernetes_run_the_same_postgresql() {
    let compose = fs::read_to_string(root().join("docker-compose.yml")).expect("the file");
    let (_, image) = compose.split_once("image: postgres:").expect("the image");
    let (major, _) = image.split_once('-').expect("a variant");
    let manifests = Manifests::of("single-node");
    let image = text(&containers(manifests.named("StatefulSet", "postgresql"))[0]["image"]);
    assert!(
        image.ends_with(&format!("/postgres:{major}-alpine")),
        "{image}, {major}"
    );
}
