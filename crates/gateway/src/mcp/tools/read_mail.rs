//! `read_mail`

use mayfly_rpc::Failure;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Call};
use crate::mcp::mark::clean;

/// The most that one call returns of a text.
const MAX_TEXT_BYTES: usize = 8 * 1024;

pub(super) const DESCRIPTION: &str = "Reads a message: its text as a reader sees it, or its header fields; at most 8 KiB a call. Reading changes nothing.";

/// Which part of which message.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    message_id: String,
    /// Left out, text.
    part: Option<Part>,
    /// The `next_offset` of the answer before.
    offset: Option<u32>,
}

/// A part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(rename_all = "snake_case")]
enum Part {
    Text,
    Headers,
}

/// What was read.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct Output {
    message_id: String,
    /// Where the rest begins; null at the end.
    next_offset: Option<usize>,
    untrusted: Read,
}

/// What the sender wrote.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Read {
    text: String,
}

/// Reads a part of a message.
///
/// # Errors
/// As [`crate::app::App::open_message`].
pub(super) async fn run(call: Call<'_>, input: Input) -> Result<Answer, Failure> {
    let scope = call.caller.messages()?;
    let message_id = input.message_id.clone();
    let text = match input.part.unwrap_or(Part::Text) {
        Part::Text => {
            let message = call.app.open_message_visibly(scope, message_id).await?;
            message.content.text_body.unwrap_or_default()
        }
        Part::Headers => {
            let message = call.app.open_message(scope, message_id).await?;
            let fields = message.content.header.unwrap_or_default().fields;
            let line = |name: &str, value: &str| format!("{name}: {value}\n");
            fields
                .iter()
                .map(|field| line(&field.name, &field.value))
                .collect()
        }
    };
    let text = call.app.compute(text.len(), move || clean(&text)).await?;
    let (start, end) = window(&text, input.offset.unwrap_or(0) as usize);
    Answer::of(&Output {
        message_id: input.message_id,
        next_offset: (end < text.len()).then_some(end),
        untrusted: Read {
            text: text[start..end].to_owned(),
        },
    })
}

/// Returns the bounds of the part of a text that begins at an offset, between characters.
fn window(text: &str, offset: usize) -> (usize, usize) {
    let start = text.ceil_char_boundary(offset.min(text.len()));
    let end = text.floor_char_boundary((start + MAX_TEXT_BYTES).min(text.len()));
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_long_text_return_it_whole() {
        let text = "漢é1".repeat(5000);
        let (mut offset, mut read) = (0, String::new());
        loop {
            let (start, end) = window(&text, offset);
            assert!(end - start <= MAX_TEXT_BYTES);
            read.push_str(&text[start..end]);
            if end == text.len() {
                break;
            }
            offset = end;
        }
        assert_eq!(read, text);
        assert_eq!(window(&text, usize::MAX), (text.len(), text.len()));
    }
}
