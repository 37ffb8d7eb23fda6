//! One order at the authority: account, challenges, certificate (RFC 8555).

use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount, NewOrder, Order, OrderStatus,
    RetryPolicy,
};
use mayfly_proto::mailbox::{AcmeChallenges, HttpAnswer, TlsAnswer};
use mayfly_types::DomainName;

use crate::{Config, certificate::Certificate, resolver::Resolver, store::Store};

/// How long the authority may take to validate, and again to issue.
const POLLING: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(500))
    .backoff(1.5)
    .timeout(Duration::from_secs(120));

/// Why an order failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    #[error("{}", causes(.0))]
    Acme(#[from] Error),
    /// The authority could not validate a name, with its reasons.
    #[error("the authority rejected the order: {0}")]
    Rejected(String),
    #[error("the authority does not offer {0} for {1}")]
    NotOffered(&'static str, String),
    /// A file or a certificate that cannot be used.
    #[error("{0}")]
    Local(String),
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
}

impl OrderError {
    /// Tells whether the authority does not know the account, for instance after it was deactivated.
    pub(crate) fn is_unknown_account(&self) -> bool {
        let Self::Acme(Error::Api(problem)) = self else {
            return false;
        };
        let kind = problem.r#type.as_deref().unwrap_or_default();
        kind == "urn:ietf:params:acme:error:accountDoesNotExist"
    }
}

/// Joins an error with its sources, which name the address that cannot be reached.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// Orders a certificate for the domains, and stores it.
pub(crate) async fn place(
    config: &Config,
    store: &Store,
    resolver: &Resolver,
) -> Result<Certificate, OrderError> {
    let account = account(config, store).await?;
    let domains = config.domains.0.iter();
    let names: Vec<Identifier> = domains.map(|name| Identifier::Dns(name.to_string())).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    let status = match answer_challenges(&mut order, config, store, resolver).await {
        Ok(()) => order.poll_ready(&POLLING).await.map_err(OrderError::from),
        Err(error) => Err(error),
    };
    if !matches!(status, Ok(OrderStatus::Ready)) {
        // An authority that validates at once answers the announcement of a challenge with its failure, without the name.
        return Err(match (status, rejections(&mut order).await) {
            (Err(error), Ok(reasons)) if reasons.is_empty() => error,
            (Err(error), Err(_)) => error,
            (_, reasons) => OrderError::Rejected(reasons?),
        });
    }
    let key = order.finalize().await?;
    let chain = order.poll_certificate(&POLLING).await?;
    let pem = format!("{key}{chain}");
    let certificate = Certificate::from_pem(&pem).map_err(OrderError::Local)?;
    store.save_certificate(pem).await.map_err(OrderError::Local)?;
    Ok(certificate)
}

/// Returns the stored account, or creates one.
async fn account(config: &Config, store: &Store) -> Result<Account, OrderError> {
    let builder = match &config.ca_file {
        Some(file) => Account::builder_with_root(file)?,
        None => Account::builder()?,
    };
    let stored = store.account(&config.directory).map_err(OrderError::Local)?;
    if let Some(credentials) = stored {
        return Ok(builder.from_credentials(credentials).await?);
    }
    let contact = config.contact.as_ref().map(|address| format!("mailto:{address}"));
    let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
    let new = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let (account, credentials) = builder.create(&new, config.directory.clone(), None).await?;
    let text = serde_json::to_string(&credentials).map_err(|error| OrderError::Local(error.to_string()))?;
    store.save_account(text).await.map_err(OrderError::Local)?;
    Ok(account)
}

/// Makes every listener answer the challenges, then lets the authority validate them.
async fn answer_challenges(
    order: &mut Order,
    config: &Config,
    store: &Store,
    resolver: &Resolver,
) -> Result<(), OrderError> {
    let (kind, kind_name) = match config.http_listen {
        Some(_) => (ChallengeType::Http01, "http-01"),
        None => (ChallengeType::TlsAlpn01, "tls-alpn-01"),
    };
    let mut answers = AcmeChallenges::default();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let domain = authorization.identifier().to_string();
        let Some(challenge) = authorization.challenge(kind.clone()) else {
            return Err(OrderError::NotOffered(kind_name, domain));
        };
        let answer = challenge.key_authorization();
        if kind == ChallengeType::Http01 {
            answers.http.push(HttpAnswer {
                token: challenge.token.clone(),
                key_authorization: answer.as_str().to_owned(),
            });
        } else {
            let digest = answer.digest().as_ref().to_vec().into();
            answers.tls.push(TlsAnswer { domain, digest });
        }
    }
    resolver.set_challenges(&answers).map_err(OrderError::Local)?;
    store.publish(answers).await.map_err(OrderError::Local)?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status != AuthorizationStatus::Valid
            && let Some(mut challenge) = authorization.challenge(kind.clone())
        {
            challenge.set_ready().await?;
        }
    }
    Ok(())
}

/// Returns why the authority could not validate each name.
async fn rejections(order: &mut Order) -> Result<String, OrderError> {
    let mut reasons = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        authorization.refresh().await?;
        let domain: DomainName = match authorization.identifier().to_string().parse() {
            Ok(domain) => domain,
            Err(_) => continue,
        };
        let errors = authorization
            .challenges
            .iter()
            .filter_map(|challenge| challenge.error.as_ref());
        reasons.extend(errors.map(|error| format!("{domain}: {error}")));
    }
    Ok(reasons.join("; "))
}
