//! Filters (RFC 7644, section 3.4.2.2): which resources, or which values of an attribute.

mod condition;
mod parse;
mod test;

#[cfg(test)]
mod filter_tests;

use serde_json::Value;

pub use condition::{Compared, Comparison, Condition, Place};
pub(crate) use parse::within;
use test::Test;

use crate::error::Result;
use crate::path::Path;
use crate::{Document, Resource};

/// A condition on documents.
#[derive(Debug)]
pub struct Filter(pub(crate) Node);

#[derive(Debug)]
pub(crate) enum Node {
    /// An attribute that no resource has.
    Never,
    Present(Path),
    Test(Path, Test),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
    /// One value of an attribute that meets all of it.
    Value(Path, Box<Node>),
}

impl Filter {
    /// Reads a filter on resources of one kind.
    ///
    /// # Errors
    /// `invalidFilter`, with what is wrong.
    pub fn parse(resource: &'static Resource, text: &str) -> Result<Self> {
        parse::whole(resource, text)
    }

    pub fn is_met_by(&self, document: &Document) -> bool {
        self.0.is_met_by(document)
    }

    /// What an attribute must equal, where nothing else can meet the filter: then it can be looked up.
    pub fn wanted(&self, name: &str) -> Option<&str> {
        self.0.wanted(name)
    }

    /// Whether it looks at an attribute.
    pub fn mentions(&self, name: &str) -> bool {
        self.0.mentions(name)
    }

    /// What the values must equal that this chooses, where it says nothing else: part by part.
    pub(crate) fn equals(&self) -> Option<Vec<(&'static str, Value)>> {
        let mut parts = Vec::new();
        self.0.equals(&mut parts).then_some(parts)
    }
}

impl Node {
    pub(crate) fn is_met_by(&self, document: &Document) -> bool {
        match self {
            Self::Never => false,
            Self::Present(path) => path.any(document, &mut is_something),
            Self::Test(path, test) => test.is_met(*path, document),
            Self::Not(inner) => !inner.is_met_by(document),
            Self::All(all) => all.iter().all(|one| one.is_met_by(document)),
            Self::Any(any) => any.iter().any(|one| one.is_met_by(document)),
            Self::Value(path, inner) => path.any_whole(document, |value| inner.is_met_by(value)),
        }
    }

    fn wanted(&self, name: &str) -> Option<&str> {
        match self {
            Self::Test(path, test) if path.part.is_none() && path.attribute.name == name => {
                test.equal()
            }
            Self::All(all) => all.iter().find_map(|one| one.wanted(name)),
            _ => None,
        }
    }

    fn mentions(&self, name: &str) -> bool {
        match self {
            Self::Never => false,
            Self::Present(path) | Self::Test(path, _) | Self::Value(path, _) => {
                path.attribute.name == name
            }
            Self::Not(inner) => inner.mentions(name),
            Self::All(all) | Self::Any(all) => all.iter().any(|one| one.mentions(name)),
        }
    }

    fn equals(&self, parts: &mut Vec<(&'static str, Value)>) -> bool {
        match self {
            Self::Test(path, test) => {
                let equal = test.equal_value();
                let is_plain = equal.is_some();
                parts.extend(equal.map(|value| (path.attribute.name, value)));
                is_plain
            }
            Self::All(all) => all.iter().all(|one| one.equals(parts)),
            _ => false,
        }
    }
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(values) => !values.is_empty(),
        Value::Object(parts) => !parts.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

impl Path {
    fn any_whole(self, document: &Document, met: impl Fn(&Document) -> bool) -> bool {
        let values = document.get(self.attribute.name).and_then(Value::as_array);
        let mut parts = values.into_iter().flatten().filter_map(Value::as_object);
        parts.any(met)
    }
}
