//! `GET /domains/{id}`

use crate::{
    hydra::{JSON, assert_error, node},
    support::{UNKNOWN_ID, World},
};

#[tokio::test]
async fn get_domain_returns_it_or_nothing() {
    let world = World::sqlite().await;
    let domain = world.accept("GET", "/domains", "", JSON).await.json()[0].clone();
    let path = format!("/domains/{}", domain["id"].as_str().unwrap());
    assert_eq!(world.accept("GET", &path, "", JSON).await.json(), domain);
    let single = world.get(&path, "").await.expect_status(200).json();
    assert_eq!(single, node("Domain", &path, domain, true));
    for id in [UNKNOWN_ID, "x"] {
        let answer = world.get(&format!("/domains/{id}"), "").await;
        assert_error(&answer, 404, "Not Found");
        assert!(answer.header("content-type").starts_with("application/ld+json"));
    }
}
