//! What `mayfly mailbox wait` prints of a message: a code, a link, or its line in a list.

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::{format, text::clean};

#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Print only the most probable one-time code; skip messages without one
    #[arg(long, conflicts_with = "link")]
    code: bool,
    /// Only codes of this length: `6` or `4-8`
    #[arg(long, value_name = "N|N-M", requires = "code")]
    code_length: Option<String>,
    /// Only codes that match a regular expression as a whole
    #[arg(long, value_name = "REGEX", requires = "code")]
    code_pattern: Option<String>,
    /// Print only the most probable link of a kind, by default `verify` or `reset`; skip messages without one
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

    /// Returns what the server filters codes by.
    pub(super) fn code_filter(&self) -> [(&'static str, Option<&str>); 2] {
        [
            ("code_length", self.code_length.as_deref()),
            ("code_pattern", self.code_pattern.as_deref()),
        ]
    }

    /// Returns the line to print; `None` if the message has no such code or link.
    pub(super) fn line(&self, message: &Value) -> Option<String> {
        let found = |key: &str, field: &str, matches: &dyn Fn(&Value) -> bool| {
            let mut found = message[key].as_array()?.iter().filter(|found| matches(found));
            let first = found.next()?;
            // The first of those with the same confidence.
            let best = found.fold(first, |best, other| {
                if confidence(other) > confidence(best) {
                    other
                } else {
                    best
                }
            });
            Some(format!("{}\n", clean(best[field].as_str()?)))
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

/// Returns how sure a code or link is; an older server does not say.
fn confidence(found: &Value) -> f64 {
    found["confidence"].as_f64().unwrap_or_default()
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
        let line = |code, link| selection(code, link).line(&message);
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
            assert_eq!(selection(code, link).line(&plain), None);
        }
    }

    #[test]
    fn selection_prints_most_probable_match() {
        let message = json!({
            "codes": [{"value": "482913", "confidence": 0.5}, {"value": "111111", "confidence": 0.9}],
            "links": [
                {"url": "https://a.test/logo", "kind": "verify", "confidence": 0.6},
                {"url": "https://a.test/v", "kind": "verify", "confidence": 0.98},
                {"url": "https://a.test/w", "kind": "verify", "confidence": 0.98},
            ],
        });
        assert_eq!(selection(true, None).line(&message).unwrap(), "111111\n");
        assert_eq!(
            selection(false, Some(None)).line(&message).unwrap(),
            "https://a.test/v\n"
        );
    }

    fn selection(code: bool, link: Option<Option<LinkKind>>) -> Selection {
        Selection {
            code,
            code_length: None,
            code_pattern: None,
            link,
        }
    }
}
