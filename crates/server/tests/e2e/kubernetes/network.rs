//! The NetworkPolicies allow exactly the connections of the table in `docs/ARCHITECTURE.md`.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use super::{
    Manifests, OVERLAYS, ROLES, configuration::check_configuration, containers, labels, list, name_of, root,
    selects, text,
};

/// From, to, and the port on which `to` listens.
pub(super) type Arrow = (String, String, Port);
/// The first and the last port of a range.
type Port = (u64, u64);

/// The connections of the table under "Who may call whom".
fn documented() -> BTreeSet<Arrow> {
    let page = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("the page");
    let section = page
        .split("\n## Who may call whom\n")
        .nth(1)
        .expect("the section");
    let section = section.split("\n## ").next().expect("a part");
    let mut arrows = BTreeSet::new();
    for row in section.lines().filter(|line| line.starts_with('|')).skip(2) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [from, to, ports] = cells[..] else {
            panic!("{row}")
        };
        for from in from.split(", ") {
            for to in to.split(", ") {
                for port in ports.split(", ") {
                    let (first, last) = port.split_once('–').unwrap_or((port, port));
                    let port = (first.parse().expect("a port"), last.parse().expect("a port"));
                    let is_new = arrows.insert((from.to_owned(), to.to_owned(), port));
                    assert!(is_new, "{row} repeats that {from} may call {to}");
                }
            }
        }
    }
    arrows
}

/// The name in the table of the pods that answer HTTP-01 challenges.
const SOLVER: &str = "cert-manager solver";

/// The name of a workload in the table.
fn component(workload: &Value) -> String {
    text(&labels(workload)["app.kubernetes.io/component"]).to_owned()
}

/// The ports of webhook targets, which `webhooks/src/ssrf_guard/target.rs` checks as well.
const WEBHOOKS: [Port; 2] = [(443, 443), (1024, 65535)];
/// Ranges that a rule for public addresses must exclude, by network.
const INNER: [(&str, &[&str]); 2] = [
    (
        "0.0.0.0/0",
        &[
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
        ],
    ),
    (
        "2000::/3",
        &["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"],
    ),
];

/// The names, as in the table, that a peer of a policy matches.
fn parties(manifests: &Manifests, peer: &Value, port: Port) -> Vec<String> {
    if let Some(network) = peer["ipBlock"]["cidr"].as_str() {
        if WEBHOOKS.contains(&port) {
            let except = list(&peer["ipBlock"]["except"]);
            let (_, inner) = INNER
                .iter()
                .find(|(known, _)| *known == network)
                .expect("all there is");
            let spares_inner = inner.iter().all(|inner| except.contains(&json!(inner)));
            assert!(spares_inner, "{peer} includes private addresses");
            return vec!["public addresses".to_owned()];
        }
        let (_, bits) = network.split_once('/').expect("a network");
        assert!(
            bits.parse::<u8>().expect("a length") >= 16,
            "{network} is too large a range"
        );
        let name = match port {
            (5432, 5432) => "postgresql",
            (6379, 6379) => "redis",
            (9000, 9000) => "blobs",
            _ => panic!("no external target is known on {port:?}"),
        };
        return vec![name.to_owned()];
    }
    let selector = &peer["podSelector"];
    if peer["namespaceSelector"].is_null() {
        let taken = manifests.workloads().into_iter();
        let taken: Vec<String> = taken
            .filter(|workload| selects(selector, labels(workload)))
            .map(component)
            .collect();
        assert!(!taken.is_empty(), "{peer} matches nothing");
        return taken;
    }
    let outside = outside();
    let found = outside.iter().find(|(known, _)| known == peer);
    let (_, name) = found.unwrap_or_else(|| panic!("a stranger: {peer}"));
    vec![(*name).to_owned()]
}

/// Components in other namespaces, each with the peer that matches only it.
fn outside() -> [(Value, &'static str); 4] {
    let labelled = |namespace: &str, key: &str, value: &str| {
        json!({
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
            "podSelector": { "matchLabels": { key: value } },
        })
    };
    let one_of = |key: &str, values: &[&str]| json!({ "matchExpressions": [{ "key": key, "operator": "In", "values": values }] });
    let controllers = json!({
        "namespaceSelector": one_of("kubernetes.io/metadata.name", &["ingress-nginx", "traefik", "kube-system"]),
        "podSelector": one_of("app.kubernetes.io/name", &["ingress-nginx", "traefik"]),
    });
    let name = "app.kubernetes.io/name";
    [
        (labelled("kube-system", "k8s-app", "kube-dns"), "DNS"),
        (
            labelled("observability", name, "opentelemetry-collector"),
            "OTLP collector",
        ),
        (labelled("observability", name, "prometheus"), "Prometheus"),
        (controllers, "ingress controller"),
    ]
}

/// The labels of the pods that cert-manager creates for HTTP-01 challenges.
fn solver() -> Value {
    json!({ "acme.cert-manager.io/http01-solver": "true" })
}

/// The connections that one direction of all policies allows, as (selected pod, other end, port).
pub(super) fn allowed(manifests: &Manifests, direction: &str) -> BTreeSet<Arrow> {
    let (rules, ends) = match direction {
        "Egress" => ("egress", "to"),
        _ => ("ingress", "from"),
    };
    let mut found = BTreeSet::new();
    for policy in manifests.of_kind("NetworkPolicy") {
        let spec = &policy["spec"];
        let rules = list(&spec[rules]);
        let has_direction = list(&spec["policyTypes"]).contains(&direction.into());
        assert!(
            rules.is_empty() || has_direction,
            "{} has rules for a direction that it does not restrict",
            name_of(policy)
        );
        let workloads = manifests.workloads().into_iter();
        let pods = workloads.filter(|workload| selects(&spec["podSelector"], labels(workload)));
        let mut pods: Vec<String> = pods.map(component).collect();
        if selects(&spec["podSelector"], &solver()) && spec["podSelector"] != json!({}) {
            pods.push(SOLVER.to_owned());
        }
        assert!(!pods.is_empty(), "{} selects no pod", name_of(policy));
        for rule in rules {
            assert!(
                !list(&rule["ports"]).is_empty(),
                "{} allows every port",
                name_of(policy)
            );
            for port in list(&rule["ports"]) {
                let first = port["port"].as_u64().expect("a number");
                let port = (first, port["endPort"].as_u64().unwrap_or(first));
                let others = match list(&rule[ends]) {
                    [] => vec!["anybody".to_owned()],
                    peers => peers
                        .iter()
                        .flat_map(|peer| parties(manifests, peer, port))
                        .collect(),
                };
                for pod in &pods {
                    found.extend(others.iter().map(|other| (pod.clone(), other.clone(), port)));
                }
            }
        }
    }
    found
}

#[test]
fn network_policies_match_the_architecture() {
    let documented = documented();
    assert!(documented.len() >= 20, "{documented:?}");
    for overlay in OVERLAYS {
        let manifests = Manifests::of(overlay);
        let pods: BTreeSet<String> = manifests.workloads().into_iter().map(component).collect();
        let out = allowed(&manifests, "Egress");
        let turned = allowed(&manifests, "Ingress").into_iter();
        let into: BTreeSet<Arrow> = turned.map(|(to, from, port)| (from, to, port)).collect();
        // A connection between two of our pods needs an egress and an ingress rule.
        let inner = |arrows: &BTreeSet<Arrow>| -> BTreeSet<Arrow> {
            let both = arrows
                .iter()
                .filter(|(from, to, _)| pods.contains(from) && pods.contains(to));
            both.cloned().collect()
        };
        assert_eq!(inner(&out), inner(&into), "{overlay}: egress and ingress differ");
        let all: BTreeSet<Arrow> = out.union(&into).cloned().collect();
        let extra: Vec<&Arrow> = all.difference(&documented).collect();
        let missing: Vec<&Arrow> = documented.difference(&all).collect();
        assert!(extra.is_empty(), "{overlay} allows {extra:?}");
        assert!(missing.is_empty(), "{overlay} blocks {missing:?}");
    }
}

/// The connections of one process with all roles are those of the roles, without the calls between them and the stores of a
/// fleet.
#[test]
fn embedded_chart_allows_calls_of_all_roles() {
    let manifests = Manifests::of_chart("embedded", &[]);
    let merged = |name: String| match name.as_str() {
        role if ROLES.contains(&role) => "embedded".to_owned(),
        _ => name,
    };
    let expected: BTreeSet<Arrow> = documented()
        .into_iter()
        .map(|(from, to, port)| (merged(from), merged(to), port))
        .filter(|(from, to, _)| from != to && !from.starts_with("migrate-"))
        .filter(|(_, to, _)| !["postgresql", "redis", SOLVER].contains(&to.as_str()))
        .collect();
    let turned = allowed(&manifests, "Ingress").into_iter();
    let into = turned.map(|(to, from, port)| (from, to, port)).collect();
    let found: BTreeSet<Arrow> = allowed(&manifests, "Egress").union(&into).cloned().collect();
    assert_eq!(found, expected);
    let pods = labels(manifests.named("StatefulSet", "mayfly"));
    let all = &manifests.named("NetworkPolicy", "mayfly-refuse-the-rest")["spec"];
    assert!(selects(&all["podSelector"], pods));
    assert_eq!(all["policyTypes"], json!(["Ingress", "Egress"]));
}

/// With `acme` the gateways terminate TLS themselves. Only they reach the authority: `smtp` gets the certificate from `mailbox`.
#[test]
fn chart_with_acme_opens_gateways_and_the_authority() {
    let acme = [
        "ingress.enabled=false",
        "smtp.tls.existingSecret=",
        "acme.domains={mayfly.example.com,mx.mayfly.example.com}",
    ];
    for (name, gateway) in [("embedded", "embedded"), ("fleet", "gateway")] {
        let connections = |manifests: &Manifests| -> BTreeSet<Arrow> {
            let into = allowed(manifests, "Ingress").into_iter();
            let into = into.map(|(to, from, port)| (from, to, port)).collect();
            allowed(manifests, "Egress").union(&into).cloned().collect()
        };
        let before = connections(&Manifests::of_chart(name, &[]));
        let manifests = Manifests::of_chart(name, &acme);
        check_configuration(name, &manifests);
        let after = connections(&manifests);
        let arrow = |from: &str, to: &str, port: u64| (from.to_owned(), to.to_owned(), (port, port));
        let mut expected = before.clone();
        expected.extend([
            arrow("anybody", gateway, 8080),
            arrow("anybody", gateway, 8081),
            arrow(gateway, "public addresses", 443),
        ]);
        assert_eq!(after, expected, "{name}");
        assert_eq!(manifests.of_kind("Ingress").count(), 0, "{name}");
        let service = &manifests.named("Service", "mayfly-https")["spec"];
        let selector = json!({ "matchLabels": service["selector"] });
        let mut selected = manifests.workloads();
        selected.retain(|workload| selects(&selector, labels(workload)));
        assert_eq!(selected.len(), 1, "{name}");
        let open = list(&containers(selected[0])[0]["ports"]);
        for port in list(&service["ports"]) {
            assert!(
                open.iter().any(|open| open["name"] == port["targetPort"]),
                "{port}"
            );
        }
    }
}

#[test]
fn network_policies_deny_by_default() {
    for overlay in OVERLAYS {
        let manifests = Manifests::of(overlay);
        let refusal = json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] });
        let refuses = manifests
            .of_kind("NetworkPolicy")
            .any(|policy| policy["spec"] == refusal);
        assert!(refuses, "{overlay}");
    }
}

/// Policies name the ports of pods; each is one on which the pod listens.
#[test]
fn network_policies_name_open_ports() {
    for overlay in OVERLAYS {
        let manifests = Manifests::of(overlay);
        for (pod, from, (port, last)) in allowed(&manifests, "Ingress") {
            // cert-manager starts its solvers itself.
            if pod == SOLVER {
                continue;
            }
            assert_eq!(
                port, last,
                "{overlay}: {from} may reach a range of ports of {pod}"
            );
            let workload = manifests.workloads().into_iter().find(|w| component(w) == pod);
            let open = containers(workload.expect("a pod"))
                .into_iter()
                .flat_map(|container| list(&container["ports"]))
                .any(|open| open["containerPort"] == port);
            assert!(
                open,
                "{overlay}: {from} may reach {pod}:{port}, which is not open"
            );
        }
    }
}

/// With the component `acme` the gateways terminate TLS themselves. Only they reach the authority: `smtp` gets the certificate from
/// `mailbox`.
#[test]
fn acme_component_opens_gateways_and_the_authority() {
    let arrow = |from: &str, to: &str, port: u64| (from.to_owned(), to.to_owned(), (port, port));
    let connections = |manifests: &Manifests| {
        let into = allowed(manifests, "Ingress").into_iter();
        let into: BTreeSet<Arrow> = into.map(|(to, from, port)| (from, to, port)).collect();
        into.union(&allowed(manifests, "Egress")).cloned().collect()
    };
    let plain: BTreeSet<Arrow> = connections(&Manifests::of("single-node"));
    let manifests = Manifests::with_components("single-node", &["acme"]);
    let added: BTreeSet<Arrow> = connections(&manifests).difference(&plain).cloned().collect();
    let expected = [
        arrow("anybody", "gateway", 8080),
        arrow("anybody", "gateway", 8081),
        arrow("gateway", "public addresses", 443),
    ];
    assert_eq!(added, BTreeSet::from(expected));
    assert_eq!(manifests.of_kind("Ingress").count(), 0);
    let service = &manifests.named("Service", "mayfly-https")["spec"];
    let gateway = manifests
        .workloads()
        .into_iter()
        .find(|w| component(w) == "gateway");
    let gateway = gateway.expect("a workload");
    assert!(selects(
        &json!({ "matchLabels": service["selector"] }),
        labels(gateway)
    ));
    let open: Vec<&Value> = containers(gateway)
        .into_iter()
        .flat_map(|container| list(&container["ports"]))
        .map(|port| &port["name"])
        .collect();
    for port in list(&service["ports"]) {
        assert!(open.contains(&&port["targetPort"]), "{port}");
    }
}
