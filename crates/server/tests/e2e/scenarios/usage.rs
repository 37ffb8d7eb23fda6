//! Usage statistics of a Pro user.

use mayfly_testkit::MailSender;
use serde_json::Value;

use crate::world::World;

mod worlds {
    crate::scenario!(list_usage_days_counts_mail_per_day);
}

async fn list_usage_days_counts_mail_per_day(world: World) {
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let (_, token) = client.create_token(&pro, "ci").await;
    let owned = client.create_mailbox("owned@mayfly.test", Some(&token)).await;
    let other = client.create_mailbox("other@mayfly.test", None).await;
    let mail = b"Subject: a\r\n\r\nHello\r\n";
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    for recipients in [
        &[owned.address.as_str()][..],
        &[owned.address.as_str(), other.address.as_str()],
    ] {
        let reply = sender.send("a@example.com", recipients, mail).await;
        assert_eq!(reply.unwrap().code, 250);
    }
    let me = client.get("/api/me", &owned.token).await.json();
    for credential in [&pro, &token] {
        for (query, count) in [("", 14), ("?days=1", 1), ("?days=90", 90)] {
            let answer = client.get(&format!("/pro/api/usage{query}"), credential).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let usage = answer.json();
            let days = usage["days"].as_array().unwrap();
            assert_eq!(days.len(), count, "{query}");
            // If midnight passes meanwhile, the mail is on two days.
            let sum = |key: &str| days.iter().map(|day| day[key].as_i64().unwrap()).sum::<i64>();
            assert!(count == 1 || sum("messages") == 2, "{usage}");
            assert!(count == 1 || me["used"] == sum("bytes"), "{usage}");
            assert_eq!(
                (&usage["account_count"], &usage["used"]),
                (&1.into(), &me["used"])
            );
            let named: Vec<&str> = days.iter().filter_map(|day| day["day"].as_str()).collect();
            assert!(named.len() == count && named.is_sorted(), "{usage}");
        }
    }
    // The last day is today, by the clock that dates messages.
    let arrived = client.messages(&owned.token).await;
    let today = client.get("/pro/api/usage?days=1", &pro).await.json();
    let today = today["days"][0]["day"].as_str().unwrap().to_owned();
    client.create_mailbox("late@mayfly.test", Some(&pro)).await;
    let late = client.get("/pro/api/accounts", &pro).await.json();
    let date = |value: &Value| value.as_str().unwrap()[..10].to_owned();
    let around = [&arrived[0]["created_at"], &late["accounts"][1]["created_at"]].map(date);
    assert!(around[0] <= today && today <= around[1], "{today}, {around:?}");
    for days in ["0", "91", "-1", "1.5", "", "many", "99999999999"] {
        let answer = client.get(&format!("/pro/api/usage?days={days}"), &pro).await;
        assert_eq!(
            answer.outcome(),
            (400, "invalid_request".to_owned()),
            "{days}: {answer:?}"
        );
    }
}
