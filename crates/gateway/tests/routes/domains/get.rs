//! `GET /domains`

use serde_json::json;

use crate::{
    hydra::{JSON, JSON_LD, assert_error},
    support::{CUSTOM_DOMAIN, World},
};

#[tokio::test]
async fn list_domains_returns_both_representations() {
    let world = World::sqlite().await;
    let plain = world.accept("GET", "/domains", "", JSON).await.expect_status(200);
    assert!(plain.header("content-type").starts_with(JSON));
    let mut domain = plain.json()[0].clone();
    let (id, created) = (domain["id"].clone(), domain["createdAt"].clone());
    assert!(created.as_str().unwrap().ends_with("+00:00"));
    let expected = json!({"id": id, "domain": "mayfly.test", "isActive": true, "isPrivate": false,
        "createdAt": created, "updatedAt": created});
    assert_eq!(plain.json(), json!([expected]));
    for accept in ["*/*", "application/json, text/plain, */*", "text/html", JSON_LD] {
        let answer = world.accept("GET", "/domains", "", accept).await;
        let answer = answer.expect_status(200);
        assert_eq!(
            answer.header("content-type"),
            "application/ld+json; charset=utf-8"
        );
        assert_eq!(answer.header("vary"), "accept");
        domain["@id"] = format!("/domains/{}", id.as_str().unwrap()).into();
        domain["@type"] = "Domain".into();
        let expected = json!({"@context": "/contexts/Domain", "@id": "/domains", "@type": "hydra:Collection",
            "hydra:member": [domain], "hydra:totalItems": 1});
        assert_eq!(answer.json(), expected, "{accept}");
    }
    let past = world.accept("GET", "/domains?page=2", "", JSON).await;
    assert_eq!(past.json(), json!([]));
}

#[tokio::test]
async fn list_domains_with_pro_token_adds_verified_domains() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    world.add_verified_domain(&pro).await;
    let token = world
        .post("/pro/api/tokens", &pro, json!({"name": "t"}))
        .await
        .text("token");
    let listed = world.accept("GET", "/domains", &token, JSON).await.json();
    let shown: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["domain"], &one["isPrivate"]))
        .collect();
    assert_eq!(
        shown,
        [
            (&json!("mayfly.test"), &json!(false)),
            (&json!(CUSTOM_DOMAIN), &json!(true))
        ]
    );
    // Every other credential is ignored, and a bad API token is not.
    for ignored in ["", "garbage", &pro] {
        let listed = world
            .accept("GET", "/domains", ignored, JSON)
            .await
            .expect_status(200);
        assert_eq!(listed.json().as_array().unwrap().len(), 1, "{ignored}");
    }
    let bad = world.accept("GET", "/domains", "tm_pro_bad", JSON).await;
    assert_error(&bad, 401, "Invalid JWT Token");
}

#[tokio::test]
async fn dialect_that_is_off_has_no_paths() {
    let config = mayfly_gateway::Config {
        dialects: mayfly_runtime::config::List(Vec::new()),
        ..Default::default()
    };
    let world = World::with(mayfly_testkit::Db::Sqlite, config).await;
    for path in ["/domains", "/messages", "/.well-known/mercure"] {
        let answer = world.get(path, "").await.expect_status(404);
        assert_eq!(
            answer.json(),
            json!({"error": "not_found", "message": "there is nothing here"}),
            "{path}"
        );
        assert!(answer.headers.get("vary").is_none());
    }
}
