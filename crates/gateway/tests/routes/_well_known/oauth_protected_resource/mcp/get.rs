//! `GET /.well-known/oauth-protected-resource/mcp`

use insta::assert_json_snapshot;
use mayfly_gateway::Config;
use mayfly_runtime::config::List;
use mayfly_testkit::Db;

use crate::support::World;

const PATH: &str = "/.well-known/oauth-protected-resource/mcp";

#[tokio::test]
async fn metadata_name_the_resource_and_its_servers() {
    let config = Config {
        mcp_authorization_servers: List(vec!["https://sign-in.example".to_owned()]),
        base_path: "/mail".to_owned(),
        ..Config::default()
    };
    let world = World::with(Db::Sqlite, config).await;
    let metadata = world.get(PATH, "").await;
    assert_json_snapshot!(metadata.snapshot(), @r#"
    {
      "body": {
        "authorization_servers": [
          "https://sign-in.example"
        ],
        "bearer_methods_supported": [
          "header"
        ],
        "resource": "http://localhost/mail/mcp",
        "resource_name": "Mayfly",
        "scopes_supported": [
          "accounts:write",
          "messages:read",
          "messages:write"
        ]
      },
      "status": 200
    }
    "#);
    let without = World::sqlite().await.get(PATH, "").await.json();
    assert!(without.get("authorization_servers").is_none(), "{without}");
}

#[tokio::test]
async fn metadata_without_mcp_are_not_found() {
    let config = Config {
        mcp: false,
        ..Config::default()
    };
    let world = World::with(Db::Sqlite, config).await;
    assert_eq!(world.get(PATH, "").await.status, 404);
}
