//! What a filter asks, for whoever can find it otherwise than document by document.

use model::Timestamp;

use super::test::{Operand, Operator, Test};
use super::{Filter, Node};
use crate::path::Path;
use crate::schema::Kind;

/// A filter's meaning: [`Filter::is_met_by`] says the same of a document.
#[derive(Debug, PartialEq)]
pub enum Condition<'f> {
    Never,
    /// There is something.
    Present(Place),
    /// One of the values there stands so to what is compared.
    Compared(Place, Comparison, Compared<'f>),
    /// One value of an attribute that has several meets all of it; places are those of its parts.
    OneOf(&'static str, Box<Condition<'f>>),
    Not(Box<Condition<'f>>),
    All(Vec<Condition<'f>>),
    Any(Vec<Condition<'f>>),
}

/// An attribute, or a part of one: of an attribute that has several values, the part that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub attribute: &'static str,
    pub part: Option<&'static str>,
}

/// How two values stand to each other (RFC 7644, table 3); `ne` is what `eq` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// What is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Compared<'f> {
    /// In small letters where capitals do not count.
    Text(&'f str),
    Boolean(bool),
    Number(f64),
    Moment(Timestamp),
}

impl Filter {
    pub fn condition(&self) -> Condition<'_> {
        of_node(&self.0)
    }
}

fn of_node(node: &Node) -> Condition<'_> {
    match node {
        Node::Never => Condition::Never,
        Node::Present(path) => Condition::Present(place(*path)),
        Node::Test(path, test) => of_test(place(*path), test),
        Node::Not(inner) => not(of_node(inner)),
        Node::All(all) => Condition::All(all.iter().map(of_node).collect()),
        Node::Any(any) => Condition::Any(any.iter().map(of_node).collect()),
        Node::Value(path, inner) => Condition::OneOf(path.attribute.name, Box::new(of_node(inner))),
    }
}

fn not(condition: Condition<'_>) -> Condition<'_> {
    Condition::Not(Box::new(condition))
}

fn place(path: Path) -> Place {
    let compared = path.attribute.kind == Kind::Complex && path.attribute.is_many;
    let part = path.part.map(|part| part.name).or(compared.then_some("value"));
    Place { attribute: path.attribute.name, part }
}

fn of_test(place: Place, test: &Test) -> Condition<'_> {
    let with = match &test.operand {
        Operand::Nothing => {
            let is_there = Condition::Present(place);
            return if test.operator == Operator::NotEqual { is_there } else { not(is_there) };
        }
        Operand::Boolean(is) => Compared::Boolean(*is),
        Operand::Number(number) => Compared::Number(*number),
        Operand::Text { compared, .. } => Compared::Text(compared),
        Operand::Moment(moment) => Compared::Moment(*moment),
    };
    let so = |comparison| Condition::Compared(place, comparison, with);
    match test.operator {
        Operator::NotEqual => not(so(Comparison::Equal)),
        Operator::Equal => so(Comparison::Equal),
        Operator::Contains => so(Comparison::Contains),
        Operator::StartsWith => so(Comparison::StartsWith),
        Operator::EndsWith => so(Comparison::EndsWith),
        Operator::Greater => so(Comparison::Greater),
        Operator::GreaterOrEqual => so(Comparison::GreaterOrEqual),
        Operator::Less => so(Comparison::Less),
        Operator::LessOrEqual => so(Comparison::LessOrEqual),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::USER;

    #[test]
    fn it_says_what_is_asked_of_whom() {
        let emails = Place { attribute: "emails", part: Some("value") };
        let text =
            |place, comparison, text| Condition::Compared(place, comparison, Compared::Text(text));
        let said = |filter: &str, expected: Condition<'_>| {
            assert_eq!(Filter::parse(&USER, filter).unwrap().condition(), expected, "{filter}");
        };
        said(r#"emails sw "Ann""#, text(emails, Comparison::StartsWith, "ann"));
        said(r#"emails.value sw "Ann""#, text(emails, Comparison::StartsWith, "ann"));
        said("emails ne null", Condition::Present(emails));
        said("shoeSize gt 4", Condition::Never);
        let active = Place { attribute: "active", part: None };
        let is_active = Condition::Compared(active, Comparison::Equal, Compared::Boolean(true));
        said("active ne true", not(is_active));
        let kind = Place { attribute: "type", part: None };
        let inner = text(kind, Comparison::Equal, "work");
        said(r#"emails[type eq "Work"]"#, Condition::OneOf("emails", Box::new(inner)));
    }
}
