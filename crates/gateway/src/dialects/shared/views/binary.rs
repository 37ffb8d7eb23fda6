//! Bodies that are no text.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, schema::Type},
};

/// The schema of a body of bytes, for the document.
pub(crate) enum Binary {}

impl PartialSchema for Binary {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
        let object = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(format));
        object.into()
    }
}

impl ToSchema for Binary {}
