//! JSON bodies of mail.tm, whose errors are its own.

use axum::extract::{FromRequest, Request};
use mayfly_rpc::Failure;
use serde_json::{Map, Value};

use crate::edge::{failure::FailureResponse, json::JsonBytes};

/// The fields of a JSON object. An empty body and `null` have none.
#[derive(Debug, Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    fn parse(body: &[u8]) -> Result<Self, Failure> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(Value::Null) => Ok(Self::default()),
            _ => Err(syntax_error()),
        }
    }

    /// Takes a text; `None` when it is absent or something else.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Takes a truth value; `None` when it is absent.
    ///
    /// # Errors
    /// `InvalidRequest` when it is something else.
    pub(crate) fn bool(&mut self, name: &str) -> Result<Option<bool>, Failure> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(_) => Err(Failure::invalid_request(format!(
                "The type of the \"{name}\" attribute must be \"bool\"."
            ))),
        }
    }
}

fn syntax_error() -> Failure {
    Failure::invalid_request("Syntax error")
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = FailureResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, FailureResponse> {
        let JsonBytes(body) = JsonBytes::from_request(request, state).await?;
        Ok(Self::parse(&body)?)
    }
}

/// As [`Fields`], of a route that needs some: an empty body is an error.
#[derive(Debug)]
pub(crate) struct RequiredFields(pub(crate) Fields);

impl<S: Send + Sync> FromRequest<S> for RequiredFields {
    type Rejection = FailureResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, FailureResponse> {
        let JsonBytes(body) = JsonBytes::from_request(request, state).await?;
        if body.is_empty() {
            return Err(syntax_error().into());
        }
        Ok(Self(Fields::parse(&body)?))
    }
}
