//! What is wanted of a message: a code, a link, or the message as such.

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::text;

#[derive(Debug, Args)]
pub(super) struct Pick {
    /// Print the first one-time code alone; mail without one is passed over
    #[arg(long, conflicts_with = "link")]
    code: bool,
    /// Print the first link of a kind alone; without a kind, one to verify or reset something with; mail without one is passed over
    #[arg(long, value_name = "KIND")]
    link: Option<Option<Kind>>,
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Verify,
    Reset,
    Unsubscribe,
    Other,
}

impl Kind {
    /// As the API names it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Unsubscribe => "unsubscribe",
            Self::Other => "other",
        }
    }
}

impl Pick {
    /// What the wait itself can be asked for.
    pub(super) fn needs_code(&self) -> bool {
        self.code
    }

    /// Returns the line to print of a message; none if it has not what is wanted.
    pub(super) fn line(&self, message: &Value) -> Option<String> {
        let found = |key: &str, field: &str, is_wanted: &dyn Fn(&Value) -> bool| {
            let found = message[key].as_array()?.iter().find(|found| is_wanted(found))?;
            Some(format!("{}\n", text::clean(found[field].as_str()?)))
        };
        if self.code {
            return found("codes", "value", &|_| true);
        }
        match self.link {
            Some(Some(kind)) => found("links", "url", &|link| link["kind"] == kind.as_str()),
            Some(None) => found("links", "url", &|link| {
                link["kind"] == "verify" || link["kind"] == "reset"
            }),
            None => Some(text::item(message)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_that_is_wanted_is_picked() {
        let message = json!({
            "codes": [{"value": "482913"}, {"value": "111111"}],
            "links": [
                {"url": "https://a.test/", "kind": "other"},
                {"url": "https://a.test/r", "kind": "reset"},
                {"url": "https://a.test/v", "kind": "verify"},
            ],
        });
        let pick = |code, link| Pick { code, link }.line(&message);
        assert_eq!(pick(true, None).unwrap(), "482913\n");
        assert_eq!(pick(false, Some(None)).unwrap(), "https://a.test/r\n");
        assert_eq!(
            pick(false, Some(Some(Kind::Verify))).unwrap(),
            "https://a.test/v\n"
        );
        assert_eq!(pick(false, Some(Some(Kind::Other))).unwrap(), "https://a.test/\n");
        assert_eq!(pick(false, Some(Some(Kind::Unsubscribe))), None);
        let plain = json!({"codes": [], "links": [{"url": "https://a.test/", "kind": "other"}]});
        for (code, link) in [(true, None), (false, Some(None))] {
            assert_eq!(Pick { code, link }.line(&plain), None);
        }
    }
}
