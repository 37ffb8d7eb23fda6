//! The HTTP contract: shapes, error codes and limits.

use serde_json::json;

use crate::{
    client::{Client, PASSWORD},
    world::{Kind, World},
};

mod worlds {
    crate::scenario!(invalid_input_returns_documented_error);
    crate::scenario!(unknown_path_or_method_is_rejected);
}

async fn invalid_input_returns_documented_error(world: World) {
    let client = world.client();
    client.create_mailbox("taken@mayfly.test", None).await;
    let pro = client.register("ann@example.com").await;
    let long = "x".repeat(257);
    let table = [
        (json!({"password": PASSWORD}), 400, "invalid_request"),
        (json!({"address": "a@mayfly.test"}), 400, "invalid_request"),
        (
            json!({"address": 7, "password": PASSWORD}),
            400,
            "invalid_request",
        ),
        (
            json!({"address": null, "password": PASSWORD}),
            400,
            "invalid_request",
        ),
        (json!([1]), 400, "invalid_request"),
        (
            json!({"address": "a@mayfly.test", "password": "short"}),
            400,
            "password_too_short",
        ),
        (
            json!({"address": "a@mayfly.test", "password": long}),
            400,
            "password_too_long",
        ),
        (
            json!({"address": "a b@mayfly.test", "password": PASSWORD}),
            400,
            "invalid_address",
        ),
        (
            json!({"address": "a", "password": PASSWORD}),
            400,
            "invalid_address",
        ),
        (
            json!({"address": ".a@mayfly.test", "password": PASSWORD}),
            400,
            "invalid_address",
        ),
        (
            json!({"address": "mi\u{212a}e@mayfly.test", "password": PASSWORD}),
            400,
            "invalid_address",
        ),
        (
            json!({"address": "a@elsewhere.example", "password": PASSWORD}),
            400,
            "invalid_domain",
        ),
        (
            json!({"address": "Taken@mayfly.test", "password": PASSWORD}),
            409,
            "address_taken",
        ),
    ];
    for (body, status, code) in table {
        let answer = client
            .call("POST", "/api/accounts", None, Some(body.clone()))
            .await;
        assert_eq!(answer.outcome(), (status, code.to_owned()), "{body}");
        assert!(answer.json()["message"].is_string());
    }
    let answer = client
        .call(
            "POST",
            "/pro/api/register",
            None,
            Some(json!({"email": "ann@example.com", "password": PASSWORD})),
        )
        .await;
    assert_eq!(answer.outcome(), (409, "email_taken".to_owned()));
    let short = json!({"email": "b@example.com", "password": "sevensy"});
    assert_eq!(
        client
            .call("POST", "/pro/api/register", None, Some(short))
            .await
            .error(),
        "password_too_short"
    );
    for name in ["", "   ", &"n".repeat(101)] {
        let answer = client
            .call("POST", "/pro/api/tokens", Some(&pro), Some(json!({"name": name})))
            .await;
        assert_eq!(answer.outcome(), (400, "invalid_request".to_owned()), "{name:?}");
    }
    let extra = json!({"address": "extra@mayfly.test", "password": PASSWORD, "owner_id": "x", "role": "admin", "quota": 1});
    let made = client.call("POST", "/api/accounts", None, Some(extra)).await;
    let me = client
        .get("/api/me", made.json()["token"].as_str().unwrap())
        .await
        .json();
    assert_eq!((&me["role"], &me["quota"]), (&json!("user"), &json!(41_943_040)));

    let too_large = client
        .request("POST", "/api/token")
        .header("content-type", "application/json");
    let too_large = Client::read(too_large.body(vec![b' '; 1024 * 1024 + 1])).await;
    assert_eq!(too_large.outcome(), (413, "payload_too_large".to_owned()));
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let request = client
            .request("POST", "/api/token")
            .header("content-type", content_type);
        let answer =
            Client::read(request.body("{\"address\":\"taken@mayfly.test\",\"password\":\"correct horse\"}"))
                .await;
        assert_eq!(
            answer.outcome(),
            (400, "invalid_request".to_owned()),
            "{content_type}"
        );
    }
    // A missing content type is accepted, but not with an Origin: a page can omit it without a preflight.
    for (origin, status) in [(None, 200), (Some("https://evil.test"), 400), (Some("null"), 400)] {
        let request = client.request("POST", "/api/token");
        let request = match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        };
        let answer =
            Client::read(request.body("{\"address\":\"taken@mayfly.test\",\"password\":\"correct horse\"}"))
                .await;
        assert_eq!(answer.status, status, "{origin:?}");
    }
    let twice = client
        .request("GET", "/api/me")
        .header("authorization", "Bearer a")
        .header("authorization", "Bearer b");
    assert_eq!(
        Client::read(twice).await.outcome(),
        (400, "invalid_request".to_owned())
    );
    let in_url = client
        .call("GET", &format!("/api/me?access_token={pro}"), None, None)
        .await;
    assert_eq!(in_url.outcome(), (401, "invalid_token".to_owned()));
    assert!(!world.log().contains(&pro), "the query string is not logged");
}

async fn unknown_path_or_method_is_rejected(world: World) {
    let client = world.client();
    let mailbox = client.create_mailbox("a@mayfly.test", None).await;
    for path in [
        "/nothing",
        "/api",
        "/api/nothing",
        "/pro/api",
        "/pro/api/accounts/",
        "/api/messages/a/b/c",
    ] {
        let answer = client.get(path, &mailbox.token).await;
        assert_eq!(answer.outcome(), (404, "not_found".to_owned()), "{path}");
    }
    let answer = client.call("DELETE", "/api/token", None, None).await;
    assert_eq!(answer.outcome(), (405, "method_not_allowed".to_owned()));
    assert_eq!(answer.headers["allow"], "POST");
    for id in [
        "x",
        "00000000-0000-0000-0000-000000000000",
        "%ff",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    ] {
        let answer = client.get(&format!("/api/messages/{id}"), &mailbox.token).await;
        assert_eq!(answer.outcome(), (404, "not_found".to_owned()), "{id}");
    }
    let old = "01900000-0000-7000-8000-000000000000";
    assert_eq!(
        client
            .get(&format!("/api/messages/{old}"), &mailbox.token)
            .await
            .outcome(),
        (410, "expired".to_owned())
    );
    for (query, page) in [
        ("", 1),
        ("?page=0", 1),
        ("?page=-1", 1),
        ("?page=x", 1),
        ("?page=3", 3),
    ] {
        let answer = client.get(&format!("/api/messages{query}"), &mailbox.token).await;
        assert_eq!(answer.json(), json!({"messages": [], "page": page}), "{query}");
    }
    let none = client.call("GET", "/api/me", None, None).await;
    assert_eq!(none.headers["www-authenticate"], "Bearer realm=\"mayfly\"");
    let preflight = client
        .request("OPTIONS", "/api/messages")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization");
    let preflight = Client::read(preflight).await;
    assert_eq!(
        (
            preflight.status,
            &preflight.headers["access-control-allow-origin"]
        ),
        (200, &"*".parse().unwrap())
    );
    assert!(!preflight.headers.contains_key("access-control-allow-credentials"));
    let allowed = preflight.headers["access-control-allow-headers"]
        .to_str()
        .unwrap();
    for header in ["last-event-id", "idempotency-key"] {
        assert!(allowed.contains(header), "{allowed}");
    }
    let waited = client
        .request("GET", "/api/messages/wait?timeout=0")
        .header("origin", "https://app.example")
        .bearer_auth(&mailbox.token);
    let waited = Client::read(waited).await;
    assert!(waited.headers.contains_key("x-mayfly-since"));
    let exposed = waited.headers["access-control-expose-headers"].to_str().unwrap();
    assert!(exposed.contains("x-mayfly-since"), "{exposed}");
    let domains = client.call("GET", "/api/domains", None, None).await.json();
    assert_eq!(domains["domains"].as_array().unwrap().len(), 1);
    assert_eq!(domains["domains"][0]["domain"], "mayfly.test");
    assert_eq!(domains["domains"][0]["default"], true);
}

#[tokio::test]
async fn api_page_loads_no_external_resource() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let document = client.call("GET", "/api/openapi.json", None, None).await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for path in ["/api/docs", "/api/docs/"] {
        let page = client.call("GET", path, None, None).await;
        assert_eq!(page.status, 200, "{path}");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for part in [
            "default-src 'none'",
            "style-src 'self';",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        let html = String::from_utf8(page.body).unwrap();
        let mut sizes = 0;
        for source in html
            .split('"')
            .filter(|text| text.ends_with(".js") || text.ends_with(".css"))
        {
            assert!(source.starts_with("/web/"), "{source}");
            let part = client.request("GET", source).header("accept-encoding", "gzip");
            let part = Client::read(part).await;
            assert_eq!(part.status, 200, "{source}");
            sizes += part.body.len();
        }
        assert!((10_000..50_000).contains(&sizes), "{sizes} bytes compressed");
    }
}

#[tokio::test]
async fn rate_limit_exceeded_returns_retry_after() {
    let world = World::start_with(Kind::AllInOne, &[("MAYFLY_GATEWAY__RATE_LIMIT", "8")]);
    let client = world.client();
    let of_page = |method: &str| {
        // Of a proxy that is not trusted: programs on this machine are not limited.
        let request = client
            .request(method, "/api/domains")
            .header("x-forwarded-for", "198.51.100.1");
        request.header("origin", "https://app.example")
    };
    let mut statuses = Vec::new();
    for _ in 0..40 {
        let answer = Client::read(of_page("GET")).await;
        if answer.status == 429 {
            assert_eq!(answer.error(), "rate_limited");
            assert_eq!(answer.headers["retry-after"], "1");
        }
        assert_eq!(
            answer.headers["access-control-allow-origin"], "*",
            "a page can read it"
        );
        statuses.push(answer.status);
    }
    for _ in 0..40 {
        let preflight = of_page("OPTIONS").header("access-control-request-method", "GET");
        let answer = Client::read(preflight).await;
        assert_eq!(answer.status, 200, "a preflight request is not counted");
        assert_eq!(answer.headers["access-control-max-age"], "7200");
    }
    for _ in 0..40 {
        assert_eq!(
            client.call("GET", "/api/domains", None, None).await.status,
            200,
            "a local program"
        );
    }
    let log = world.processes[0].log();
    assert_eq!(log.matches("not in gateway.trusted_proxies").count(), 1, "{log}");
    assert!(
        statuses[..16].iter().all(|status| *status == 200),
        "a burst of 16 passes: {statuses:?}"
    );
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn sign_in_limit_exceeded_returns_retry_after() {
    let world = World::start_with(Kind::AllInOne, &[("MAYFLY_GATEWAY__SIGN_IN_LIMIT", "5")]);
    let client = world.client();
    client.create_mailbox("victim@mayfly.test", None).await;
    let body = |password: &str| json!({"address": "victim@mayfly.test", "password": password});
    for _ in 0..5 {
        assert_eq!(
            client
                .call("POST", "/api/token", None, Some(body("guess it")))
                .await
                .status,
            401
        );
    }
    let refused = client
        .call("POST", "/api/token", None, Some(body("guess it")))
        .await;
    assert_eq!(refused.outcome(), (429, "rate_limited".to_owned()));
    assert!(
        refused.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u32>()
            .unwrap()
            > 0
    );
}
