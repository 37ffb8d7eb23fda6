//! The checks that every dialect has in common: its table names every documented route, and each attempt of the table ends as expected.

use std::collections::BTreeSet;

use reqwest::RequestBuilder;

use super::{documented, never_good, owner::Owner, read, routes::Route};
use crate::{
    client::{Answer, Client},
    world::World,
};

/// Two tenants, and credentials that no route accepts, with their names.
pub(super) struct Tenants {
    pub(super) owner: Owner,
    pub(super) other: Owner,
    pub(super) never_good: Vec<(&'static str, String)>,
}

impl Tenants {
    pub(super) async fn create(client: &Client, world: &World) -> Self {
        let owner = Owner::create(client, world, "owner").await;
        let other = Owner::create(client, world, "other").await;
        let never_good = never_good(client, world, &owner).await;
        Self {
            owner,
            other,
            never_good,
        }
    }
}

/// How an attempt ends.
#[derive(Debug)]
pub(super) enum Expected {
    /// With this status.
    Status(u16),
    /// With this status and code.
    Failure(u16, &'static str),
    /// With 404, this code, and the same body as the path of an object that is not there.
    Hidden { code: &'static str, missing: String },
    /// With this status, and nothing of the owner's.
    Unleaked(u16),
}

/// One request to a route.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) path: String,
    pub(super) token: Option<String>,
    /// The credential, for the message of a failed check.
    pub(super) what: &'static str,
    pub(super) expected: Expected,
}

impl Attempt {
    pub(super) fn new(path: &str, token: Option<&str>, what: &'static str, expected: Expected) -> Self {
        Self {
            path: path.to_owned(),
            token: token.map(str::to_owned),
            what,
            expected,
        }
    }
}

/// A dialect under test.
pub(super) trait Dialect {
    /// The path of its OpenAPI document.
    const DOCUMENT: &'static str;

    /// Every route. Routes that delete come last.
    fn table() -> Vec<Route>;

    /// The requests that others make, on objects of the owner.
    fn refused(&self, route: &Route, tenants: &Tenants) -> Vec<Attempt>;

    /// The requests that may be made. They come after all refused ones, since some delete.
    fn granted(&self, route: &Route, tenants: &Tenants) -> Vec<Attempt>;

    /// Puts a credential where the dialect has it.
    fn authorize(request: RequestBuilder, token: &str) -> RequestBuilder {
        request.bearer_auth(token)
    }

    /// The status and the code of an answer.
    fn outcome(answer: &Answer) -> (u16, String) {
        answer.outcome()
    }
}

/// Checks every route of a dialect with every attempt.
pub(super) async fn check<D: Dialect>(client: &Client, tenants: &Tenants, dialect: &D) {
    let named: BTreeSet<String> = D::table()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(
        documented(client, D::DOCUMENT).await,
        named,
        "a route is missing from the document or from the table"
    );
    for attempts in [D::refused, D::granted] {
        for route in D::table() {
            for attempt in attempts(dialect, &route, tenants) {
                check_one::<D>(client, &tenants.owner, &route, &attempt).await;
            }
        }
    }
}

async fn check_one<D: Dialect>(client: &Client, owner: &Owner, route: &Route, attempt: &Attempt) {
    let (name, what) = (format!("{} {}", route.method, attempt.path), attempt.what);
    let call = |path: &str| {
        let mut request = client.request(route.method, path);
        if let Some(token) = &attempt.token {
            request = D::authorize(request, token);
        }
        if let Some(body) = &route.body {
            request = request.json(body);
        }
        read(route.path, request)
    };
    let answer = call(&attempt.path).await;
    match &attempt.expected {
        Expected::Status(status) => assert_eq!(answer.status, *status, "{name} with {what}: {answer:?}"),
        Expected::Failure(status, code) => {
            assert_eq!(
                D::outcome(&answer),
                (*status, (*code).to_owned()),
                "{name} with {what}"
            );
        }
        Expected::Hidden { code, missing } => {
            assert_eq!(
                D::outcome(&answer),
                (404, (*code).to_owned()),
                "{name} with {what}"
            );
            assert_eq!(
                answer.body,
                call(missing).await.body,
                "{name} with {what}: a foreign and a missing object must be indistinguishable"
            );
        }
        Expected::Unleaked(status) => {
            assert_eq!(answer.status, *status, "{name} with {what}");
            let body = String::from_utf8_lossy(&answer.body);
            let is_leaked = owner.secrets().iter().any(|secret| body.contains(secret));
            assert!(!is_leaked, "{name} with {what} leaks to another owner: {body}");
        }
    }
}
