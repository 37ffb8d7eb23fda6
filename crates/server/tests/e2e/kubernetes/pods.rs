//! Pods: security context, resource limits, probes and drain.

use serde_json::{Value, json};

use super::{
    IMAGE, Manifests, OVERLAYS, ROLES, configuration::scratch_at, containers, labels, list, name_of, pod,
    selects, text,
};

/// Asserts the restricted profile of the Pod Security Standards, and more.
pub(super) fn assert_restricted(what: &str, manifests: &Manifests) {
    for workload in manifests.workloads() {
        let (name, spec) = (name_of(workload), pod(workload));
        for key in ["hostNetwork", "hostPID", "hostIPC"] {
            assert!(spec[key].is_null(), "{what} {name}: {key}");
        }
        assert_eq!(spec["automountServiceAccountToken"], false, "{what} {name}");
        assert_eq!(
            spec["enableServiceLinks"], false,
            "{what} {name}: keys unknown to Mayfly"
        );
        let account = text(&spec["serviceAccountName"]);
        let account = manifests.named("ServiceAccount", account);
        assert_eq!(account["automountServiceAccountToken"], false, "{what} {name}");
        let context = &spec["securityContext"];
        assert_eq!(context["runAsNonRoot"], true, "{what} {name}");
        assert!(context["runAsUser"].as_u64() > Some(0), "{what} {name}");
        assert_eq!(
            context["seccompProfile"]["type"], "RuntimeDefault",
            "{what} {name}"
        );
        for volume in list(&spec["volumes"]) {
            let kinds = ["configMap", "secret", "emptyDir", "persistentVolumeClaim"];
            assert!(
                kinds.iter().any(|kind| !volume[kind].is_null()),
                "{what} {name}: {volume}"
            );
        }
        for container in containers(workload) {
            let expected = json!({
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": { "drop": ["ALL"] },
            });
            assert_eq!(container["securityContext"], expected, "{what} {name}");
            let resources = &container["resources"];
            for (group, resource) in [("requests", "cpu"), ("requests", "memory"), ("limits", "memory")] {
                assert!(
                    resources[group][resource].is_string(),
                    "{what} {name}: {group}.{resource}"
                );
            }
            for port in list(&container["ports"]) {
                assert!(port["hostPort"].is_null(), "{what} {name}: {port}");
                // The schema does not check the length of port names.
                assert!(text(&port["name"]).len() <= 15, "{what} {name}: {port}");
            }
            let (_, tag) = text(&container["image"]).rsplit_once(':').expect("a tag");
            assert_ne!(tag, "latest", "{what} {name}");
        }
    }
}

#[test]
fn pods_are_restricted_and_bounded() {
    for overlay in OVERLAYS {
        let manifests = Manifests::of(overlay);
        assert!(manifests.workloads().len() >= 6, "{overlay}");
        assert_restricted(overlay, &manifests);
        let namespace = manifests.named("Namespace", "mayfly");
        let enforced = &namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"];
        assert_eq!(enforced, "restricted", "{overlay}");
    }
}

/// Large messages are on a disk while they arrive, and the volume has room for all that the process writes.
#[test]
fn smtp_spools_to_a_bounded_volume() {
    for overlay in OVERLAYS {
        let manifests = Manifests::of(overlay);
        let deployment = manifests.named("Deployment", "mayfly-smtp");
        let container = containers(deployment)[0];
        let own = list(&container["env"]).iter();
        let mut spools = own.filter(|variable| variable["name"] == "MAYFLY_SMTP__SPOOL_DIR");
        let directory = text(&spools.next().expect("a directory")["value"]);
        let limit = scratch_at(deployment, container, directory).expect("a scratch volume");
        let mebibytes: u64 = limit
            .strip_suffix("Mi")
            .expect("mebibytes")
            .parse()
            .expect("a number");
        let spooled = mayfly_smtp::Config::default().max_spooled_bytes;
        assert!(mebibytes * 1024 * 1024 > spooled, "{overlay}: {limit}");
    }
}

/// Asserts that every container of a server has probes, and that Mayfly's are on the admin port.
pub(super) fn assert_probes(what: &str, manifests: &Manifests) {
    for workload in manifests.workloads() {
        if workload["kind"] == "Job" {
            continue;
        }
        for container in containers(workload) {
            for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
                assert!(
                    container[probe].is_object(),
                    "{what} {}: {probe}",
                    name_of(workload)
                );
            }
        }
    }
    for (workload, container) in manifests.mayfly() {
        if workload["kind"] == "Job" {
            continue;
        }
        let asked = |probe: &str| {
            (
                text(&container[probe]["httpGet"]["path"]),
                admin_port(container, probe),
            )
        };
        let name = name_of(workload);
        assert_eq!(asked("startupProbe"), ("/livez", 9090), "{what} {name}");
        assert_eq!(asked("livenessProbe"), ("/livez", 9090), "{what} {name}");
        assert_eq!(asked("readinessProbe"), ("/readyz", 9090), "{what} {name}");
    }
}

#[test]
fn every_server_has_health_probes() {
    for overlay in OVERLAYS {
        assert_probes(overlay, &Manifests::of(overlay));
    }
}

fn admin_port(container: &Value, probe: &str) -> u64 {
    let named = &container[probe]["httpGet"]["port"];
    let port = list(&container["ports"])
        .iter()
        .find(|port| port["name"] == *named);
    port.and_then(|port| port["containerPort"].as_u64())
        .expect("a port of that name")
}

/// The times are those of the binary: edges drain for up to 25 seconds, then services for up to 10.
#[test]
fn rollout_of_every_role_has_no_gap() {
    for overlay in OVERLAYS {
        let manifests = Manifests::of(overlay);
        for role in ROLES {
            let deployment = manifests.named("Deployment", &format!("mayfly-{role}"));
            let spec = &deployment["spec"];
            let rolling = json!({
                "type": "RollingUpdate",
                "rollingUpdate": { "maxUnavailable": 0, "maxSurge": 1 },
            });
            assert_eq!(spec["strategy"], rolling, "{overlay} {role}");
            assert!(spec["minReadySeconds"].as_u64() >= Some(5), "{overlay} {role}");
            assert_eq!(
                pod(deployment)["terminationGracePeriodSeconds"],
                45,
                "{overlay} {role}"
            );
            for container in containers(deployment) {
                let before = json!({ "preStop": { "sleep": { "seconds": 5 } } });
                assert_eq!(container["lifecycle"], before, "{overlay} {role}");
            }
        }
    }
}

/// A selector that matches pods of another role would route calls to them.
#[test]
fn workloads_select_their_own_pods() {
    for overlay in OVERLAYS {
        let manifests = Manifests::of(overlay);
        let workloads = manifests.workloads();
        for workload in &workloads {
            let selector = &workload["spec"]["selector"];
            if workload["kind"] == "Job" {
                assert!(selector.is_null(), "{overlay}: Kubernetes generates it");
                continue;
            }
            let taken = workloads.iter().filter(|other| selects(selector, labels(other)));
            let names: Vec<&str> = taken.map(|other| name_of(other)).collect();
            assert_eq!(names, [name_of(workload)], "{overlay}");
        }
    }
}

/// A Job's template is immutable: one that depended on settings would make `kubectl apply` fail after a change. A Job that is
/// removed when it has finished would be created again by a controller.
#[test]
fn migrations_do_not_depend_on_settings() {
    for overlay in OVERLAYS {
        let manifests = Manifests::of(overlay);
        let jobs: Vec<&Value> = manifests.of_kind("Job").collect();
        assert_eq!(jobs.len(), 2, "{overlay}");
        for job in jobs {
            let name = name_of(job);
            assert!(!job.to_string().contains("configMap"), "{overlay} {name}");
            let lifetime = &job["spec"]["ttlSecondsAfterFinished"];
            assert!(lifetime.is_null(), "{overlay} {name}");
        }
    }
}

/// A Job is immutable, so an upgrade needs a new name.
#[test]
fn pods_and_migrations_have_this_version() {
    let version = env!("CARGO_PKG_VERSION").replace('.', "-");
    for overlay in OVERLAYS {
        let manifests = Manifests::of(overlay);
        for (workload, container) in manifests.mayfly() {
            assert_eq!(container["image"], IMAGE, "{overlay} {}", name_of(workload));
        }
        let mut jobs: Vec<&str> = manifests.of_kind("Job").map(name_of).collect();
        jobs.sort_unstable();
        let expected = ["auth", "mailbox"].map(|role| format!("mayfly-migrate-{role}-{version}"));
        assert_eq!(jobs, expected, "{overlay}");
    }
}
