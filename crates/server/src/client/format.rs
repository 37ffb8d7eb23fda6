//! Messages as text for a terminal, without control characters.

use std::borrow::Cow;

use serde_json::Value;

use super::{table, text::clean};

fn field(message: &Value, key: &str) -> String {
    clean(message[key].as_str().unwrap_or_default())
}

fn from(message: &Value) -> String {
    let key = if message["from"].is_null() {
        "sender"
    } else {
        "from"
    };
    field(message, key)
}

const COLUMNS: [&str; 5] = ["id", "time", "state", "from", "subject"];

fn cells(message: &Value) -> Vec<String> {
    let state = if message["is_read"] == true {
        "read"
    } else {
        "unread"
    };
    let [id, time, subject] = ["id", "created_at", "subject"].map(|key| field(message, key));
    vec![id, time, state.to_owned(), from(message), subject]
}

/// Formats one line of a list, with tabs: id, time, `read` or `unread`, from, subject.
pub(super) fn item(message: &Value) -> String {
    cells(message).join("\t") + "\n"
}

/// Formats a list.
pub(super) fn list(messages: &[Value]) -> String {
    let rows: Vec<Vec<String>> = messages.iter().map(cells).collect();
    table::table(&COLUMNS, &rows)
}

/// Formats a whole message: headers, codes, links and attachments, then its text, or what a reader sees of its HTML if it has
/// no text.
pub(super) fn message(message: &Value) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| text.push_str(&format!("{name}: {value}\n"));
    line("From", &from(message));
    line("To", &field(message, "address"));
    line("Date", &field(message, "created_at"));
    line("Subject", &field(message, "subject"));
    for code in message["codes"].as_array().into_iter().flatten() {
        line("Code", &field(code, "value"));
    }
    for link in message["links"].as_array().into_iter().flatten() {
        line(&format!("Link ({})", field(link, "kind")), &field(link, "url"));
    }
    for attachment in message["attachments"].as_array().into_iter().flatten() {
        let index = format!("Attachment ({})", attachment["index"]);
        line(&index, &field(attachment, "filename"));
    }
    text.push('\n');
    for line in body(message).lines() {
        text.push_str(&clean(line));
        text.push('\n');
    }
    text
}

fn body(message: &Value) -> Cow<'_, str> {
    let text = message["text_body"].as_str();
    match (text, message["html_body"].as_str()) {
        (Some(text), Some(_)) if !text.trim().is_empty() => text.into(),
        (_, Some(html)) => mayfly_mime::visible_text_of_html(html).into(),
        (text, None) => text.unwrap_or_default().into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn format_removes_terminal_escapes() {
        let mail = json!({
            "id": "1", "created_at": "now", "is_read": false, "from": null, "sender": "a\u{9b}2J@b.test",
            "subject": "one\ttwo\nthree\u{1b}[2J\u{202e}", "text_body": "a\r\nb\u{1b}]0;x\u{7}\n",
        });
        assert_eq!(item(&mail), "1\tnow\tunread\ta2J@b.test\tone two three[2J\n");
        assert!(message(&mail).ends_with("Subject: one two three[2J\n\na\nb]0;x\n"));
    }

    #[test]
    fn message_without_text_shows_its_html_as_text() {
        let html = "<style>p{}</style><p>Your code is <b>482913</b>.</p><p style='display:none'>hidden</p>";
        for text in [json!(null), json!(" \n")] {
            let mail = json!({ "subject": "Code", "text_body": text, "html_body": html });
            let shown = message(&mail);
            assert!(shown.contains("\n\nYour code is 482913.\n"), "{shown}");
            assert!(
                !shown.contains(['<', '{']) && !shown.contains("hidden"),
                "{shown}"
            );
        }
        let both = json!({ "text_body": "plain", "html_body": html });
        assert!(message(&both).ends_with("\n\nplain\n"));
    }
}
