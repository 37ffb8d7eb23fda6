//! What the configuration accepts: the keys of each section, and the type of each value.

use std::{net::SocketAddr, path::PathBuf};

use mayfly_types::DomainName;

/// A type of the configuration: a value, or a section of keys.
pub trait ConfigValue {
    /// What operators can write.
    const SCHEMA: Schema;
}

/// What operators can write at one place of the configuration.
#[derive(Debug, Clone, Copy)]
pub enum Schema {
    /// A value, with its type in the operator's words. Of a list, the type of an item.
    Value(Syntax, &'static str),
    /// A section.
    Section(&'static [Key]),
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// `true` or `false`.
    Boolean,
    /// Text.
    Text,
    /// An array, or text with commas.
    List,
    /// Text that is never shown.
    Secret,
}

/// One key of a section.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name within the section.
    pub name: &'static str,
    /// Its documentation comment.
    pub doc: &'static str,
    /// What it accepts.
    pub schema: Schema,
}

impl Key {
    /// Returns the description in one line.
    #[must_use]
    pub fn description(&self) -> &'static str {
        self.doc.trim()
    }
}

impl Schema {
    /// Returns what is accepted at a path.
    pub(super) fn find(self, path: &[impl AsRef<str>]) -> Option<Self> {
        let Some((name, rest)) = path.split_first() else {
            return Some(self);
        };
        let Self::Section(keys) = self else { return None };
        let key = keys.iter().find(|key| key.name == name.as_ref())?;
        key.schema.find(rest)
    }
}

impl<T: ConfigValue> ConfigValue for Option<T> {
    const SCHEMA: Schema = T::SCHEMA;
}

/// Implements [`ConfigValue`] for types that another crate defines.
macro_rules! values {
    ($($ty:ty => $syntax:ident, $expects:literal;)*) => {
        $(impl ConfigValue for $ty {
            const SCHEMA: Schema = Schema::Value(Syntax::$syntax, $expects);
        })*
    };
}

values! {
    bool => Boolean, "`true` or `false`";
    u32 => Integer, "whole number";
    u64 => Integer, "whole number";
    f64 => Float, "number";
    String => Text, "text";
    PathBuf => Text, "path";
    SocketAddr => Text, "IP address and port such as `127.0.0.1:8080`";
    ipnet::IpNet => Text, "network such as `10.0.0.0/8`";
    DomainName => Text, "domain name";
}

/// Declares a section of the configuration: each key once, with its description, type and default.
///
/// ```
/// mayfly_runtime::config_section! {
///     /// The `[limits]` section.
///     pub struct Limits {
///         /// Connections at one time.
///         pub max_connections: u32 = 100,
///     }
/// }
/// assert_eq!(Limits::default().max_connections, 100);
/// ```
#[macro_export]
macro_rules! config_section {
    (
        $(#[doc = $section_doc:literal])+
        $vis:vis struct $Section:ident {
            $($(#[doc = $doc:literal])+ $key_vis:vis $key:ident: $Type:ty = $default:expr,)+
        }
    ) => {
        $(#[doc = $section_doc])+
        #[derive(Debug, Clone, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        $vis struct $Section {
            $($(#[doc = $doc])+ $key_vis $key: $Type,)+
        }

        impl ::std::default::Default for $Section {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl $crate::config::ConfigValue for $Section {
            const SCHEMA: $crate::config::Schema = $crate::config::Schema::Section(&[
                $($crate::config::Key {
                    name: ::std::stringify!($key),
                    doc: ::std::concat!($($doc),+),
                    schema: <$Type as $crate::config::ConfigValue>::SCHEMA,
                },)+
            ]);
        }
    };
}
