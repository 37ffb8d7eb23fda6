//! `GET /api/domains`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};

use crate::support::World;

db_test!(list_domains_returns_system_domains);

async fn list_domains_returns_system_domains(db: Db) {
    let world = World::start(db).await;
    let answer = world.get("/api/domains", "").await;
    assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "body": {
        "domains": [
          {
            "default": true,
            "domain": "mayfly.test",
            "id": "[id]",
            "pro_only": false,
            "sort_order": 0
          }
        ]
      },
      "status": 200
    }
    "#);
}
