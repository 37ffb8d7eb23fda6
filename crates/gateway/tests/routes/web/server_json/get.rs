//! `GET /web/server.json`

use insta::assert_json_snapshot;

use crate::support::World;

#[tokio::test]
async fn server_facts_have_configured_retention() {
    let config = mayfly_mailbox::Config {
        retention: "36h".parse().unwrap(),
        ..mayfly_mailbox::Config::default()
    };
    let world = World::with_mailbox(config).await;
    let facts = world.get("/web/server.json", "").await;
    assert_json_snapshot!(facts.snapshot(), @r#"
    {
      "body": {
        "retention_secs": 129600
      },
      "status": 200
    }
    "#);
    assert_eq!(facts.header("cache-control"), "no-store");
}
