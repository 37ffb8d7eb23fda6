//! The life of credentials, from creation to revocation.

use serde_json::json;

use crate::{client::PASSWORD, tokens, world::World};

mod worlds {
    crate::scenario!(a_mailbox_signs_in);
    crate::scenario!(a_token_is_revoked);
    crate::scenario!(a_reset_ends_every_older_token);
    crate::scenario!(a_deleted_mailbox_is_gone_at_once);
    crate::scenario!(credentials_outlive_a_restart);
}

async fn a_mailbox_signs_in(world: World) {
    let client = world.client();
    let made = client.create_mailbox("walk@mayfly.test", None).await;
    assert_eq!(client.get("/api/me", &made.token).await.status, 200);

    let body = json!({"address": " WALK@mayfly.test", "password": PASSWORD});
    let signed_in = client.call("POST", "/api/token", None, Some(body)).await;
    assert_eq!(signed_in.status, 200);
    let signed_in = signed_in.json();
    assert_eq!(
        (&signed_in["id"], &signed_in["address"]),
        (&json!(made.id), &json!("walk@mayfly.test"))
    );
    let token = signed_in["token"].as_str().unwrap();
    assert!(client.messages(token).await.is_empty());
    assert_eq!(
        client.get("/api/me", &made.token).await.status,
        200,
        "signing in again ends nothing"
    );

    let claims = tokens::claims(token);
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        7 * 86_400
    );
    let nearly = tokens::aged(token, &world.signing_key, 6);
    assert_eq!(client.get("/api/messages", &nearly).await.status, 200);
    let expired = tokens::aged(token, &world.signing_key, 8);
    let answer = client.get("/api/messages", &expired).await;
    assert_eq!(answer.verdict(), (401, "invalid_token".to_owned()));
    assert!(
        answer.headers["www-authenticate"]
            .to_str()
            .unwrap()
            .starts_with("Bearer")
    );

    for (address, password) in [
        ("walk@mayfly.test", "wrong horse"),
        ("nobody@mayfly.test", PASSWORD),
        ("", PASSWORD),
    ] {
        let body = json!({"address": address, "password": password});
        let refused = client.call("POST", "/api/token", None, Some(body)).await;
        assert_eq!(
            refused.verdict(),
            (401, "invalid_credentials".to_owned()),
            "{address}"
        );
    }
}

async fn a_token_is_revoked(world: World) {
    let client = world.client();
    let pro = client.register("owner@example.com").await;
    let (id, token) = client.create_token(&pro, "ci").await;
    assert!(token.starts_with("tm_pro_") && token.len() == 39, "{token}");

    let mailbox = client.create_mailbox("owned@mayfly.test", Some(&token)).await;
    let accounts = client.get("/pro/api/accounts", &token).await.json();
    assert_eq!(accounts["accounts"][0]["id"], json!(mailbox.id));
    assert_eq!(accounts["accounts"][0]["quota"], 52_428_800);
    let me = client.get("/api/me", &mailbox.token).await.json();
    assert_eq!((&me["role"], &me["quota"]), (&json!("pro"), &json!(52_428_800)));

    let listed = client.get("/pro/api/tokens", &pro).await.json();
    assert_eq!(listed["tokens"][0]["id"], json!(id));
    assert!(!listed.to_string().contains(&token), "the value is shown once");

    assert_eq!(
        client
            .call("DELETE", &format!("/pro/api/tokens/{id}"), Some(&pro), None)
            .await
            .status,
        204
    );
    for _ in 0..20 {
        assert_eq!(
            client.get("/pro/api/accounts", &token).await.verdict(),
            (401, "invalid_token".to_owned())
        );
    }
    let listed = client.get("/pro/api/tokens", &pro).await.json();
    assert!(listed["tokens"][0]["revoked_at"].is_string());
    assert_eq!(
        client.get("/api/me", &mailbox.token).await.status,
        200,
        "the mailbox's own token is another"
    );
}

async fn a_reset_ends_every_older_token(world: World) {
    let client = world.client();
    let pro = client.register("owner@example.com").await;
    let mailbox = client.create_mailbox("reset@mayfly.test", Some(&pro)).await;
    let path = format!("/pro/api/accounts/{}/reset-password", mailbox.id);
    let answer = client
        .call(
            "PUT",
            &path,
            Some(&pro),
            Some(json!({"password": "battery staple"})),
        )
        .await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({"message": "password_reset"}))
    );
    assert_eq!(
        client.get("/api/me", &mailbox.token).await.verdict(),
        (401, "invalid_token".to_owned())
    );

    let sign_in = |password: &str| json!({"address": "reset@mayfly.test", "password": password});
    assert_eq!(
        client
            .call("POST", "/api/token", None, Some(sign_in(PASSWORD)))
            .await
            .status,
        401
    );
    let fresh = client
        .call("POST", "/api/token", None, Some(sign_in("battery staple")))
        .await;
    let fresh = fresh.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(client.get("/api/me", &fresh).await.status, 200);
}

async fn a_deleted_mailbox_is_gone_at_once(world: World) {
    let client = world.client();
    let pro = client.register("owner@example.com").await;
    for (owner, address) in [
        (None, "anonymous@mayfly.test"),
        (Some(pro.as_str()), "owned@mayfly.test"),
    ] {
        let mailbox = client.create_mailbox(address, owner).await;
        let (path, token) = match owner {
            None => ("/api/me".to_owned(), mailbox.token.as_str()),
            Some(pro) => (format!("/pro/api/accounts/{}", mailbox.id), pro),
        };
        assert_eq!(client.call("DELETE", &path, Some(token), None).await.status, 204);
        assert_eq!(
            client.get("/api/me", &mailbox.token).await.verdict(),
            (401, "invalid_token".to_owned())
        );
        assert_eq!(client.get("/api/messages", &mailbox.token).await.status, 401);
        let body = json!({"address": address, "password": PASSWORD});
        assert_eq!(
            client
                .call("POST", "/api/token", None, Some(body.clone()))
                .await
                .status,
            401
        );
        let again = client.call("POST", "/api/accounts", None, Some(body)).await;
        assert_eq!(
            again.verdict(),
            (409, "address_taken".to_owned()),
            "nobody inherits an address"
        );
        let mut sender = mayfly_testkit::MailSender::ready(world.smtp()).await.unwrap();
        assert_eq!(
            sender
                .send("a@example.com", &[address], b"x\r\n")
                .await
                .unwrap()
                .code,
            550
        );
    }
}

async fn credentials_outlive_a_restart(mut world: World) {
    let client = world.client();
    let pro = client.register("owner@example.com").await;
    let (id, revoked) = client.create_token(&pro, "revoked").await;
    let (_, kept) = client.create_token(&pro, "kept").await;
    let mailbox = client.create_mailbox("stays@mayfly.test", Some(&kept)).await;
    assert_eq!(
        client
            .call("DELETE", &format!("/pro/api/tokens/{id}"), Some(&pro), None)
            .await
            .status,
        204
    );

    world.kill_and_restart();

    let client = world.client();
    assert_eq!(
        client.get("/pro/api/accounts", &revoked).await.status,
        401,
        "what was answered is on disk"
    );
    assert_eq!(client.get("/pro/api/accounts", &kept).await.status, 200);
    assert_eq!(client.get("/api/me", &mailbox.token).await.status, 200);
}
