//! The tools: their names, and the scopes that a token needs.

use std::collections::BTreeSet;

use mayfly_types::TokenScope;

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    CreateMailbox,
    WaitForMail,
    GetCode,
    GetLink,
    ListMail,
    SearchMail,
    ReadMail,
    DeleteMail,
    DeleteMailbox,
}

impl Tool {
    pub(super) const ALL: [Self; 9] = [
        Self::CreateMailbox,
        Self::WaitForMail,
        Self::GetCode,
        Self::GetLink,
        Self::ListMail,
        Self::SearchMail,
        Self::ReadMail,
        Self::DeleteMail,
        Self::DeleteMailbox,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::CreateMailbox => "create_mailbox",
            Self::WaitForMail => "wait_for_mail",
            Self::GetCode => "get_code",
            Self::GetLink => "get_link",
            Self::ListMail => "list_mail",
            Self::SearchMail => "search_mail",
            Self::ReadMail => "read_mail",
            Self::DeleteMail => "delete_mail",
            Self::DeleteMailbox => "delete_mailbox",
        }
    }

    /// Returns the scope that a token needs.
    pub(super) fn scope(self) -> TokenScope {
        match self {
            Self::CreateMailbox | Self::DeleteMailbox => TokenScope::AccountsWrite,
            Self::WaitForMail
            | Self::GetCode
            | Self::GetLink
            | Self::ListMail
            | Self::SearchMail
            | Self::ReadMail => TokenScope::MessagesRead,
            Self::DeleteMail => TokenScope::MessagesWrite,
        }
    }

    /// Returns every scope that some tool needs.
    pub(super) fn scopes() -> BTreeSet<&'static str> {
        Self::ALL.map(|tool| tool.scope().as_str()).into()
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.as_str() == name)
    }
}
