//! `GET /messages`

use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};

use crate::{
    hydra::{JSON, JSON_LD, NOW, SHOP, node, shop_item},
    support::World,
};

db_test!(
    list_messages_returns_both_representations,
    list_messages_pages_of_thirty
);

async fn list_messages_returns_both_representations(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let bare = world
        .deliver(&mailbox, "X-Note: none of the fields\r\n\r\n")
        .await;
    let shop = world.deliver(&mailbox, SHOP).await;
    let bare_item = json!({
        "id": bare, "accountId": format!("/accounts/{}", mailbox.id), "msgid": format!("<{bare}@mayfly.test>"),
        "from": {"address": "shop@sender.example", "name": ""}, "to": [{"address": "ann@mayfly.test", "name": ""}],
        "subject": "", "intro": "", "seen": false, "isDeleted": false, "hasAttachments": false, "size": 30,
        "downloadUrl": format!("/messages/{bare}/download"), "sourceUrl": format!("/sources/{bare}"),
        "createdAt": NOW, "updatedAt": NOW,
    });
    let plain = world
        .accept("GET", "/messages", &mailbox.token, JSON)
        .await
        .expect_status(200);
    let items = [(shop_item(&mailbox, &shop), &shop), (bare_item, &bare)];
    assert_eq!(plain.json(), json!([items[0].0, items[1].0]));
    let members = items.map(|(item, id)| node("Message", &format!("/messages/{id}"), item, false));
    let expected = json!({"@context": "/contexts/Message", "@id": "/messages", "@type": "hydra:Collection",
        "hydra:member": members, "hydra:totalItems": 2});
    // The second answer comes from the cache.
    for _ in 0..2 {
        assert_eq!(world.get("/messages", &mailbox.token).await.json(), expected);
    }
    assert_eq!(world.get("//messages", &mailbox.token).await.json(), expected);
    world.assert_jwt_only("GET", "/messages").await;
}

async fn list_messages_pages_of_thirty(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    for number in 0..65 {
        world
            .deliver(&mailbox, &format!("Subject: n{number}\r\n\r\nx\r\n"))
            .await;
    }
    let page = async |page: &str, accept: &str| {
        let answer = world
            .accept("GET", &format!("/messages{page}"), &mailbox.token, accept)
            .await;
        answer.expect_status(200).json()
    };
    let subjects = |members: &Value| -> Vec<String> {
        let members = members.as_array().unwrap().iter();
        members
            .map(|one| one["subject"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut all = Vec::new();
    for (number, query) in ["", "?page=2", "?page=3"].into_iter().enumerate() {
        let (plain, hydra) = (page(query, JSON).await, page(query, JSON_LD).await);
        assert_eq!(subjects(&plain), subjects(&hydra["hydra:member"]));
        assert_eq!(hydra["hydra:totalItems"], 65);
        all.extend(subjects(&plain));
        let link = |page: usize| format!("/messages?page={page}");
        let mut view = json!({"@id": link(number + 1), "@type": "hydra:PartialCollectionView",
            "hydra:first": link(1), "hydra:last": link(3)});
        if number > 0 {
            view["hydra:previous"] = link(number).into();
        }
        if number < 2 {
            view["hydra:next"] = link(number + 2).into();
        }
        assert_eq!(hydra["hydra:view"], view);
    }
    let expected: Vec<String> = (0..65).rev().map(|number| format!("n{number}")).collect();
    assert_eq!(all, expected);
    let past = page("?page=9", JSON_LD).await;
    assert_eq!(
        (&past["hydra:member"], &past["hydra:totalItems"]),
        (&json!([]), &json!(65))
    );
    for query in ["?page=0", "?page=-1", "?page=x"] {
        assert_eq!(subjects(&page(query, JSON).await)[0], "n64", "{query}");
    }
}
