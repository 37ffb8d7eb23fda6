//! The life cycle of credentials, from creation to revocation.

use serde_json::json;

use crate::{client::PASSWORD, tokens, world::World};

mod worlds {
    crate::scenario!(sign_in_with_password_returns_a_token);
    crate::scenario!(revoke_token_rejects_later_calls, whole);
    crate::scenario!(reset_password_revokes_older_tokens, whole);
    crate::scenario!(delete_mailbox_revokes_access_at_once, whole);
    crate::scenario!(restart_keeps_credentials, whole);
}

async fn sign_in_with_password_returns_a_token(world: World) {
    let client = world.client();
    let made = client.create_mailbox("sign-in@mayfly.test", None).await;
    assert_eq!(client.get("/api/me", &made.token).await.status, 200);

    let body = json!({"address": " SIGN-IN@mayfly.test", "password": PASSWORD});
    let signed_in = client.call("POST", "/api/token", None, Some(body)).await;
    assert_eq!(signed_in.status, 200);
    let signed_in = signed_in.json();
    assert_eq!(
        (&signed_in["id"], &signed_in["address"]),
        (&json!(made.id), &json!("sign-in@mayfly.test"))
    );
    let token = signed_in["token"].as_str().unwrap();
    assert!(client.messages(token).await.is_empty());
    assert_eq!(
        client.get("/api/me", &made.token).await.status,
        200,
        "another sign-in revokes no token"
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
    assert_eq!(answer.outcome(), (401, "invalid_token".to_owned()));
    assert!(
        answer.headers["www-authenticate"]
            .to_str()
            .unwrap()
            .starts_with("Bearer")
    );

    for (address, password) in [
        ("sign-in@mayfly.test", "wrong horse"),
        ("nobody@mayfly.test", PASSWORD),
        ("", PASSWORD),
    ] {
        let body = json!({"address": address, "password": password});
        let refused = client.call("POST", "/api/token", None, Some(body)).await;
        assert_eq!(
            refused.outcome(),
            (401, "invalid_credentials".to_owned()),
            "{address}"
        );
    }
}

async fn revoke_token_rejects_later_calls(world: World) {
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
    assert!(
        !listed.to_string().contains(&token),
        "the value of a token is returned once"
    );

    assert_eq!(
        client
            .call("DELETE", &format!("/pro/api/tokens/{id}"), Some(&pro), None)
            .await
            .status,
        204
    );
    for _ in 0..20 {
        assert_eq!(
            client.get("/pro/api/accounts", &token).await.outcome(),
            (401, "invalid_token".to_owned())
        );
    }
    let listed = client.get("/pro/api/tokens", &pro).await.json();
    assert!(listed["tokens"][0]["revoked_at"].is_string());
    assert_eq!(
        client.get("/api/me", &mailbox.token).await.status,
        200,
        "revoking a Pro token keeps the token of the mailbox"
    );
}

async fn reset_password_revokes_older_tokens(world: World) {
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
        client.get("/api/me", &mailbox.token).await.outcome(),
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

async fn delete_mailbox_revokes_access_at_once(world: World) {
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
            client.get("/api/me", &mailbox.token).await.outcome(),
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
            again.outcome(),
            (409, "address_taken".to_owned()),
            "the address of a deleted mailbox is not reusable"
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

async fn restart_keeps_credentials(mut world: World) {
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
        "acknowledged writes are on disk"
    );
    assert_eq!(client.get("/pro/api/accounts", &kept).await.status, 200);
    assert_eq!(client.get("/api/me", &mailbox.token).await.status, 200);
}
