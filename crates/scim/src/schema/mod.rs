//! Schemas (RFC 7643): what resources are made of. One table says how an attribute is read, compared,
//! changed, shown and described.

mod core;
mod describe;
mod resources;

pub use describe::{list, resource_type, resource_types, schemas, service_provider};
pub use resources::{GROUP, USER};

/// What a value is (RFC 7643, section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Boolean,
    Number,
    Moment,
    Reference,
    Complex,
}

/// Who may set it (RFC 7643, section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    ReadOnly,
    ReadWrite,
    Immutable,
}

/// One attribute, or a part of a complex one.
#[derive(Debug)]
pub struct Attribute {
    pub name: &'static str,
    pub about: &'static str,
    pub kind: Kind,
    pub is_many: bool,
    pub is_required: bool,
    pub is_case_exact: bool,
    pub is_unique: bool,
    /// Shown whatever is asked for.
    pub is_always_shown: bool,
    pub mutability: Mutability,
    pub parts: &'static [Attribute],
    /// What is usual, though others are taken.
    pub words: &'static [&'static str],
    pub refers_to: &'static [&'static str],
}

/// A schema, as it is published.
#[derive(Debug)]
pub struct Schema {
    pub id: &'static str,
    pub name: &'static str,
    pub about: &'static str,
    pub attributes: &'static [Attribute],
}

/// A kind of resource, and where its resources are.
#[derive(Debug)]
pub struct Resource {
    pub name: &'static str,
    /// Below the root of the service, such as `/Users`.
    pub endpoint: &'static str,
    pub about: &'static str,
    pub schema: &'static Schema,
    /// Attributes of the standard's that are known and not kept.
    pub not_kept: &'static [&'static str],
}

const fn attribute(kind: Kind, name: &'static str, about: &'static str) -> Attribute {
    Attribute {
        name,
        about,
        kind,
        is_many: false,
        is_required: false,
        is_case_exact: false,
        is_unique: false,
        is_always_shown: false,
        mutability: Mutability::ReadWrite,
        parts: &[],
        words: &[],
        refers_to: &[],
    }
}

pub(crate) const fn text(name: &'static str, about: &'static str) -> Attribute {
    attribute(Kind::Text, name, about)
}

pub(crate) const fn boolean(name: &'static str, about: &'static str) -> Attribute {
    attribute(Kind::Boolean, name, about)
}

pub(crate) const fn number(name: &'static str, about: &'static str) -> Attribute {
    attribute(Kind::Number, name, about)
}

pub(crate) const fn moment(name: &'static str, about: &'static str) -> Attribute {
    attribute(Kind::Moment, name, about)
}

pub(crate) const fn reference(
    name: &'static str,
    about: &'static str,
    refers_to: &'static [&'static str],
) -> Attribute {
    Attribute { refers_to, is_case_exact: true, ..attribute(Kind::Reference, name, about) }
}

pub(crate) const fn complex(
    name: &'static str,
    about: &'static str,
    parts: &'static [Attribute],
) -> Attribute {
    Attribute { parts, ..attribute(Kind::Complex, name, about) }
}

impl Attribute {
    pub(crate) const fn many(self) -> Self {
        Self { is_many: true, ..self }
    }

    pub(crate) const fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    pub(crate) const fn case_exact(self) -> Self {
        Self { is_case_exact: true, ..self }
    }

    pub(crate) const fn unique(self) -> Self {
        Self { is_unique: true, ..self }
    }

    pub(crate) const fn always_shown(self) -> Self {
        Self { is_always_shown: true, ..self }
    }

    pub(crate) const fn read_only(self) -> Self {
        Self { mutability: Mutability::ReadOnly, ..self }
    }

    pub(crate) const fn immutable(self) -> Self {
        Self { mutability: Mutability::Immutable, ..self }
    }

    pub(crate) const fn usually(self, words: &'static [&'static str]) -> Self {
        Self { words, ..self }
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// A part, whichever way its name is written (RFC 7643, section 2.1).
    pub(crate) fn part(&self, name: &str) -> Option<&'static Attribute> {
        self.parts.iter().find(|part| part.is_called(name))
    }

    /// How many values it may have.
    pub(crate) fn room(&self) -> usize {
        match self.name {
            "members" => crate::MAX_MEMBERS,
            _ => crate::MAX_VALUES,
        }
    }
}

impl Resource {
    /// An attribute of the schema, or one that every resource has.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        let all = self.schema.attributes.iter().chain(resources::COMMON);
        all.into_iter().find(|attribute| attribute.is_called(name))
    }

    pub(crate) fn knows_and_does_not_keep(&self, name: &str) -> bool {
        self.not_kept.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// All attributes that one of its resources has.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &'static Attribute> {
        self.schema.attributes.iter().chain(resources::COMMON)
    }
}
