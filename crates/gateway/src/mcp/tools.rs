//! The definitions of the tools, which are constants. Each tool has a file.

mod create_mailbox;
mod delete_mail;
mod delete_mailbox;
mod get_code;
mod get_link;
mod list_mail;
mod page;
mod read_mail;
mod search_mail;
mod wait_for_mail;

use std::{
    any::Any,
    sync::{Arc, LazyLock},
};

use mayfly_rpc::Failure;
use rmcp::{
    handler::server::common::{schema_for_input, schema_for_output},
    model::{self, JsonObject, ToolAnnotations},
    schemars::JsonSchema,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{caller::Caller, limits::Limits, mark::Answer, tool::Tool};
use crate::app::App;

/// What one call works with.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) app: &'a App,
    pub(super) caller: &'a Caller,
    pub(super) limits: &'a Limits,
}

/// The definitions, in the order of [`Tool::ALL`].
static DEFINITIONS: LazyLock<[model::Tool; 9]> = LazyLock::new(|| Tool::ALL.map(Tool::define));

impl Tool {
    /// Returns what clients learn of the tool: a constant, which holds no mail and no address.
    pub(super) fn definition(self) -> &'static model::Tool {
        &DEFINITIONS[self as usize]
    }

    fn define(self) -> model::Tool {
        let reads = ToolAnnotations::new().read_only(true).open_world(true);
        let changes = ToolAnnotations::new().read_only(false).open_world(false);
        let deletes = changes.clone().destructive(true).idempotent(true);
        match self {
            Self::CreateMailbox => {
                let annotations = changes.destructive(false).idempotent(false);
                self.with::<create_mailbox::Input, create_mailbox::Output>(
                    create_mailbox::DESCRIPTION,
                    annotations,
                )
            }
            Self::WaitForMail => {
                self.with::<wait_for_mail::Input, wait_for_mail::Output>(wait_for_mail::DESCRIPTION, reads)
            }
            Self::GetCode => self.with::<get_code::Input, get_code::Output>(get_code::DESCRIPTION, reads),
            Self::GetLink => self.with::<get_link::Input, get_link::Output>(get_link::DESCRIPTION, reads),
            Self::ListMail => self.with::<list_mail::Input, page::Page>(list_mail::DESCRIPTION, reads),
            Self::SearchMail => self.with::<search_mail::Input, page::Page>(search_mail::DESCRIPTION, reads),
            Self::ReadMail => self.with::<read_mail::Input, read_mail::Output>(read_mail::DESCRIPTION, reads),
            Self::DeleteMail => {
                self.with::<delete_mail::Input, delete_mail::Output>(delete_mail::DESCRIPTION, deletes)
            }
            Self::DeleteMailbox => self
                .with::<delete_mailbox::Input, delete_mailbox::Output>(delete_mailbox::DESCRIPTION, deletes),
        }
    }

    fn with<I: JsonSchema + Any, O: JsonSchema + Any>(
        self,
        description: &'static str,
        annotations: ToolAnnotations,
    ) -> model::Tool {
        let input = schema_for_input::<I>().unwrap_or_default();
        model::Tool::new(self.as_str(), description, portable(&input, Nullable::LeftOut))
            .with_raw_output_schema(portable(&schema_for_output::<O>(), Nullable::Null))
            .with_annotations(annotations)
    }
}

/// How a value that can be absent is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nullable {
    /// An argument is left out.
    LeftOut,
    /// An answer has every key.
    Null,
}

/// Makes a schema portable: some clients of models take one type only, and none knows the number formats of Rust.
fn portable(schema: &JsonObject, nullable: Nullable) -> Arc<JsonObject> {
    let mut schema = schema.clone();
    make_portable(&mut schema, nullable);
    Arc::new(schema)
}

fn make_portable(schema: &mut JsonObject, nullable: Nullable) {
    if let Some(Value::Array(types)) = schema.get("type").cloned() {
        schema.remove("format");
        let shown = types
            .iter()
            .find(|shown| **shown != "null")
            .cloned()
            .unwrap_or_default();
        match nullable {
            Nullable::LeftOut => schema.insert("type".to_owned(), shown),
            Nullable::Null => {
                schema.remove("type");
                let types = types.into_iter().map(|one| json!({ "type": one })).collect();
                schema.insert("anyOf".to_owned(), Value::Array(types))
            }
        };
    } else if schema.get("type").is_some_and(|shown| shown == "integer") {
        schema.remove("format");
    }
    for value in schema.values_mut() {
        if let Value::Object(inner) = value {
            make_portable(inner, nullable);
        }
    }
}

/// Runs a tool.
///
/// # Errors
/// `InvalidRequest` for arguments that do not fit; else as the tool.
pub(super) async fn run(tool: Tool, call: Call<'_>, arguments: JsonObject) -> Result<Answer, Failure> {
    match tool {
        Tool::CreateMailbox => create_mailbox::run(call, parse(arguments)?).await,
        Tool::WaitForMail => wait_for_mail::run(call, parse(arguments)?).await,
        Tool::GetCode => get_code::run(call, parse(arguments)?).await,
        Tool::GetLink => get_link::run(call, parse(arguments)?).await,
        Tool::ListMail => list_mail::run(call, parse(arguments)?).await,
        Tool::SearchMail => search_mail::run(call, parse(arguments)?).await,
        Tool::ReadMail => read_mail::run(call, parse(arguments)?).await,
        Tool::DeleteMail => delete_mail::run(call, parse(arguments)?).await,
        Tool::DeleteMailbox => delete_mailbox::run(call, parse(arguments)?).await,
    }
}

/// Reads arguments. An unknown one is rejected, since a misspelt filter would return the wrong mail.
fn parse<T: DeserializeOwned>(arguments: JsonObject) -> Result<T, Failure> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.inner().to_string();
        Failure::invalid_request(if path == "." {
            cause
        } else {
            format!("{path}: {cause}")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of what can leave a server.
    const WAYS_OUT: [&str; 6] = ["send", "forward", "reply", "fetch", "open_", "click"];

    #[test]
    fn definitions_are_complete_and_name_no_way_out() {
        for tool in Tool::ALL {
            let definition = tool.definition();
            assert_eq!(definition.name, tool.as_str());
            assert_eq!(Tool::named(&definition.name), Some(tool));
            assert!(!WAYS_OUT.iter().any(|word| definition.name.contains(word)));
            assert_eq!(definition.input_schema["type"], "object", "{tool:?}");
            assert_eq!(definition.input_schema["additionalProperties"], false, "{tool:?}");
            let output = definition.output_schema.as_ref().unwrap();
            assert_eq!(output["type"], "object", "{tool:?}");
            assert!(definition.annotations.is_some(), "{tool:?}");
            let schemas = format!("{:?}{output:?}", definition.input_schema);
            assert!(
                !schemas.contains("format") && !schemas.contains("\"type\": Array"),
                "{schemas}"
            );
        }
    }
}
