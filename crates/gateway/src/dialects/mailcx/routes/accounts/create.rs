//! `POST /api/accounts`

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::dialects::shared::{responses, secret};
use crate::{
    app::{
        App,
        create_account::{Creation, NewAccount},
        proof_of_work::Proof,
    },
    dialects::shared::views::{
        account::SignedIn,
        proof_of_work::{HarderProof, ProofOfWork},
    },
    edge::{
        auth::{MaybePro, ProPrincipal, needs::AccountsWrite},
        captcha::CaptchaSolution,
        client_address::ClientAddress,
        failure::FailureResponse,
        idempotency_key::IdempotencyKey,
        json::JsonBody,
        password_permit::PasswordPermit,
    },
};

/// The mailbox to create.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewMailbox {
    /// Trimmed and lower-cased: 1 to 64 of `a-z 0-9 . _ + -`, `@`, a domain.
    address: String,
    /// 6 to 256 bytes, taken byte for byte.
    #[serde(default, deserialize_with = "secret::password")]
    #[schema(value_type = String, required)]
    password: Option<String>,
    /// Of clients of mail.td; ignored where that dialect is off.
    #[schema(ignore)]
    auth_key: Option<serde_json::Value>,
    /// Needed without a Pro token if the server is configured so, else ignored.
    #[schema(value_type = Option<ProofOfWork>)]
    pow: Option<serde_json::Value>,
}

/// The mailbox, and what its client should solve for the next one.
#[derive(Serialize)]
struct Created {
    #[serde(flatten)]
    account: SignedIn,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggested_next_difficulty: Option<u32>,
}

/// Creates a mailbox; with a Pro token it belongs to that user. Without one an `Idempotency-Key` is ignored: an address
/// can be taken only once.
#[utoipa::path(post, path = "/accounts", tag = "mailbox", operation_id = "create_account",
    params(IdempotencyKey), request_body = NewMailbox, security((), ("pro" = ["accounts:write"])),
    responses((status = 201, body = SignedIn, description = "The mailbox and its token"), (status = 200, body = HarderProof, description = "Nothing was created: solve a proof of work of this difficulty"), responses::JsonBody, responses::Bearer, responses::NewAccount, responses::OutsideLimits, responses::Idempotent, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    MaybePro(pro): MaybePro<AccountsWrite>,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    client: ClientAddress,
    CaptchaSolution(captcha): CaptchaSolution,
    _permit: PasswordPermit,
    JsonBody(body): JsonBody<NewMailbox>,
) -> Result<Response, FailureResponse> {
    let new = NewAccount {
        secret: secret::secret(&app, body.password, body.auth_key.as_ref())?,
        address: body.address,
        owner: pro.map(ProPrincipal::owner),
        client: client.0,
        proof: body.pow.map(proof),
        captcha,
        idempotency_key,
    };
    Ok(match app.create_account(new).await? {
        Creation::Created { account, next_bits } => {
            let created = Created {
                account: account.into(),
                suggested_next_difficulty: next_bits,
            };
            (StatusCode::CREATED, Json(created)).into_response()
        }
        Creation::NeedsBits(required_difficulty) => {
            Json(HarderProof::new(required_difficulty)).into_response()
        }
    })
}

/// Reads a proof. It is read only where one is needed, so that a server without proofs ignores whatever is there.
fn proof(pow: serde_json::Value) -> Result<Proof, Failure> {
    let read = serde_json::from_value::<ProofOfWork>(pow);
    let proof = read.map_err(|error| {
        let message = format!("pow: {error}");
        Failure::new(ErrorCode::InvalidArgument, Reason::InvalidPow, message)
    })?;
    Ok(proof.into())
}
