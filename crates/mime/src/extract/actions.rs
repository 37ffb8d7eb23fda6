//! Actions that a mail declares with schema.org markup: `ConfirmAction` and `ViewAction`, as JSON-LD or microdata.

use super::{attributes::Attributes, visible_text::Action};
use crate::html;

/// Actions of a mail.
const MAX_ACTIONS: usize = 16;
/// Examined length of a script.
const MAX_JSON_BYTES: usize = 16 * 1024;

/// Reads the actions of a JSON-LD script: the first URL after each type. The nesting does not matter, so no tree is built.
pub(super) fn read_json(json: &str, actions: &mut Vec<Action>) {
    let json = &json[..json.floor_char_boundary(MAX_JSON_BYTES)];
    let (mut confirms, mut key) = (None, String::new());
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        let Some((text, after)) = string(&rest[start + 1..]) else {
            return;
        };
        rest = after.trim_start();
        if let Some(value) = rest.strip_prefix(':') {
            (key, rest) = (text, value);
            continue;
        }
        match &*key {
            "@type" | "type" => confirms = action(&text).or(confirms),
            "url" | "target" | "urlTemplate" if confirms.is_some() && actions.len() < MAX_ACTIONS => {
                let confirms = confirms.take() == Some(true);
                actions.push(Action { url: text, confirms });
            }
            _ => {}
        }
        key.clear();
    }
}

/// Returns a JSON string that starts after its quote, and what follows it.
fn string(json: &str) -> Option<(String, &str)> {
    let (mut text, mut chars) = (String::new(), json.char_indices());
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((text, &json[at + 1..])),
            '\\' => match chars.next()?.1 {
                'u' => {
                    let code = json.get(at + 2..at + 6)?;
                    text.push(u32::from_str_radix(code, 16).ok().and_then(char::from_u32)?);
                    chars.nth(3)?;
                }
                escaped => text.push(escaped),
            },
            char => text.push(char),
        }
    }
    None
}

/// Reports whether a type is an action, and whether it confirms.
fn action(kind: &str) -> Option<bool> {
    match kind.rsplit('/').next()? {
        "ConfirmAction" => Some(true),
        "ViewAction" => Some(false),
        _ => None,
    }
}

/// Reads microdata: the URL that follows the type of an action.
#[derive(Debug, Default)]
pub(super) struct Microdata {
    confirms: Option<bool>,
}

impl Microdata {
    pub(super) fn read(&mut self, attributes: &Attributes<'_>, actions: &mut Vec<Action>) {
        if let Some(kind) = attributes.item_type {
            self.confirms = action(kind).or(self.confirms);
        }
        if let Some("url" | "target" | "urlTemplate") = attributes.item_prop
            && let Some(url) = attributes.href.or(attributes.content)
            && let Some(confirms) = self.confirms.take()
            && actions.len() < MAX_ACTIONS
        {
            actions.push(Action {
                url: html::decoded(url),
                confirms,
            });
        }
    }
}
