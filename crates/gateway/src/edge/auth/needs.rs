//! What a route needs of a Pro API token. It stands in the type of the extractor, so no handler compiles without it.

use axum::http::HeaderValue;
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason, TokenScope};

use crate::app::principal::Pro;

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// A scope.
    Scope(TokenScope),
    /// A token without scopes and limits: it is about the whole user, which no scope grants.
    WholeUser,
    /// A token without scopes, limits and expiry: it makes and revokes tokens, and none may outgrow itself.
    Tokens,
    /// Any valid token.
    AnyToken,
}

impl Needs {
    /// Returns whether a token has what the route needs.
    pub(crate) fn are_met_by(self, pro: &Pro) -> bool {
        match self {
            Self::Scope(scope) => pro.scopes.is_none_or(|scopes| scopes.contains(scope)),
            Self::WholeUser => pro.scopes.is_none() && pro.limits.is_none(),
            Self::Tokens => pro.scopes.is_none() && pro.limits.is_none() && pro.expires_at.is_none(),
            Self::AnyToken => true,
        }
    }

    /// Returns the value of `Mayfly-Accepted-Scopes`.
    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Scope(scope) => scope.as_str(),
            Self::WholeUser | Self::Tokens => "unrestricted",
            Self::AnyToken => "",
        })
    }

    /// Returns the challenge to a token that has not what the route needs (RFC 6750, section 3.1).
    pub(crate) fn challenge(self) -> HeaderValue {
        let challenge = "Bearer realm=\"mayfly\", error=\"insufficient_scope\"";
        let value = match self {
            Self::Scope(scope) => HeaderValue::try_from(format!("{challenge}, scope=\"{scope}\"")),
            _ => HeaderValue::try_from(challenge),
        };
        value.unwrap_or(HeaderValue::from_static("Bearer"))
    }

    /// The failure of a token that has not what the route needs.
    pub(crate) fn failure(self) -> Failure {
        let message = match self {
            Self::Scope(scope) => format!("the token needs the scope {scope}"),
            Self::WholeUser => "no token with scopes or limits may do this".to_owned(),
            Self::Tokens => "no token with scopes, limits or an expiry may do this".to_owned(),
            Self::AnyToken => "the token may not do this".to_owned(),
        };
        Failure::new(ErrorCode::PermissionDenied, Reason::InsufficientScope, message)
    }
}

/// What a route needs, as a type.
pub(crate) trait RouteNeeds: Send + Sync + 'static {
    /// What it is.
    const NEEDS: Needs;
}

macro_rules! needs {
    ($($name:ident = $needs:expr;)+) => {
        $(
            #[doc = concat!("See [`Needs`]: `", stringify!($needs), "`.")]
            #[derive(Debug, Clone, Copy)]
            pub(crate) enum $name {}

            impl RouteNeeds for $name {
                const NEEDS: Needs = $needs;
            }
        )+
    };
}

needs! {
    AccountsRead = Needs::Scope(TokenScope::AccountsRead);
    AccountsWrite = Needs::Scope(TokenScope::AccountsWrite);
    MessagesRead = Needs::Scope(TokenScope::MessagesRead);
    MessagesWrite = Needs::Scope(TokenScope::MessagesWrite);
    SandboxRead = Needs::Scope(TokenScope::SandboxRead);
    SandboxWrite = Needs::Scope(TokenScope::SandboxWrite);
    DomainsRead = Needs::Scope(TokenScope::DomainsRead);
    DomainsWrite = Needs::Scope(TokenScope::DomainsWrite);
    WebhooksRead = Needs::Scope(TokenScope::WebhooksRead);
    WebhooksWrite = Needs::Scope(TokenScope::WebhooksWrite);
    UsageRead = Needs::Scope(TokenScope::UsageRead);
    AuditRead = Needs::Scope(TokenScope::AuditRead);
    WholeUser = Needs::WholeUser;
    Tokens = Needs::Tokens;
    AnyToken = Needs::AnyToken;
}

#[cfg(test)]
mod tests {
    use mayfly_proto::auth::TokenLimits;
    use mayfly_types::TokenScopes;
    use proptest::prelude::*;

    use super::*;

    fn pro(scopes: Option<u64>, limits: bool, expires_at: Option<i64>) -> Pro {
        Pro {
            user_id: String::new(),
            token_id: None,
            scopes: scopes.map(TokenScopes::from_bits),
            limits: limits.then(TokenLimits::default),
            expires_at,
        }
    }

    fn all_needs() -> impl Iterator<Item = Needs> {
        let scopes = TokenScope::ALL.iter().copied().map(Needs::Scope);
        scopes.chain([Needs::WholeUser, Needs::Tokens, Needs::AnyToken])
    }

    #[test]
    fn unscoped_token_meets_all_needs_unless_it_is_restricted() {
        assert!(all_needs().all(|needs| needs.are_met_by(&pro(None, false, None))));
        let expiring = pro(None, false, Some(1));
        let unmet: Vec<Needs> = all_needs().filter(|needs| !needs.are_met_by(&expiring)).collect();
        assert_eq!(unmet, [Needs::Tokens]);
        let limited = pro(Some(u64::MAX), true, None);
        let unmet: Vec<Needs> = all_needs().filter(|needs| !needs.are_met_by(&limited)).collect();
        assert_eq!(unmet, [Needs::WholeUser, Needs::Tokens]);
    }

    proptest! {
        #[test]
        fn larger_scopes_meet_whatever_smaller_ones_meet(small in any::<u64>(), more in any::<u64>()) {
            let (small, large) = (pro(Some(small), false, None), pro(Some(small | more), false, None));
            for needs in all_needs() {
                prop_assert!(!needs.are_met_by(&small) || needs.are_met_by(&large), "{needs:?}");
            }
        }
    }
}
