//! `POST /api/accounts`

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason, random_bytes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::dialects::mailcx::{responses, routes::secret};
use crate::{
    app::{
        App,
        create_account::{Creation, NewAccount},
        proof_of_work::Proof,
    },
    dialects::mailcx::views::account::SignedIn,
    edge::{
        auth::MaybePro, client_address::ClientAddress, failure::FailureResponse,
        idempotency_key::IdempotencyKey, json::JsonBody, password_permit::PasswordPermit,
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

/// A proof of work: SHA-256 of `lower(trim(address))`, `t` in decimal and `n`, as one UTF-8 text, begins with `d` zero bits.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ProofOfWork {
    /// Unix seconds, at most 5 minutes away from the time of the server.
    t: i64,
    /// The text that was searched, of at most 128 bytes.
    #[schema(max_length = 128)]
    n: String,
    /// 0 to 24. With fewer bits than needed the answer names their number.
    #[schema(maximum = 24)]
    d: u32,
}

/// The mailbox, and what its client should solve for the next one.
#[derive(Serialize)]
struct Created {
    #[serde(flatten)]
    account: SignedIn,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggested_next_difficulty: Option<u32>,
}

/// Nothing was created: the proof of work is valid, but needs more bits.
#[derive(Serialize, ToSchema)]
pub(crate) struct HarderProof {
    /// Always `retry`.
    status: &'static str,
    required_difficulty: u32,
    /// Of no meaning; it can be sent back in `pow`.
    token: String,
}

/// Creates a mailbox; with a Pro token it belongs to that user. Without one an `Idempotency-Key` is ignored: an address
/// can be taken only once.
#[utoipa::path(post, path = "/accounts", tag = "mailbox", operation_id = "create_account",
    params(IdempotencyKey), request_body = NewMailbox, security((), ("pro" = [])),
    responses((status = 201, body = SignedIn, description = "The mailbox and its token"), (status = 200, body = HarderProof, description = "Nothing was created: solve a proof of work of this difficulty"), responses::JsonBody, responses::Bearer, responses::NewAccount, responses::Idempotent, responses::Always))]
pub(crate) async fn handle(
    State(app): State<App>,
    MaybePro(pro): MaybePro,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    client: ClientAddress,
    _permit: PasswordPermit,
    JsonBody(body): JsonBody<NewMailbox>,
) -> Result<Response, FailureResponse> {
    let new = NewAccount {
        secret: secret::secret(&app, body.password, body.auth_key.as_ref())?,
        address: body.address,
        owner_user_id: pro.map(|pro| pro.user_id),
        client: client.0,
        proof: body.pow.map(proof),
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
            let retry = HarderProof {
                status: "retry",
                required_difficulty,
                token: hex::encode(random_bytes::<16>()),
            };
            Json(retry).into_response()
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
    Ok(Proof {
        time: proof.t,
        nonce: proof.n,
        bits: proof.d,
    })
}
