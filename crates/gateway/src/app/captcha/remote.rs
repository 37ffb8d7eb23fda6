//! Captchas of another service: the page of the operator shows them, and their answers are checked at a URL, in the form of
//! `siteverify` that Turnstile, hCaptcha and reCAPTCHA have.

use std::{sync::Arc, time::Duration};

use form_urlencoded::Serializer;
use http::{StatusCode, header};
use mayfly_rpc::Failure;
use mayfly_runtime::fair::{self, FairQueue, QueueBounds};
use reqwest::redirect;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::app::permits::refused;

/// Concurrent checks: the other service has limits too. While others are active, a client has four.
const MAX_CHECKS: QueueBounds = QueueBounds { total: 32, share: 4 };
/// How long a check waits for others.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a check may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer of a client. Those of the services have up to some 2,000 bytes.
const MAX_ANSWER_BYTES: usize = 8 * 1024;
/// The longest result of a check.
const MAX_RESULT_BYTES: usize = 64 * 1024;

/// Checks answers at a URL.
#[derive(Debug)]
pub(crate) struct Remote {
    /// `None` on a machine without root certificates, where they are needed.
    client: Option<reqwest::Client>,
    url: String,
    secret: Option<SecretString>,
    checks: Arc<FairQueue>,
}

/// What matters of a result.
#[derive(Deserialize)]
struct Checked {
    success: bool,
}

impl Remote {
    /// Creates a check. The service sees the secret, and no address of a client.
    #[expect(clippy::disallowed_methods, reason = "the operator names the URL")]
    pub(crate) fn new(url: &str, secret: Option<String>) -> Self {
        // No redirects: the secret must not reach another server.
        let builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(CHECK_TIMEOUT);
        let builder = match url.starts_with("http://") {
            // Plain HTTP must work on a machine without root certificates.
            true => builder.tls_certs_only([]),
            false => builder,
        };
        let client = builder.build();
        if let Err(error) = &client {
            tracing::error!(%error, "captchas cannot be checked");
        }
        Self {
            client: client.ok(),
            url: url.to_owned(),
            secret: secret.map(SecretString::from),
            checks: FairQueue::new(MAX_CHECKS),
        }
    }

    /// Returns whether the service accepts an answer.
    ///
    /// # Errors
    /// `Unavailable` when the service does not say; `RateLimited` or `Unavailable` when too many answers are checked at this moment.
    pub(super) async fn accepts(&self, answer: &str) -> Result<bool, Failure> {
        if answer.len() > MAX_ANSWER_BYTES {
            return Ok(false);
        }
        let permit = self
            .checks
            .acquire_within(fair::client(), 1, ACQUIRE_TIMEOUT)
            .await;
        let _permit = permit.map_err(refused)?;
        let checked = self.check(self.form(answer)).await;
        checked.map_err(|problem| Failure::unavailable(format!("a captcha could not be checked: {problem}")))
    }

    fn form(&self, answer: &str) -> String {
        let mut form = Serializer::new(String::new());
        form.append_pair("response", answer);
        if let Some(secret) = &self.secret {
            form.append_pair("secret", secret.expose_secret());
        }
        form.finish()
    }

    async fn check(&self, form: String) -> Result<bool, String> {
        let client = self.client.as_ref().ok_or("there are no root certificates")?;
        let request = client
            .post(&self.url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        // The URL can have a secret.
        let text = |error: reqwest::Error| error.without_url().to_string();
        let mut response = request.send().await.map_err(text)?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(format!("status {status}"));
        }
        let mut result = Vec::new();
        while let Some(part) = response.chunk().await.map_err(text)? {
            if result.len() + part.len() > MAX_RESULT_BYTES {
                return Err("the result is too long".to_owned());
            }
            result.extend_from_slice(&part);
        }
        let checked: Checked =
            serde_json::from_slice(&result).map_err(|_| "the result has no `success`".to_owned())?;
        Ok(checked.success)
    }
}
