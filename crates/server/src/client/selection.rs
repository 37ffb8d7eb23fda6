//! What `mayfly mailbox wait` prints of a message: a code, a link, or its line in a list.

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::format;

#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Print only the first one-time code; skip messages without one
    #[arg(long, conflicts_with = "link")]
    code: bool,
    /// Print only the first link of a kind, by default `verify` or `reset`; skip messages without one
    #[arg(long, value_name = "KIND")]
    link: Option<Option<LinkKind>>,
}

/// The purpose of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LinkKind {
    Verify,
    Reset,
    Unsubscribe,
    Other,
}

impl LinkKind {
    /// Returns the name in the API.
    fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Unsubscribe => "unsubscribe",
            Self::Other => "other",
        }
    }
}

impl Selection {
    /// Tells whether the wait can filter by code.
    pub(super) fn needs_code(&self) -> bool {
        self.code
    }

    /// Returns the line to print; `None` if the message has no such code or link.
    pub(super) fn line(&self, message: &Value) -> Option<String> {
        let found = |key: &str, field: &str, matches: &dyn Fn(&Value) -> bool| {
            let found = message[key].as_array()?.iter().find(|found| matches(found))?;
            Some(format!("{}\n", format::clean(found[field].as_str()?)))
        };
        if self.code {
            return found("codes", "value", &|_| true);
        }
        match self.link {
            Some(Some(kind)) => found("links", "url", &|link| link["kind"] == kind.as_str()),
            Some(None) => found("links", "url", &|link| {
                link["kind"] == "verify" || link["kind"] == "reset"
            }),
            None => Some(format::item(message)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selection_prints_first_match_or_none() {
        let message = json!({
            "codes": [{"value": "482913"}, {"value": "111111"}],
            "links": [
                {"url": "https://a.test/", "kind": "other"},
                {"url": "https://a.test/r", "kind": "reset"},
                {"url": "https://a.test/v", "kind": "verify"},
            ],
        });
        let line = |code, link| Selection { code, link }.line(&message);
        assert_eq!(line(true, None).unwrap(), "482913\n");
        assert_eq!(line(false, Some(None)).unwrap(), "https://a.test/r\n");
        assert_eq!(
            line(false, Some(Some(LinkKind::Verify))).unwrap(),
            "https://a.test/v\n"
        );
        assert_eq!(
            line(false, Some(Some(LinkKind::Other))).unwrap(),
            "https://a.test/\n"
        );
        assert_eq!(line(false, Some(Some(LinkKind::Unsubscribe))), None);
        let plain = json!({"codes": [], "links": [{"url": "https://a.test/", "kind": "other"}]});
        for (code, link) in [(true, None), (false, Some(None))] {
            assert_eq!(Selection { code, link }.line(&plain), None);
        }
    }
}
