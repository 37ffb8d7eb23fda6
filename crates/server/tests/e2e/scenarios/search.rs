//! `kill -9` while messages are indexed: the index is complete afterwards, and forgets what is deleted.

use std::{collections::BTreeSet, time::Duration};

use mayfly_testkit::MailSender;

use crate::{
    client::Client,
    world::{Kind, World},
};

/// Searches that found everything, over all pages. Returns the subjects.
async fn found(client: &Client, token: &str, query: &str) -> Vec<String> {
    let (mut subjects, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/pro/api/messages/search?q={query}&limit=100{cursor}");
        let answer = client.get(&path, token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let page = answer.json();
        assert_eq!(page["complete"], true);
        let messages = page["messages"].as_array().unwrap().iter();
        subjects.extend(messages.map(|message| message["subject"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return subjects,
        }
    }
}

async fn search_after_kill_finds_every_mail(kind: Kind) {
    let mut world = World::start(kind);
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let mailbox = client.create_mailbox("ann@mayfly.test", Some(&pro)).await;
    let mut sent = BTreeSet::new();
    for (round, wait) in [0, 2, 5, 10, 20, 40, 80].into_iter().enumerate() {
        let mut sender = MailSender::ready(world.smtp()).await.unwrap();
        for n in 0..30 {
            let subject = format!("word{round}x{n}");
            let mail = format!("Subject: {subject}\r\n\r\ncommon {subject}\r\n");
            let reply = sender
                .send("a@example.com", &[&mailbox.address], mail.as_bytes())
                .await
                .unwrap();
            assert_eq!(reply.code, 250, "{reply:?}");
            sent.insert(subject);
        }
        // The search indexes what is not indexed yet.
        let request = world.client().request("GET", "/pro/api/messages/search?q=common");
        let search = Box::pin(request.bearer_auth(&pro).send());
        let _ = tokio::time::timeout(Duration::from_millis(wait), search).await;
        world.kill_and_restart();
        let client = world.client();
        let subjects = found(&client, &pro, "common").await;
        assert_eq!(subjects.len(), sent.len(), "each once");
        assert_eq!(subjects.into_iter().collect::<BTreeSet<_>>(), sent);
        let path = format!("/pro/api/messages?q=subject:word{round}x0");
        let deleted = client.call("DELETE", &path, Some(&pro), None).await;
        assert_eq!(deleted.json()["deleted"], 1);
        sent.remove(&format!("word{round}x0"));
        assert_eq!(found(&client, &pro, &format!("word{round}*")).await.len(), 29);
    }
}

#[tokio::test]
async fn search_after_kill_finds_every_mail_all_in_one() {
    search_after_kill_finds_every_mail(Kind::AllInOne).await;
}

#[tokio::test]
async fn search_after_kill_finds_every_mail_split() {
    search_after_kill_finds_every_mail(Kind::Split).await;
}
