//! Webhook secrets, sealed at rest, and the signatures made with them.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderValue};
use mayfly_database::{Database, DbErr};
use mayfly_runtime::seal::SealingKey;
use mayfly_types::{SecretKey, WebhookEventId, WebhookId, random_bytes};
use secrecy::{ExposeSecret, SecretSlice};
use time::Duration;

use crate::{
    error::Error,
    event::event_name,
    store::{entities::webhook, webhooks},
};

const PREFIX: &str = "whsec_";
/// How long the previous secret signs as well after a rotation.
pub(crate) const OLD_SECRET_VALIDITY: Duration = Duration::hours(24);

/// Generates a secret.
pub(crate) fn new_secret() -> String {
    format!("{PREFIX}{}", BASE64_STANDARD.encode(random_bytes::<32>()))
}

/// The keys that seal secrets at rest.
#[derive(Debug)]
pub(crate) struct Secrets(Vec<SealingKey>);

impl Secrets {
    /// Every key opens, the first seals.
    pub(crate) fn new(keys: &[SecretKey]) -> Self {
        Self(keys.iter().map(SealingKey::new).collect())
    }

    /// Seals a secret, bound to its webhook.
    pub(crate) fn seal(&self, webhook: WebhookId, secret: &str) -> Result<Vec<u8>, Error> {
        let key = self.0.first().ok_or(Error::Defect("no key seals secrets"))?;
        Ok(key.seal(webhook.as_uuid().as_bytes(), secret.as_bytes()))
    }

    fn open(&self, webhook: WebhookId, sealed: &[u8]) -> Option<SecretSlice<u8>> {
        self.0
            .iter()
            .find_map(|key| key.open(webhook.as_uuid().as_bytes(), sealed).ok())
    }

    /// Returns the signature headers of a body, newest secret first. `None` when no key opens the secret.
    pub(crate) fn sign(
        &self,
        webhook: &webhook::Model,
        event: WebhookEventId,
        now_ms: i64,
        body: &str,
    ) -> Option<HeaderMap> {
        let mut secrets = vec![self.open(webhook.id, &webhook.sealed_secret)?];
        if webhook.old_secret_until_ms.is_some_and(|until| until > now_ms) {
            let old = webhook.sealed_old_secret.as_deref();
            secrets.extend(old.and_then(|sealed| self.open(webhook.id, sealed)));
        }
        let (id, timestamp) = (event_name(event), now_ms.div_euclid(1000));
        let newest = plain_signature(secrets.first()?.expose_secret(), timestamp, body);
        let standard: Vec<String> = secrets
            .iter()
            .map(|secret| standard_signature(secret.expose_secret(), &id, timestamp, body))
            .collect();
        let timestamp = timestamp.to_string();
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-webhook-id", &id),
            ("x-webhook-timestamp", &timestamp),
            // Clients compare the whole value, so it holds the newest signature only.
            ("x-webhook-signature", &newest),
            ("webhook-id", &id),
            ("webhook-timestamp", &timestamp),
            ("webhook-signature", &standard.join(" ")),
        ] {
            headers.insert(name, HeaderValue::from_str(value).ok()?);
        }
        Some(headers)
    }
}

/// How many secrets are stored, and how many of them no key opens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SealedSecrets {
    /// All of them.
    pub total: usize,
    /// Those that no key opens: their webhooks cannot sign.
    pub unreadable: usize,
}

/// Counts the secrets, and those that no key opens.
///
/// # Errors
/// When the database fails.
pub async fn count_sealed(database: &Database, keys: &[SecretKey]) -> Result<SealedSecrets, DbErr> {
    let secrets = Secrets::new(keys);
    let sealed = database.read("list_sealed_secrets", |c| Box::pin(webhooks::list_sealed(c)));
    let sealed = sealed.await?;
    let is_unreadable = |(id, sealed): &&(WebhookId, Vec<u8>)| secrets.open(*id, sealed).is_none();
    Ok(SealedSecrets {
        total: sealed.len(),
        unreadable: sealed.iter().filter(is_unreadable).count(),
    })
}

/// HMAC-SHA256 keyed with the text of the secret.
fn plain_signature(secret: &[u8], timestamp: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, format!("{timestamp}.{body}").as_bytes());
    format!("sha256={}", hex::encode(tag))
}

/// Standard Webhooks: HMAC-SHA256 keyed with the decoded secret.
fn standard_signature(secret: &[u8], id: &str, timestamp: i64, body: &str) -> String {
    let encoded = secret.strip_prefix(PREFIX.as_bytes()).unwrap_or(secret);
    let key = BASE64_STANDARD.decode(encoded).unwrap_or_default();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_signature_matches_the_documented_example() {
        let signature = plain_signature(b"whsec_demo", 1_767_323_045, "{\"id\":\"evt_1\"}");
        assert_eq!(
            signature,
            "sha256=6529fbb047af1c4f61b6cb9d184193ce1525356cd55cab09dce58684f9a17039"
        );
    }
}
