//! The environment of every container, checked by the binary, which rejects unknown keys and invalid values.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use mayfly_testkit::Postgres;
use mayfly_types::SecretKey;
use serde_json::Value;
use tempfile::TempDir;

use super::{Manifests, OVERLAYS, containers, list, name_of, pod, text};

/// The variables of a container with a literal value: from the ConfigMap, and its own.
fn environment(manifests: &Manifests, container: &Value) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for source in list(&container["envFrom"]) {
        let map = manifests.named("ConfigMap", text(&source["configMapRef"]["name"]));
        let data = map["data"].as_object().expect("data");
        all.extend(
            data.iter()
                .map(|(key, value)| (key.clone(), text(value).to_owned())),
        );
    }
    let own = list(&container["env"]).iter();
    for variable in own.filter(|variable| variable["valueFrom"].is_null()) {
        let (name, value) = (text(&variable["name"]), text(&variable["value"]));
        let before = all.insert(name.to_owned(), value.to_owned());
        assert_eq!(before, None, "{name} is set twice");
    }
    all
}

/// The Secret that is mounted at a path, and the key of the file.
pub(super) fn secret_at(workload: &Value, container: &Value, path: &str) -> Option<(String, String)> {
    let (directory, key) = path.rsplit_once('/')?;
    let mount = list(&container["volumeMounts"])
        .iter()
        .find(|mount| mount["mountPath"] == directory)?;
    let volume = list(&pod(workload)["volumes"])
        .iter()
        .find(|volume| volume["name"] == mount["name"])?;
    let secret = volume["secret"]["secretName"].as_str()?;
    Some((secret.to_owned(), key.to_owned()))
}

/// The size limit of the scratch volume that is mounted at a path.
pub(super) fn scratch_at<'a>(workload: &'a Value, container: &Value, path: &str) -> Option<&'a str> {
    let mounts = list(&container["volumeMounts"]).iter();
    let mount = mounts.into_iter().find(|mount| mount["mountPath"] == path)?;
    let mut volumes = list(&pod(workload)["volumes"]).iter();
    let volume = volumes.find(|volume| volume["name"] == mount["name"])?;
    volume["emptyDir"]["sizeLimit"].as_str()
}

/// The Secrets and keys that containers read from files.
pub(super) fn secrets_read(manifests: &Manifests) -> BTreeSet<(String, String)> {
    let mut read = BTreeSet::new();
    for workload in manifests.workloads() {
        for container in containers(workload) {
            let paths = environment(manifests, container).into_values();
            read.extend(paths.filter_map(|path| secret_at(workload, container, &path)));
        }
    }
    read
}

/// Writes a sample of the file that an operator provides at a path.
fn sample_file(key: &str, directory: &Path) -> String {
    let path = directory.join(key);
    let certificate = directory.join("certificate.pem");
    let contents = match key {
        "MAYFLY_DATABASE__URL_FILE" => "postgres://mayfly:password@postgresql:5432/mayfly".to_owned(),
        "MAYFLY_REDIS__URL_FILE" => "redis://:password@redis:6379".to_owned(),
        _ if key.ends_with("SECRET_FILE") || key.ends_with("_KEY_FILE") => SecretKey::random().to_hex(),
        _ if key.contains("TLS_") => {
            // Certificate and key must match, so they are generated together.
            let private = directory.join("key.pem");
            if !certificate.exists() {
                let made = rcgen::generate_simple_self_signed(["mayfly.test".to_owned()]).expect("a pair");
                fs::write(&certificate, made.cert.pem()).expect("it is written");
                fs::write(&private, made.signing_key.serialize_pem()).expect("it is written");
            }
            let file = if key.ends_with("KEY") {
                private
            } else {
                certificate
            };
            return file.display().to_string();
        }
        _ => panic!("no sample for {key}"),
    };
    fs::write(&path, contents).expect("it is written");
    path.display().to_string()
}

/// A sample of the text that an operator puts into a Secret for a variable.
fn sample_text(key: &str) -> &'static str {
    match key.ends_with("_URL") {
        true => "https://service.example.com/verify",
        false => "sample",
    }
}

/// Runs `mayfly config check` in the environment of every server.
pub(super) fn check_configuration(what: &str, manifests: &Manifests) {
    for (workload, container) in manifests.mayfly() {
        if workload["kind"] == "Job" {
            continue;
        }
        let name = name_of(workload);
        let files = TempDir::new().expect("a directory");
        let mut env = environment(manifests, container);
        let from_secrets = list(&container["env"]).iter();
        let from_secrets = from_secrets.filter(|variable| variable["valueFrom"]["secretKeyRef"].is_object());
        env.extend(from_secrets.map(|variable| {
            let key = text(&variable["name"]);
            (key.to_owned(), sample_text(key).to_owned())
        }));
        for (key, value) in &mut env {
            if key == "MAYFLY_DATA_DIR" {
                assert!(is_on_volume(workload, container, value), "{what} {name}: {value}");
                *value = files.path().join("data").display().to_string();
            } else if scratch_at(workload, container, value).is_some() {
                *value = files.path().display().to_string();
            } else if value.starts_with('/') {
                let secret = secret_at(workload, container, value);
                assert!(secret.is_some(), "{what} {name}: nothing is mounted at {value}");
                *value = sample_file(key, files.path());
            }
        }
        let output = Command::new(env!("CARGO_BIN_EXE_mayfly"))
            .args(list(&container["args"]).iter().map(text))
            .args(["config", "check"])
            .current_dir(files.path())
            .env_clear()
            .envs(&env)
            .output()
            .expect("the start is not delayed");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{what} {name}: {errors}");
    }
}

/// Whether a path is below the mount of a persistent volume.
fn is_on_volume(workload: &Value, container: &Value, path: &str) -> bool {
    let claims = list(&workload["spec"]["volumeClaimTemplates"]);
    list(&container["volumeMounts"]).iter().any(|mount| {
        let is_claim = claims
            .iter()
            .any(|claim| claim["metadata"]["name"] == mount["name"]);
        is_claim && Path::new(path).starts_with(text(&mount["mountPath"]))
    })
}

#[test]
fn config_check_accepts_every_container() {
    let of_overlays = OVERLAYS.map(|overlay| (overlay, Manifests::of(overlay)));
    let acme = ("acme", Manifests::with_components("single-node", &["acme"]));
    for (overlay, manifests) in of_overlays.into_iter().chain([acme]) {
        assert_eq!(manifests.mayfly().len(), 6, "{overlay}");
        check_configuration(overlay, &manifests);
    }
}

/// A Job has nothing but its database's URL, and that is enough.
#[test]
fn migration_jobs_run_with_their_environment() {
    let postgres = Postgres::start();
    let manifests = Manifests::of("production");
    let jobs = manifests.mayfly().into_iter().filter(|(w, _)| w["kind"] == "Job");
    let mut count = 0;
    for (workload, container) in jobs {
        let files = TempDir::new().expect("a directory");
        let url = files.path().join("url");
        let database = name_of(workload).replace('-', "_");
        fs::write(&url, postgres.create_database(&database)).expect("it is written");
        let mut env = environment(&manifests, container);
        let key = "MAYFLY_DATABASE__URL_FILE";
        let mounted = secret_at(workload, container, &env[key]).expect("a Secret");
        assert_eq!(mounted.1, "database-url");
        env.insert(key.to_owned(), url.display().to_string());
        let output = Command::new(env!("CARGO_BIN_EXE_mayfly"))
            .args(list(&container["args"]).iter().map(text))
            .current_dir(files.path())
            .env_clear()
            .envs(&env)
            .output()
            .expect("it starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {errors}", name_of(workload));
        count += 1;
    }
    assert_eq!(count, 2);
}

/// Endpoints are names of Services, and listeners match the target ports of the Services.
#[test]
fn endpoints_resolve_to_services() {
    for overlay in OVERLAYS {
        let manifests = Manifests::of(overlay);
        for (workload, container) in manifests.mayfly() {
            if workload["kind"] == "Job" {
                continue;
            }
            let env = environment(&manifests, container);
            for role in ["auth", "mailbox"] {
                let key = role.to_uppercase();
                let (_, address) = env[&format!("MAYFLY_{key}__ENDPOINT")]
                    .split_once("://")
                    .expect("a URL");
                let (host, port) = address.split_once(':').expect("a port");
                let service = manifests.named("Service", host);
                assert_eq!(service["spec"]["clusterIP"], "None", "{overlay} {host}");
                assert_eq!(
                    service["spec"]["ports"][0]["port"].to_string(),
                    port,
                    "{overlay} {host}"
                );
            }
            let role = env["MAYFLY_ROLES"].as_str();
            for port in list(&container["ports"]) {
                let section = if port["name"] == "admin" { "admin" } else { role };
                let listen = &env[&format!("MAYFLY_{}__LISTEN", section.to_uppercase())];
                let expected = format!("[::]:{}", port["containerPort"]);
                assert_eq!(*listen, expected, "{overlay} {role}");
            }
        }
    }
}
