//! JSON Schema, as far as tools use it: arguments are checked before anything else sees them.
//!
//! Dialect 2020-12, and what older drafts say differently where it means the same to both. A schema
//! comes from a server, so it is a stranger's program: it is compiled once, within bounds, and each
//! check has a budget of steps. What asserts something and is not understood here (`$dynamicRef`,
//! references to elsewhere, regular expressions with look-around) makes the schema unusable rather
//! than the check weaker. What only describes (`title`, `format`, unknown members) is passed over, as
//! the dialect has it.

mod check;
mod compile;
mod pattern;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde_json::{Number, Value};

use pattern::Pattern;

/// Subschemas of one schema.
pub const MAX_NODES: usize = 4096;

/// How deep subschemas stand inside each other.
pub const MAX_DEPTH: usize = 64;

/// Steps of one check: subschemas applied and items compared.
pub const MAX_STEPS: usize = 200_000;

/// Why a schema cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    #[error("`{0}` has a value that it cannot have")]
    Value(String),
    #[error("`{0}` is not understood by this gate")]
    Unsupported(String),
    #[error("the reference {0:?} leads nowhere in this schema")]
    Reference(String),
    #[error("the pattern {0:?} is no regular expression that can be tried in linear time")]
    Pattern(String),
    #[error("it has more than {MAX_NODES} subschemas")]
    TooLarge,
    #[error("its subschemas stand more than {MAX_DEPTH} deep in each other")]
    TooDeep,
}

/// The first thing that is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} {what}")]
pub struct Violation {
    /// Such as `arguments.items[2].name`. Names in it are cut short.
    pub place: String,
    pub what: String,
}

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    nodes: Vec<Node>,
}

type At = usize;

/// One subschema. Everything that is there must hold.
#[derive(Debug, Default)]
struct Node {
    /// The schema `false`.
    never: bool,
    types: Option<Vec<Type>>,
    one_of_values: Option<Vec<Value>>,
    reference: Option<At>,
    all_of: Vec<At>,
    any_of: Option<Vec<At>>,
    one_of: Option<Vec<At>>,
    not: Option<At>,
    condition: Option<(At, Option<At>, Option<At>)>,
    object: Option<Box<ObjectRules>>,
    array: Option<Box<ArrayRules>>,
    text: Option<Box<TextRules>>,
    number: Option<Box<NumberRules>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

#[derive(Debug, Default)]
struct ObjectRules {
    properties: HashMap<String, At>,
    patterns: Vec<(Pattern, At)>,
    additional: Option<At>,
    unevaluated: Option<At>,
    names: Option<At>,
    required: Vec<String>,
    dependent: Vec<(String, Vec<String>)>,
    dependent_schemas: Vec<(String, At)>,
    fewest: Option<usize>,
    most: Option<usize>,
}

#[derive(Debug, Default)]
struct ArrayRules {
    prefix: Vec<At>,
    items: Option<At>,
    contains: Option<(At, usize, Option<usize>)>,
    fewest: Option<usize>,
    most: Option<usize>,
    are_unique: bool,
}

#[derive(Debug, Default)]
struct TextRules {
    shortest: Option<usize>,
    longest: Option<usize>,
    pattern: Option<Pattern>,
}

#[derive(Debug, Default)]
struct NumberRules {
    least: Option<Number>,
    most: Option<Number>,
    above: Option<Number>,
    below: Option<Number>,
    multiple: Option<Number>,
}

impl Schema {
    /// Compiles a schema; see [`SchemaError`] for what is refused.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        compile::compile(schema)
    }

    /// Whether a value fits. `root` is what the value is called in the violation's place.
    pub fn check(&self, root: &str, value: &Value) -> Result<(), Violation> {
        check::check(&self.nodes, root, value)
    }
}
