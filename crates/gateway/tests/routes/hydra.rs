//! What tests of the routes of mail.tm share.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use crate::support::{Answer, Mailbox, World};

/// A mail with a name outside of ASCII, two recipients, a copy, an HTML body and two attachments.
pub(crate) const SHOP: &str = "From: =?utf-8?q?Sh=C3=B6p?= <hi@shop.example>\r\n\
    To: Ann <ann@mayfly.test>, bob@box.test\r\n\
    Cc: Cy <cy@box.test>\r\n\
    Message-ID: <a1@shop.example>\r\n\
    Subject: Code 424242\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=m\r\n\r\n\
    --m\r\nContent-Type: text/html\r\n\r\n\
    <p>Your code is <b>424242</b>.</p><p>Bye</p>\r\n\
    --m\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=bill.csv\r\n\
    Content-Transfer-Encoding: base64\r\n\r\ndG90YWwsMTIK\r\n\
    --m\r\nContent-Type: image/png\r\nContent-Disposition: inline\r\nContent-ID: <logo@shop>\r\n\r\npng\r\n\
    --m--\r\n";

/// The time of the clock of the tests.
pub(crate) const NOW: &str = "2026-11-23T12:00:00+00:00";

pub(crate) const JSON: &str = "application/json";
pub(crate) const JSON_LD: &str = "application/ld+json";

impl World {
    /// Sends a request with an `Accept` header.
    pub(crate) async fn accept(&self, method: &str, path: &str, token: &str, accept: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("accept", accept)
            .header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sends a body as it is, with a type unless that is empty.
    pub(crate) async fn send_text(
        &self,
        method: &str,
        path: &str,
        token: &str,
        content_type: &str,
        body: &str,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    /// Asserts that a route takes the token of a mailbox only, in the words of mail.tm.
    pub(crate) async fn assert_jwt_only(&self, method: &str, path: &str) {
        let pro = self.register_as("other@example.com").await;
        for (token, text) in [
            ("", "JWT Token not found"),
            ("garbage", "Invalid JWT Token"),
            (&*pro, "Invalid JWT Token"),
        ] {
            let answer = self.call(method, path, token, Value::Null).await;
            assert_error(&answer, 401, text);
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            assert!(answer.header("content-type").starts_with(JSON));
        }
    }
}

/// Asserts that an answer is an error of mail.tm under all its names.
#[track_caller]
pub(crate) fn assert_error(answer: &Answer, status: u16, text: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let title = "An error occurred";
    let expected = json!({
        "@context": "/contexts/Error", "@type": "hydra:Error",
        "hydra:title": title, "hydra:description": text,
        "title": title, "detail": text, "message": text, "status": status, "code": status,
    });
    assert_eq!(answer.json(), expected);
    assert_eq!(answer.header("vary"), "accept");
}

/// Asserts that an answer rejects a field.
#[track_caller]
pub(crate) fn assert_violation(answer: &Answer, field: &str, message: &str) {
    let title = "An error occurred";
    let text = format!("{field}: {message}");
    let expected = json!({
        "@context": "/contexts/ConstraintViolationList", "@type": "ConstraintViolationList",
        "hydra:title": title, "hydra:description": text,
        "title": title, "detail": text, "message": text, "status": 422, "code": 422,
        "violations": [{"propertyPath": field, "message": message, "code": null}],
    });
    assert_eq!((answer.status, answer.json()), (422, expected));
}

/// The list item of [`SHOP`] in plain JSON.
pub(crate) fn shop_item(mailbox: &Mailbox, id: &str) -> Value {
    json!({
        "id": id, "accountId": format!("/accounts/{}", mailbox.id), "msgid": "<a1@shop.example>",
        "from": {"address": "hi@shop.example", "name": "Sh\u{f6}p"},
        "to": [{"address": "ann@mayfly.test", "name": "Ann"}, {"address": "bob@box.test", "name": ""}],
        "subject": "Code 424242", "intro": "Your code is 424242. Bye", "seen": false, "isDeleted": false,
        "hasAttachments": true, "size": SHOP.len(),
        "downloadUrl": format!("/messages/{id}/download"), "sourceUrl": format!("/sources/{id}"),
        "createdAt": NOW, "updatedAt": NOW,
    })
}

/// Adds the keys of JSON-LD to an object.
pub(crate) fn node(kind: &str, path: &str, mut object: Value, is_single: bool) -> Value {
    object["@id"] = path.into();
    object["@type"] = kind.into();
    if is_single {
        object["@context"] = format!("/contexts/{kind}").into();
    }
    object
}
