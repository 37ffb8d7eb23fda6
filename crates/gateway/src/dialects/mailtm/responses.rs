//! The answers that routes declare beside their own. Each type is one line of a route's `responses(…)`.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{
        Array, Content, KnownFormat, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Schema,
        SchemaFormat, schema::Type,
    },
};

use super::{
    errors::ErrorBody,
    views::{domain::Domain, message::MessageItem, node::PageLinks},
};

fn error(description: &str, is_always_json: bool) -> RefOr<Response> {
    let body = Content::new(Some(Ref::from_schema_name(ErrorBody::name())));
    let mut response = ResponseBuilder::new()
        .description(description)
        .content("application/json", body.clone());
    if !is_always_json {
        response = response.content("application/ld+json", body);
    }
    RefOr::T(response.build())
}

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident { $($status:literal: $text:literal,)+ })+) => {
        $(
            $(#[$doc])*
            pub(crate) enum $name {}

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    BTreeMap::from([$(($status.to_owned(), error($text, $status == "401")),)+])
                }
            }
        )+
    };
}

errors! {
    /// Of every route.
    Always {
        "429": "`Too Many Requests`, with `Retry-After` in seconds",
        "500": "`Internal Server Error`",
        "503": "`Service Unavailable`, with `Retry-After` in seconds",
    }
    /// Of routes that read a body.
    Body {
        "400": "`Syntax error`, or a text that names the field",
        "413": "`Payload Too Large`",
    }
    /// Of routes that need the token of a mailbox.
    Bearer {
        "400": "Two credentials were sent",
        "401": "`JWT Token not found`, or `Invalid JWT Token`",
    }
    /// Of routes that need the token of a mailbox and read a body.
    BearerAndBody {
        "400": "`Syntax error`, or a text that names the field",
        "401": "`JWT Token not found`, or `Invalid JWT Token`",
        "413": "`Payload Too Large`",
    }
    /// Of routes that take the API token of a Pro user.
    MaybeBearer {
        "401": "`Invalid JWT Token`: an API token that is not valid",
    }
    /// Of routes that check a password.
    Password {
        "401": "`Invalid credentials.`",
    }
    /// Of routes that name an object.
    Missing {
        "404": "`Not Found`: not there, or not the caller's",
    }
    /// Of creating a mailbox.
    Violations {
        "422": "The address or the password cannot be used: `violations` says why",
    }
}

macro_rules! pages {
    ($($(#[$doc:meta])* $name:ident of $Member:ty;)+) => {
        $(
            $(#[$doc])*
            pub(crate) enum $name {}

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    BTreeMap::from([("200".to_owned(), page::<$Member>())])
                }
            }
        )+
    };
}

pages! {
    /// A page of domains.
    DomainPage of Domain;
    /// A page of messages.
    MessagePage of MessageItem;
}

/// A bare array, or a collection.
fn page<T: ToSchema>() -> RefOr<Response> {
    let members = Array::new(Ref::from_schema_name(T::name()));
    let collection = ObjectBuilder::new()
        .property("@context", text())
        .property("@id", text())
        .property("@type", text())
        .property("hydra:member", members.clone())
        .property(
            "hydra:totalItems",
            ObjectBuilder::new().schema_type(Type::Integer),
        )
        .property("hydra:view", Ref::from_schema_name(PageLinks::name()))
        .required("hydra:member")
        .required("hydra:totalItems");
    let response = ResponseBuilder::new()
        .description("The page")
        .content(
            "application/ld+json",
            Content::new(Some(RefOr::T(Schema::Object(collection.build())))),
        )
        .content(
            "application/json",
            Content::new(Some(RefOr::T(Schema::Array(members)))),
        );
    RefOr::T(response.build())
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// The schema of a body of bytes, for the document.
pub(crate) enum Binary {}

impl PartialSchema for Binary {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
        text().format(Some(format)).into()
    }
}

impl ToSchema for Binary {}
