//! The OpenAPI document of mail.td.

use serde::{Deserialize, Serialize};
use utoipa::{
    OpenApi, ToSchema,
    openapi::{PathItem, RefOr, path::Operation},
};

use crate::dialects::shared::{
    openapi, responses,
    views::{
        account::SignedIn,
        proof_of_work::{HarderProof, ProofOfWork},
    },
};

/// Where the document is served.
pub(super) const PATH: &str = "/api/docs/mailtd";

/// The mailbox to create: with a password or a key. If both are there, the key counts.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
struct NewMailboxWithKey {
    /// Trimmed and lower-cased: 1 to 64 of `a-z 0-9 . _ + -`, `@`, a domain.
    address: String,
    /// 6 to 256 bytes, taken byte for byte.
    password: Option<String>,
    /// 64 hexadecimal digits: Argon2id of the password, with SHA-256 of the address as salt.
    #[schema(pattern = "^[0-9A-Fa-f]{64}$")]
    auth_key: Option<String>,
    /// Needed without a Pro token if the server is configured so, else ignored.
    pow: Option<ProofOfWork>,
}

/// A mailbox and a token for it.
#[derive(Serialize, ToSchema)]
struct CreatedMailbox {
    #[serde(flatten)]
    mailbox: SignedIn,
    /// The proof of work that the next mailbox needs, if this one needed one.
    suggested_next_difficulty: Option<u32>,
}

/// A mailbox's address, and its password or key. If both are there, the key counts.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
struct AddressAndSecret {
    address: String,
    password: Option<String>,
    #[schema(pattern = "^[0-9A-Fa-f]{64}$")]
    auth_key: Option<String>,
}

/// Creates a mailbox; with a Pro token it belongs to that user.
#[utoipa::path(post, path = "/api/accounts", tag = "accounts", operation_id = "create_account",
    request_body = NewMailboxWithKey, security((), ("pro" = ["accounts:write"])),
    responses((status = 201, body = CreatedMailbox, description = "The mailbox and its token"),
        (status = 200, body = HarderProof, description = "Nothing was created: solve a proof of work of this difficulty"),
        responses::JsonBody, responses::Bearer, responses::NewAccount, responses::Idempotent, responses::Always))]
#[expect(dead_code, reason = "the handler is the one of the bearer API")]
fn create_account() {}

/// Signs in to a mailbox.
#[utoipa::path(post, path = "/api/token", tag = "accounts", operation_id = "create_token", request_body = AddressAndSecret,
    responses((status = 200, body = SignedIn, description = "The mailbox and a token"), responses::JsonBody, responses::Password, responses::Always))]
#[expect(dead_code, reason = "the handler is the one of the bearer API")]
fn create_token() {}

/// The operations that the bearer API serves on the same paths, with more fields.
#[derive(OpenApi)]
#[openapi(paths(create_account, create_token))]
struct Shared;

/// What stands in the document before the routes are added.
pub(super) fn base() -> utoipa::openapi::OpenApi {
    let mut document = openapi::base();
    document.info.title = "Mayfly for clients of mail.td".to_owned();
    document.merge(Shared::openapi());
    document
}

/// Names the codes of this dialect in the descriptions of operations that the bearer API has too.
pub(super) fn rename_codes(document: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut document.paths.paths {
        if path.starts_with("/api/accounts/") || path.starts_with("/api/user/") {
            operations(item).for_each(rename_codes_of);
        }
    }
}

fn rename_codes_of(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            let description = &response.description;
            response.description = description
                .replace("`invalid_token`", "`unauthorized` or `invalid_or_expired_token`")
                .replace("`rate_limited`", "`rate_limit_exceeded`");
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.delete]
        .into_iter()
        .filter_map(Option::as_mut)
}
