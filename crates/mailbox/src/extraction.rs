//! Recomputes codes and links that a row does not hold in a usable form: another version wrote them, or they are corrupt.

use mayfly_runtime::telemetry;
use mayfly_types::RawMessageId;
use opentelemetry::{KeyValue, metrics::Counter};

use crate::{
    error::Error,
    store::{
        Store,
        extracted::{self, StoredExtracted, Unusable},
    },
};

/// Counts and stores recomputed codes and links.
#[derive(Debug)]
pub(crate) struct Recomputed(Counter<u64>);

impl Default for Recomputed {
    fn default() -> Self {
        let counter = telemetry::meter()
            .u64_counter("mayfly.mailbox.extraction.recomputed")
            .with_description("Codes and links recomputed from the raw mail, by reason")
            .build();
        Self(counter)
    }
}

impl Recomputed {
    /// Logs and counts that stored codes and links are unusable.
    pub(crate) fn note(&self, raw_id: RawMessageId, reason: Unusable) {
        let label = match reason {
            Unusable::OtherVersion => "other_version",
            Unusable::Corrupt => "corrupt",
        };
        match reason {
            Unusable::OtherVersion => {
                tracing::debug!(%raw_id, "recomputing codes and links of another version");
            }
            Unusable::Corrupt => {
                tracing::error!(%raw_id, "stored codes and links are corrupt; recomputing them");
            }
        }
        self.0.add(1, &[KeyValue::new("reason", label)]);
    }

    /// Stores recomputed codes and links. A failure is logged only: the next read recomputes them again.
    pub(crate) async fn store(&self, store: &Store, raw_id: RawMessageId, stored: StoredExtracted) {
        let written: Result<(), Error> = store
            .write("replace_extracted", None, move |tx| {
                let stored = stored.clone();
                Box::pin(async move { Ok(extracted::replace(tx, raw_id, stored).await?) })
            })
            .await;
        if let Err(error) = written {
            tracing::warn!(%error, %raw_id, "cannot store recomputed codes and links");
        }
    }
}
