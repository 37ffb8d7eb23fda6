//! `GET /v1/config`

use insta::assert_json_snapshot;

use crate::support::World;

#[tokio::test]
async fn get_config_names_open_domains_and_rules() {
    let world = World::open().await;
    assert_json_snapshot!(world.get_v1("/v1/config", "").await.snapshot(), @r#"
    {
      "body": {
        "local_part_rules": {
          "max_length": 20,
          "min_length": 2,
          "pattern": "^[a-z0-9._-]+$",
          "reserved": [
            "postmaster",
            "abuse",
            "hostmaster",
            "webmaster",
            "admin",
            "root"
          ]
        },
        "system_domains": [
          {
            "default": true,
            "domain": "open.test"
          }
        ],
        "ttl_seconds": 3600
      },
      "status": 200
    }
    "#);
}

/// A header that is there must be good; the bearer token means nothing.
#[tokio::test]
async fn get_config_with_invalid_token_is_unauthorized() {
    let world = World::open().await;
    let mailbox = world.create_mailbox().await;
    let tokens = ["garbage", "tm_anon_garbage", "tm_pro_garbage", &mailbox.token];
    world.assert_unauthorized_v1("GET", "/v1/config", &tokens).await;
    world.get("/v1/config", "garbage").await.expect_status(200);
    let pro = world.register().await;
    world.get_v1("/v1/config", &pro).await.expect_status(200);
}

#[tokio::test]
async fn get_config_with_dialect_off_is_an_unknown_path() {
    let world = World::sqlite().await;
    let answer = world.get_v1("/v1/config", "garbage").await.expect_status(404);
    assert_eq!(answer.text("error"), "not_found");
}
