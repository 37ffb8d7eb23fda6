//! Blocks of senders, clients and recipients.

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
};
use mayfly_proto::mailbox::{Block, DeleteBlockRequest, ListBlocksRequest, PutBlockRequest, block::Pattern};
use mayfly_rpc::Failure;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Services,
    failure::{Body, Rejection},
    guard::Operator,
};

/// The body of a new block.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBlock {
    sender: Option<String>,
    client: Option<String>,
    address: Option<String>,
    #[serde(default)]
    reason: String,
    expires_at: Option<i64>,
}

/// `GET /blocks`
pub(crate) async fn list(State(mut services): State<Services>) -> Result<Json<Value>, Rejection> {
    let blocks = services.mailbox.list_blocks(ListBlocksRequest {}).await?;
    let blocks: Vec<Value> = blocks.into_inner().blocks.into_iter().map(block).collect();
    Ok(Json(json!({"blocks": blocks})))
}

fn block(block: Block) -> Value {
    let (kind, pattern) = match block.pattern {
        Some(Pattern::Sender(text)) => ("sender", text),
        Some(Pattern::Client(text)) => ("client", text),
        Some(Pattern::Address(text)) => ("address", text),
        None => ("sender", String::new()),
    };
    json!({
        "id": block.block_id,
        kind: pattern,
        "reason": block.reason,
        "created_at": block.created_at,
        "expires_at": block.expires_at,
    })
}

/// `PUT /blocks`
pub(crate) async fn put(
    State(mut services): State<Services>,
    Extension(Operator(operator)): Extension<Operator>,
    Body(new): Body<NewBlock>,
) -> Result<Json<Value>, Rejection> {
    let patterns = [
        new.sender.map(Pattern::Sender),
        new.client.map(Pattern::Client),
        new.address.map(Pattern::Address),
    ];
    let mut patterns = patterns.into_iter().flatten();
    let (Some(pattern), None) = (patterns.next(), patterns.next()) else {
        let message = "name one of sender, client and address";
        return Err(Rejection(Failure::invalid_request(message)));
    };
    let request = PutBlockRequest {
        block: Some(Block {
            pattern: Some(pattern),
            reason: new.reason,
            expires_at: new.expires_at,
            ..Block::default()
        }),
        operator: operator.to_string(),
    };
    let stored = services.mailbox.put_block(request).await?.into_inner().block;
    Ok(Json(block(stored.unwrap_or_default())))
}

/// `DELETE /blocks/{id}`
pub(crate) async fn delete(
    State(mut services): State<Services>,
    Extension(Operator(operator)): Extension<Operator>,
    Path(block_id): Path<String>,
) -> Result<StatusCode, Rejection> {
    let request = DeleteBlockRequest {
        block_id,
        operator: operator.to_string(),
    };
    services.mailbox.delete_block(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
