//! Blocks of senders, clients and recipients.

use mayfly_database::audit;
use mayfly_types::BlockId;

use super::action;
use crate::{
    block_list::{self, Pattern},
    error::Error,
    service::Service,
    store::{
        blocks,
        entities::block::{Kind, Model},
        millis,
    },
};

/// The most blocks in force: each process has all of them in memory.
const MAX_BLOCKS: u64 = 10_000;

/// A block to store.
#[derive(Debug, Clone)]
pub(crate) struct NewBlock {
    pub(crate) kind: Kind,
    pub(crate) pattern: String,
    pub(crate) reason: String,
    /// Unix seconds.
    pub(crate) expires_at: Option<i64>,
}

impl Service {
    /// Lists the blocks in force, oldest first.
    #[tracing::instrument(name = "mailbox.list_blocks", level = "debug", skip_all)]
    pub(crate) async fn list_blocks(&self) -> Result<Vec<Model>, Error> {
        let now_ms = millis(self.clock.now());
        self.store
            .read("list_blocks", |c| {
                Box::pin(async move { Ok(blocks::list(c, now_ms).await?) })
            })
            .await
    }

    /// Stores a block. The next RCPT of this process is checked against it.
    #[tracing::instrument(name = "mailbox.put_block", level = "debug", skip_all)]
    pub(crate) async fn put_block(&self, new: NewBlock, operator: &str) -> Result<Model, Error> {
        block_list::check_reason(&new.reason)?;
        let pattern = Pattern::parse(new.kind, &new.pattern)?;
        let now = self.clock.now();
        let expires_at_ms = new.expires_at.map(|secs| secs.saturating_mul(1000));
        if expires_at_ms.is_some_and(|at| at <= millis(now)) {
            return Err(Error::InvalidRequest("expires_at is in the past"));
        }
        let block = Model {
            id: BlockId::new(now),
            kind: pattern.kind,
            pattern: pattern.text,
            reason: new.reason,
            created_at_ms: millis(now),
            updated_at_ms: millis(now),
            expires_at_ms,
        };
        let operator = operator.to_owned();
        let stored = self.store.write("put_block", None, move |tx| {
            let (block, operator) = (block.clone(), operator.clone());
            Box::pin(async move {
                blocks::remove_expired(tx, millis(now)).await?;
                let stored = blocks::put(tx, block).await?;
                let stored = stored.ok_or(Error::Defect("a stored block is absent"))?;
                if blocks::count(tx, millis(now)).await? > MAX_BLOCKS {
                    return Err(Error::InvalidRequest("there are 10000 blocks already"));
                }
                let action = action(&operator, "put_block", stored.id.to_string(), described(&stored));
                audit::record(tx, now, &action).await?;
                Ok(stored)
            })
        });
        let stored = stored.await?;
        self.blocks.refresh().await?;
        Ok(stored)
    }

    /// Deletes a block.
    #[tracing::instrument(name = "mailbox.delete_block", level = "debug", skip_all)]
    pub(crate) async fn delete_block(&self, id: BlockId, operator: &str) -> Result<(), Error> {
        let (now, operator) = (self.clock.now(), operator.to_owned());
        self.store
            .write("delete_block", None, move |tx| {
                let operator = operator.clone();
                Box::pin(async move {
                    let block = blocks::find(tx, id).await?.ok_or(Error::NotFound)?;
                    blocks::remove(tx, id).await?;
                    let action = action(&operator, "delete_block", id.to_string(), described(&block));
                    Ok(audit::record(tx, now, &action).await?)
                })
            })
            .await?;
        Ok(self.blocks.refresh().await?)
    }
}

fn described(block: &Model) -> String {
    let kind = match block.kind {
        Kind::Sender => "sender",
        Kind::Client => "client",
        Kind::Address => "address",
    };
    format!("{kind} {}: {}", block.pattern, block.reason)
}
