//! Tokens of anonymous sessions, which some clients expect. They are signed, not stored, and give no rights.

use time::OffsetDateTime;

use super::Service;
use crate::error::Error;

impl Service {
    /// Issues an anonymous token. Returns when it expires, too.
    #[tracing::instrument(name = "auth.issue_anonymous_token", level = "debug", skip_all)]
    pub(crate) fn issue_anonymous_token(&self) -> Result<(String, OffsetDateTime), Error> {
        self.keys.issue_anonymous(self.clock.now())
    }

    /// Succeeds if an anonymous token is valid.
    #[tracing::instrument(name = "auth.validate_anonymous_token", level = "debug", skip_all)]
    pub(crate) fn validate_anonymous_token(&self, token: &str) -> Result<(), Error> {
        let verified = self.keys.verify_anonymous(token, self.clock.now());
        verified.map_err(Error::InvalidToken)
    }
}
