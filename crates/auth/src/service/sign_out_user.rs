//! Signs a Pro user out everywhere.

use std::{collections::HashSet, future::Future, sync::Arc};

use mayfly_database::DbErr;
use mayfly_types::UserId;

use super::{Service, run_to_completion};
use crate::{
    error::Error,
    model::{jwt::Subject, pro_token::TokenHash},
    revocation_metrics::RevocationCause,
};

impl Service {
    /// Invalidates every JWT of a user and, if requested, revokes every API token. No validation that begins after the answer
    /// accepts them.
    #[tracing::instrument(name = "auth.sign_out_user", skip_all)]
    pub(crate) async fn sign_out_user(
        self: &Arc<Self>,
        id: UserId,
        revoke_tokens: bool,
    ) -> Result<(), Error> {
        let (this, now) = (Arc::clone(self), self.clock.now());
        let change = async move {
            let change = this.store.sign_out_user(id, revoke_tokens, now);
            let change = this.revoke_of_user(id, change);
            this.revocation_metrics
                .measure(RevocationCause::SignedOut, change)
                .await
        };
        let is_found = run_to_completion(&self.tasks, change).await?;
        if is_found { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Runs a change that returns the tokens that it revokes, and invalidates every cached credential of the user, whatever
    /// the outcome of the commit. Returns false if there is no such user.
    pub(super) async fn revoke_of_user(
        &self,
        id: UserId,
        change: impl Future<Output = Result<Option<Vec<TokenHash>>, DbErr>>,
    ) -> Result<bool, Error> {
        // A change that failed can have been committed, and does not say what it revoked.
        let listed = self.store.list_secret_hashes(id).await?;
        let mut hashes: HashSet<TokenHash> = listed.into_iter().collect();
        let outcome = self.generations.change(Subject::User(id), change).await;
        if let Ok(Some(revoked)) = &outcome {
            hashes.extend(revoked.iter().copied());
        }
        for hash in hashes {
            self.invalidate(hash).await;
        }
        Ok(outcome?.is_some())
    }

    /// Invalidates what is cached of a token or of the password of a sandbox.
    pub(super) async fn invalidate(&self, hash: TokenHash) {
        self.tokens.change(hash, std::future::ready(())).await;
        self.sandbox_credentials
            .change(hash, std::future::ready(()))
            .await;
    }
}
