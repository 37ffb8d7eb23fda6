//! The anonymous mailboxes of one process, whose tokens no model and no file sees.

use parking_lot::Mutex;
use serde_json::Value;

/// Where a server returns the token of a new mailbox.
const TOKEN: &str = "mayfly/token";
/// Mailboxes that one process keeps.
const MAX_MAILBOXES: usize = 50;

/// A mailbox and its token.
#[derive(Debug)]
struct Mailbox {
    id: String,
    token: String,
}

/// The mailboxes of one process, oldest first.
#[derive(Debug, Default)]
pub(super) struct Mailboxes(Mutex<Vec<Mailbox>>);

impl Mailboxes {
    /// Tells whether no more can be kept.
    pub(super) fn is_full(&self) -> bool {
        self.0.lock().len() >= MAX_MAILBOXES
    }

    /// Returns the tokens to try for a call, in their order: that of the mailbox that it names, the only one, or, for a call that
    /// names a message, all of them. None when there is no mailbox that it can mean.
    pub(super) fn tokens_for(&self, arguments: &Value) -> Vec<String> {
        let mailboxes = self.0.lock();
        let named = arguments["mailbox_id"].as_str();
        let fits = |mailbox: &&Mailbox| named.is_none_or(|id| id == mailbox.id);
        let tokens: Vec<String> = mailboxes
            .iter()
            .rev()
            .filter(fits)
            .map(|mailbox| mailbox.token.clone())
            .collect();
        let names_one = named.is_some() || arguments["message_id"].is_string();
        if names_one || tokens.len() == 1 {
            tokens
        } else {
            Vec::new()
        }
    }

    /// Takes the token of a new mailbox out of an answer, and keeps it.
    pub(super) fn keep(&self, answer: &mut Value) {
        let Some(result) = answer.get_mut("result").and_then(Value::as_object_mut) else {
            return;
        };
        let Some(meta) = result.get_mut("_meta").and_then(Value::as_object_mut) else {
            return;
        };
        let token = meta.remove(TOKEN);
        if meta.is_empty() {
            result.remove("_meta");
        }
        let id = answer["result"]["structuredContent"]["mailbox_id"].as_str();
        if let (Some(Value::String(token)), Some(id)) = (token, id) {
            let id = id.to_owned();
            self.0.lock().push(Mailbox { id, token });
        }
    }

    /// Forgets a mailbox that an answer reports as deleted.
    pub(super) fn forget(&self, answer: &Value) {
        let deleted = &answer["result"]["structuredContent"]["deleted_mailbox_id"];
        self.0.lock().retain(|mailbox| *deleted != mailbox.id);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn created(id: &str, token: &str) -> Value {
        json!({ "result": { "structuredContent": { "mailbox_id": id }, "_meta": { TOKEN: token } } })
    }

    #[test]
    fn tokens_for_call_are_those_of_its_mailbox() {
        let mailboxes = Mailboxes::default();
        assert!(mailboxes.tokens_for(&json!({})).is_empty());
        let mut answer = created("a", "token a");
        mailboxes.keep(&mut answer);
        assert_eq!(
            answer,
            json!({ "result": { "structuredContent": { "mailbox_id": "a" } } })
        );
        assert_eq!(mailboxes.tokens_for(&json!({})), ["token a"]);
        mailboxes.keep(&mut created("b", "token b"));
        for (arguments, expected) in [
            (json!({}), &[][..]),
            (json!({ "mailbox_id": "a" }), &["token a"]),
            (json!({ "mailbox_id": "c" }), &[]),
            (json!({ "message_id": "m" }), &["token b", "token a"]),
        ] {
            assert_eq!(mailboxes.tokens_for(&arguments), expected, "{arguments}");
        }
        mailboxes.forget(&json!({ "result": { "structuredContent": { "deleted_mailbox_id": "b" } } }));
        assert_eq!(mailboxes.tokens_for(&json!({})), ["token a"]);
    }
}
