//! One comparison of a filter.

use model::Timestamp;
use serde_json::Value;

use crate::Document;
use crate::path::Path;
use crate::schema::{Attribute, Kind};

/// How values are compared (RFC 7644, table 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Operator {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        let all = [
            ("eq", Self::Equal),
            ("ne", Self::NotEqual),
            ("co", Self::Contains),
            ("sw", Self::StartsWith),
            ("ew", Self::EndsWith),
            ("gt", Self::Greater),
            ("ge", Self::GreaterOrEqual),
            ("lt", Self::Less),
            ("le", Self::LessOrEqual),
        ];
        all.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, one)| one)
    }

    fn is_text_alone(self) -> bool {
        matches!(self, Self::Contains | Self::StartsWith | Self::EndsWith)
    }

    fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }
}

#[derive(Debug)]
pub(super) enum Operand {
    Nothing,
    Boolean(bool),
    Number(f64),
    /// In small letters where capitals do not count, beside what was written.
    Text {
        compared: String,
        written: String,
        is_exact: bool,
    },
    Moment(Timestamp),
}

/// An operator and what is compared with.
#[derive(Debug)]
pub(crate) struct Test {
    pub(super) operator: Operator,
    pub(super) operand: Operand,
}

impl Test {
    /// # Errors
    /// What of the two does not go together, in words.
    pub(crate) fn new(
        attribute: &Attribute,
        operator: Operator,
        value: &Value,
    ) -> Result<Self, &'static str> {
        let operand = operand(attribute, operator, value)?;
        Ok(Self { operator, operand })
    }

    pub(crate) fn is_met(&self, path: Path, document: &Document) -> bool {
        if let Operand::Nothing = self.operand {
            let is_there = path.any(document, &mut super::is_something);
            return is_there == (self.operator == Operator::NotEqual);
        }
        match self.operator {
            // What is not there equals nothing.
            Operator::NotEqual => !path.any(document, &mut |value| self.equals(value)),
            Operator::Equal => path.any(document, &mut |value| self.equals(value)),
            _ => path.any(document, &mut |value| self.compares(value)),
        }
    }

    fn equals(&self, value: &Value) -> bool {
        self.ordering(value) == Some(std::cmp::Ordering::Equal)
    }

    fn compares(&self, value: &Value) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let order = || self.ordering(value);
        match self.operator {
            Operator::Equal => order() == Some(Equal),
            Operator::NotEqual => order() != Some(Equal),
            Operator::Greater => order() == Some(Greater),
            Operator::GreaterOrEqual => matches!(order(), Some(Greater | Equal)),
            Operator::Less => order() == Some(Less),
            Operator::LessOrEqual => matches!(order(), Some(Less | Equal)),
            Operator::Contains => self.in_text(value, |text, part| text.contains(part)),
            Operator::StartsWith => self.in_text(value, |text, part| text.starts_with(part)),
            Operator::EndsWith => self.in_text(value, |text, part| text.ends_with(part)),
        }
    }

    fn in_text(&self, value: &Value, holds: impl Fn(&str, &str) -> bool) -> bool {
        match (&self.operand, value) {
            (Operand::Text { compared, is_exact: true, .. }, Value::String(text)) => {
                holds(text, compared)
            }
            (Operand::Text { compared, .. }, Value::String(text)) => {
                holds(&text.to_lowercase(), compared)
            }
            _ => false,
        }
    }

    /// How a value stands to what is compared with.
    fn ordering(&self, value: &Value) -> Option<std::cmp::Ordering> {
        match (&self.operand, value) {
            (Operand::Boolean(wanted), Value::Bool(found)) => Some(found.cmp(wanted)),
            (Operand::Number(wanted), found) => found.as_f64()?.partial_cmp(wanted),
            (Operand::Text { compared, is_exact: true, .. }, Value::String(found)) => {
                Some(found.as_str().cmp(compared))
            }
            (Operand::Text { compared, .. }, Value::String(found)) => {
                Some(found.to_lowercase().as_str().cmp(compared))
            }
            (Operand::Moment(wanted), Value::String(found)) => {
                Some(found.parse::<Timestamp>().ok()?.cmp(wanted))
            }
            _ => None,
        }
    }

    /// The text that must be there, to the letter or not.
    pub(super) fn equal(&self) -> Option<&str> {
        match (self.operator, &self.operand) {
            (Operator::Equal, Operand::Text { written, .. }) => Some(written),
            _ => None,
        }
    }

    pub(super) fn equal_value(&self) -> Option<Value> {
        match (self.operator, &self.operand) {
            (Operator::Equal, Operand::Text { written, .. }) => Some(written.as_str().into()),
            (Operator::Equal, Operand::Boolean(is)) => Some((*is).into()),
            _ => None,
        }
    }
}

fn operand(
    attribute: &Attribute,
    operator: Operator,
    value: &Value,
) -> Result<Operand, &'static str> {
    match (attribute.kind, value) {
        (_, Value::Null) if operator.is_equality() => Ok(Operand::Nothing),
        (Kind::Text | Kind::Reference, Value::String(text)) => {
            let is_exact = attribute.is_case_exact;
            let compared = if is_exact { text.clone() } else { text.to_lowercase() };
            Ok(Operand::Text { compared, written: text.clone(), is_exact })
        }
        (_, _) if operator.is_text_alone() => Err("co, sw and ew compare texts"),
        (Kind::Boolean, Value::Bool(is)) if operator.is_equality() => Ok(Operand::Boolean(*is)),
        (Kind::Boolean, Value::Bool(_)) => Err("true and false have no order"),
        (Kind::Moment, Value::String(text)) => {
            let moment = text.parse().map_err(|_| "a time looks like 2026-11-23T14:05:00Z")?;
            Ok(Operand::Moment(moment))
        }
        (Kind::Number, Value::Number(number)) => {
            Ok(Operand::Number(number.as_f64().unwrap_or_default()))
        }
        (Kind::Complex, _) => Err("an attribute with parts is compared by one of them"),
        _ => Err("the value is not of the attribute's type"),
    }
}
