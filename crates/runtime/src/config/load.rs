//! Merges the layers, and reports errors in the operator's words: the key, what is wrong, what is accepted, and the layer.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use figment::{
    Figment, Metadata, Profile, Provider,
    error::{Actual, Kind},
    value::{Dict, Map, Value},
};
use serde::Deserialize;

use super::{ConfigError, ConfigValue, PREFIX, Schema, Syntax, variable};

const FILE: &str = "file";
const ENVIRONMENT: &str = "environment";
const FLAGS: &str = "flags";

/// Reads a configuration from its layers.
///
/// # Errors
/// Names the key that is unknown or has a wrong value, what it accepts, and the layer that set it.
pub fn load<T: for<'de> Deserialize<'de> + ConfigValue>(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: &BTreeMap<String, String>,
) -> Result<T, ConfigError> {
    let mut figment = Figment::new();
    if let Some(file) = file {
        figment = figment.merge(Layer {
            name: FILE,
            values: read_file(file)?,
        });
    }
    figment = figment.merge(Layer {
        name: ENVIRONMENT,
        values: read_environment(environment, T::SCHEMA)?,
    });
    let flags = flags
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.as_str())));
    figment = figment.merge(Layer {
        name: FLAGS,
        values: flags.collect(),
    });
    figment
        .extract()
        .map_err(|error| explain(error, &figment, T::SCHEMA, file))
}

/// One source of values.
struct Layer {
    name: &'static str,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

fn read_file(file: &Path) -> Result<Dict, ConfigError> {
    let name = file.display().to_string();
    if !file.is_file() {
        return Err(ConfigError::new("--config", format!("no file {name}")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| ConfigError::new(&name, error))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        ConfigError::new(
            &name,
            format!("line {line}: {}", error.message().replace('\n', ", ")),
        )
    })?;
    match Value::serialize(table) {
        Ok(Value::Dict(_, dict)) => Ok(dict),
        _ => Err(ConfigError::new(&name, "is not a table")),
    }
}

/// Tells whether a variable, without its prefix, is one that Kubernetes or Docker sets for a service or link: `PORT`,
/// `PORT_8080_TCP_ADDR`, `SERVICE_HOST`, `SMTP_SERVICE_PORT`. No key is named so.
fn is_service_link(key: &str) -> bool {
    let is_link = |part: &str| {
        let words: Vec<&str> = part.split('_').collect();
        let service = words.iter().position(|word| *word == "SERVICE");
        let after = service.map_or(&words[..], |at| &words[at + 1..]);
        match service {
            Some(_) => matches!(after.first(), Some(&"HOST" | &"PORT")),
            None => words.contains(&"PORT"),
        }
    };
    !key.contains("__") && is_link(key)
}

/// Reads the variables `MAYFLY_SECTION__KEY`. Each value has the type of its key, or stays text.
fn read_environment(
    variables: impl IntoIterator<Item = (String, String)>,
    schema: Schema,
) -> Result<Dict, ConfigError> {
    let mut dict = Dict::new();
    for (name, text) in variables {
        let Some(key) = name.strip_prefix(PREFIX) else {
            continue;
        };
        // Compose sets a variable to nothing where its default is empty; Kubernetes and Docker describe neighbours called
        // `mayfly` in variables of their own.
        if text.is_empty() || is_service_link(key) {
            continue;
        }
        let key = key.to_ascii_lowercase();
        let path: Vec<&str> = key.split("__").collect();
        let syntax = match schema.find(&path) {
            Some(Schema::Value(syntax, _)) => syntax,
            _ => Syntax::Text,
        };
        let Some((last, sections)) = path.split_last() else {
            continue;
        };
        let mut section = &mut dict;
        for part in sections {
            let entry = section
                .entry((*part).to_owned())
                .or_insert_with(|| Value::from(Dict::new()));
            let Value::Dict(_, inner) = entry else {
                return Err(ConfigError::new(&name, "its section is set as a value too"));
            };
            section = inner;
        }
        section.insert((*last).to_owned(), typed(&text, syntax));
    }
    Ok(dict)
}

fn typed(text: &str, syntax: Syntax) -> Value {
    let parsed = match syntax {
        Syntax::Integer => text.parse::<u64>().ok().map(Value::from),
        Syntax::Float => text.parse::<f64>().ok().map(Value::from),
        Syntax::Boolean => text.parse::<bool>().ok().map(Value::from),
        Syntax::Text | Syntax::List | Syntax::Secret => None,
    };
    parsed.unwrap_or_else(|| Value::from(text))
}

/// Writes an error of the parser without its names of Rust types and source files.
fn explain(errors: figment::Error, figment: &Figment, schema: Schema, file: Option<&Path>) -> ConfigError {
    let lines: Vec<String> = errors
        .into_iter()
        .map(|error| explain_one(&error, figment, schema, file))
        .collect();
    ConfigError(lines.join("; "))
}

fn explain_one(error: &figment::Error, figment: &Figment, schema: Schema, file: Option<&Path>) -> String {
    let mut path = error.path.clone();
    if let Kind::UnknownField(name, _) = &error.kind
        && path.last() != Some(name)
    {
        path.push(name.clone());
    }
    // The parser appends the index of an item to the path of its list.
    while path.len() > 1
        && schema.find(&path).is_none()
        && schema.find(&path[..path.len() - 1]).is_some_and(is_value)
    {
        path.pop();
    }
    let key = path.join(".");
    let mut text = match schema.find(&path) {
        None => {
            let parents = &path[..path.len().saturating_sub(1)];
            let known = schema.find(parents).map(names).unwrap_or_default();
            let place = match parents {
                [] => "keys and sections are".to_owned(),
                _ => format!("keys of [{}] are", parents.join(".")),
            };
            format!("{key}: unknown key; {place} {known}")
        }
        Some(section @ Schema::Section(_)) => {
            format!("{key}: is a section; its keys are {}", names(section))
        }
        Some(Schema::Value(syntax, expects)) => {
            let problem = problem(&error.kind, syntax);
            let list = match syntax {
                Syntax::List => "list, separated by commas, of: ",
                _ => "",
            };
            format!("{key}: {problem}; expected: {list}{expects}")
        }
    };
    let layer = figment.find_metadata(&key).map(|metadata| metadata.name.as_ref());
    let _ = match (layer, file) {
        (Some(ENVIRONMENT), _) => write!(text, " (set by {})", variable(&key)),
        (Some(FLAGS), _) => write!(text, " (set by --{})", key.replace('_', "-")),
        (Some(FILE), Some(file)) => write!(text, " (set in {})", file.display()),
        _ => Ok(()),
    };
    text
}

fn is_value(schema: Schema) -> bool {
    matches!(schema, Schema::Value(..))
}

fn names(schema: Schema) -> String {
    match schema {
        Schema::Section(keys) => keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", "),
        Schema::Value(..) => String::new(),
    }
}

/// Says what is wrong with a value. Errors about secrets repeat no part of them.
fn problem(kind: &Kind, syntax: Syntax) -> String {
    match kind {
        _ if syntax == Syntax::Secret => "is not valid".to_owned(),
        Kind::Message(message) => message.replace('\n', ", "),
        Kind::UnknownVariant(text, _) => format!("`{text}` is not valid"),
        Kind::InvalidType(actual, _) | Kind::InvalidValue(actual, _) => match actual {
            Actual::Str(text) => format!("`{text}` is not valid"),
            Actual::Bool(value) => format!("`{value}` is not valid"),
            Actual::Unsigned(value) => format!("`{value}` is not valid"),
            Actual::Signed(value) => format!("`{value}` is not valid"),
            Actual::Float(value) => format!("`{value}` is not valid"),
            _ => "is not valid".to_owned(),
        },
        _ => "is not valid".to_owned(),
    }
}
