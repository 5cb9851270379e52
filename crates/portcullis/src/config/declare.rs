//! How a configuration key is declared: once, with name, type, default, help and example.
//!
//! [`section!`] turns a list of declarations into the struct that the program uses, the parser
//! that fills it, and the table of [`Key`]s from which the reference page, the example file and
//! the nearest-name help are made. A key that exists is therefore documented, and a key that
//! is documented exists.

/// One key, as the reference page and the error messages see it.
#[derive(Debug)]
pub struct Key {
    pub name: &'static str,
    /// Paragraphs, as written in the declaration.
    pub help: &'static str,
    pub shape: &'static Shape,
    /// The default, as it would stand in the file.
    pub default: Option<&'static str>,
    /// A value as it could stand in the file.
    pub example: Option<&'static str>,
    pub optional: bool,
}

/// What stands behind a key.
#[derive(Debug)]
pub enum Shape {
    /// One value; `expects` completes the sentence "this key takes …".
    Scalar {
        expects: &'static str,
        written: Written,
    },
    List(&'static Shape),
    Table {
        about: &'static str,
        keys: &'static [Key],
    },
    /// A secret, named by where it is: a table in the file, never a text.
    Credential {
        keys: &'static [Key],
    },
}

/// How a scalar is written, which decides how a variable of the environment is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// A string in TOML, so the variable's text is the value.
    Text,
    /// A number or a boolean in TOML.
    Bare,
    /// Either.
    Both,
    /// An inline table.
    Table,
}

impl Shape {
    /// The keys below, where there are any.
    pub fn keys(&self) -> &'static [Key] {
        match self {
            Self::Table { keys, .. } | Self::Credential { keys } => keys,
            Self::List(item) => item.keys(),
            Self::Scalar { .. } => &[],
        }
    }

    /// Whether it is written as `[[name]]`.
    pub fn is_repeated(&self) -> bool {
        matches!(self, Self::List(item) if matches!(item, Self::Table { .. }))
    }

    /// Completes "this key takes …".
    pub fn expects(&self) -> String {
        match self {
            Self::Scalar { expects, .. } => (*expects).to_owned(),
            Self::List(Self::Table { .. }) => "a list of tables".to_owned(),
            Self::List(item) => format!("a list, each {}", item.expects()),
            Self::Table { .. } => "a table".to_owned(),
            Self::Credential { .. } => {
                "a secret by its place: { env = \"NAME\" } or { file = \"PATH\" }".to_owned()
            }
        }
    }
}

impl Key {
    /// The help on one line, for the example file and for errors.
    pub fn summary(&self) -> String {
        self.help.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Declares a section: the struct, its parser and its [`Key`]s.
///
/// A key is `name: Type = default, example value;`. Default and example are written as in TOML.
/// Without a default, an `Option` may be left out, a section is read as if empty, and anything
/// else must be given.
macro_rules! section {
    ($(#[doc = $about:literal])+ $name:ident {
        $($(#[doc = $help:literal])+
        $key:ident: $type:ty $(= $default:tt)? $(, example $example:tt)?;)*
    }) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug)]
        pub struct $name {
            $($(#[doc = $help])+ pub $key: $type,)*
        }

        impl $name {
            /// The declarations, in order.
            pub const KEYS: &'static [$crate::config::declare::Key] = &[
                $($crate::config::declare::Key {
                    name: stringify!($key),
                    help: concat!($($help, "\n"),+),
                    shape: &<$type as $crate::config::value::Value>::SHAPE,
                    default: $crate::config::declare::text!($($default)?),
                    example: $crate::config::declare::text!($($example)?),
                    optional: <$type as $crate::config::value::Value>::OPTIONAL,
                },)*
            ];
        }

        impl $crate::config::value::Value for $name {
            const SHAPE: $crate::config::declare::Shape = $crate::config::declare::Shape::Table {
                about: concat!($($about, "\n"),+),
                keys: Self::KEYS,
            };

            fn read(
                node: &$crate::config::reader::Node<'_>,
                reader: &mut $crate::config::reader::Reader<'_>,
            ) -> Option<Self> {
                let mut table = reader.table(node, Self::KEYS)?;
                // All are read before the first is missed, so that all errors are reported.
                $(let $key = table.next::<$type>(reader);)*
                Some(Self { $($key: $key?,)* })
            }

            fn absent(
                node: &$crate::config::reader::Node<'_>,
                reader: &mut $crate::config::reader::Reader<'_>,
            ) -> Option<Self> {
                <Self as $crate::config::value::Value>::read(&node.emptied(), reader)
            }
        }
    };
}

/// The source text of an optional token.
macro_rules! text {
    () => {
        None
    };
    ($token:tt) => {
        Some(stringify!($token))
    };
}

/// Declares a value that is one of a few words.
macro_rules! choice {
    ($(#[$about:meta])* $name:ident, $expects:literal {
        $($(#[$help:meta])* $variant:ident = $word:literal,)+
    }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$help])* $variant,)+ }

        impl $name {
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl $crate::config::value::Value for $name {
            const SHAPE: $crate::config::declare::Shape = $crate::config::declare::Shape::Scalar {
                expects: $expects,
                written: $crate::config::declare::Written::Text,
            };

            fn read(
                node: &$crate::config::reader::Node<'_>,
                reader: &mut $crate::config::reader::Reader<'_>,
            ) -> Option<Self> {
                match reader.word(node, Self::WORDS)? {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use {choice, section, text};
