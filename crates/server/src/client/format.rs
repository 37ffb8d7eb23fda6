//! Messages as text for a terminal. Control characters are removed: a sender must not be able to send escape sequences.

use serde_json::Value;

/// Removes control characters; line breaks and tabs become spaces.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' => Some(' '),
            c => (!is_unsafe(c)).then_some(c),
        })
        .collect()
}

/// Tells whether a character is a control character or a bidirectional override.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

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

/// Formats one line of a list, with tabs: id, time, `read` or `unread`, from, subject.
pub(super) fn item(message: &Value) -> String {
    let state = if message["is_read"] == true {
        "read"
    } else {
        "unread"
    };
    let [id, time, subject] = ["id", "created_at", "subject"].map(|key| field(message, key));
    format!("{id}\t{time}\t{state}\t{}\t{subject}\n", from(message))
}

/// Formats a whole message: headers, codes, links and attachments, then its text, or its HTML if it has no text.
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
        line("Attachment", &field(attachment, "filename"));
    }
    let body = message["text_body"].as_str().or(message["html_body"].as_str());
    text.push('\n');
    for line in body.unwrap_or_default().lines() {
        text.push_str(&clean(line));
        text.push('\n');
    }
    text
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
}
