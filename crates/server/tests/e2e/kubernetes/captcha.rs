//! Captchas of another service: the values `captcha` of the chart, and the component `captcha` of the manifests.

use std::{collections::BTreeSet, fs};

use super::{
    Manifests,
    blobs::containing,
    chart::refusal,
    configuration::check_configuration,
    equality::assert_equal,
    network::{Arrow, allowed},
    objects::assert_secrets,
    pods::assert_restricted,
    root,
};

const CAPTCHA: &str = "captcha.existingSecret=mayfly-captcha";
/// The examples, each with the workload of the role `gateway`.
const MODES: [(&str, &str); 2] = [("embedded", "mayfly"), ("fleet", "mayfly-gateway")];

/// Asserts that the Secret is on one workload only, and that every server accepts its configuration.
fn assert_captcha(what: &str, manifests: &Manifests, workload: &str, page: &str) {
    let recipe = fs::read_to_string(root().join(page)).expect("the page");
    assert_restricted(what, manifests);
    assert_secrets(what, manifests, &recipe);
    check_configuration(what, manifests);
    assert_eq!(containing(manifests, "mayfly-captcha"), [workload], "{what}");
}

#[test]
fn captcha_secret_is_on_gateway_only() {
    for (name, workload) in MODES {
        let manifests = Manifests::of_chart(name, &[CAPTCHA]);
        assert_captcha(name, &manifests, workload, "deploy/helm/README.md");
    }
    let manifests = Manifests::with_components("single-node", &["captcha"]);
    let page = "deploy/kubernetes/README.md";
    assert_captcha("component", &manifests, "mayfly-gateway", page);
}

/// The policy for webhooks of the embedded mode allows the connection already.
#[test]
fn policies_open_captcha_service_to_gateway() {
    let pairs = [
        (
            Manifests::of("single-node"),
            Manifests::with_components("single-node", &["captcha"]),
        ),
        (
            Manifests::of_chart("fleet", &[]),
            Manifests::of_chart("fleet", &[CAPTCHA]),
        ),
    ];
    for (before, after) in pairs {
        let (before, after) = (allowed(&before, "Egress"), allowed(&after, "Egress"));
        let added: BTreeSet<Arrow> = after.difference(&before).cloned().collect();
        let arrow = ("gateway".to_owned(), "public addresses".to_owned(), (443, 443));
        assert_eq!(added, BTreeSet::from([arrow]));
        assert!(before.is_subset(&after));
    }
}

#[test]
fn chart_with_captcha_equals_component() {
    let overlay = Manifests::with_components("production", &["prometheus-operator", "captcha"]);
    let values = ["prometheusOperator.enabled=true", CAPTCHA];
    assert_equal(overlay, Manifests::of_chart("fleet", &values));
}

/// The URL can contain a key, so it is in the Secret too.
#[test]
fn chart_refuses_captcha_in_settings() {
    for (key, problem) in [
        (
            "MAYFLY_GATEWAY__CAPTCHA_VERIFY_URL",
            " from settings: it is a secret",
        ),
        (
            "MAYFLY_GATEWAY__CAPTCHA_VERIFY_SECRET_FILE",
            " from settings: the chart sets it",
        ),
        ("MAYFLY_GATEWAY__CAPTCHA", " from settings, or set captcha."),
    ] {
        let refused = refusal(&[CAPTCHA, &format!("settings.{key}=x")]);
        assert!(
            refused.contains(&format!("\n- Remove {key}{problem}")),
            "{refused}"
        );
    }
}
