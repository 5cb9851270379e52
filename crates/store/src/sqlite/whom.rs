//! Conditions on people as SQL: texts are found in their own order where the relation has one, and each is
//! a parameter.

use rusqlite::types::Value;

use super::told::field;
use crate::{Moment, Relation, Told, Whom};

/// The text of a query, and the values of its parameters: the first is the tenant's number.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

impl Query {
    pub(super) fn new(tenant: i64, text: &str) -> Self {
        Self { text: text.to_owned(), values: vec![Value::Integer(tenant)] }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn bind(&mut self, value: impl Into<Value>) {
        self.values.push(value.into());
        self.text += &format!("?{}", self.values.len());
    }

    /// A condition on the row of `users`.
    pub(super) fn whom(&mut self, whom: &Whom) {
        match whom {
            Whom::Everybody => self.push("1"),
            Whom::Nobody => self.push("0"),
            Whom::Uid(relation, text) => self.text_of("users.uid", *relation, text),
            Whom::Active(true) => self.push("users.active = 1"),
            // Of whom it was told no more, there is nothing to compare.
            Whom::Active(false) => {
                self.push("(NOT users.active AND json_type(users.profile, '$.active') IS NOT NULL)")
            }
            Whom::Has(told) => {
                self.push("users.id IN (");
                self.of_field(*told);
                self.push(")");
            }
            Whom::Text(told, relation, text) => {
                self.push("users.id IN (");
                self.values_of(*told, *relation, text);
                self.push(")");
            }
            Whom::Address(relation, text, rest) => {
                self.push("users.id IN (");
                self.values_of(Told::Address, *relation, text);
                self.push(" AND ");
                self.same_address(rest);
                self.push(")");
            }
            Whom::At(moment, relation, at) => self.at(*moment, *relation, at.micros()),
            Whom::InGroup(uid) => {
                self.push(
                    "users.id IN (SELECT user FROM user_group_members JOIN user_groups ON id = in_group
                    WHERE user_groups.tenant = ?1 AND uid = ",
                );
                self.bind(uid.clone());
                self.push(")");
            }
            Whom::Not(_) | Whom::All(_) | Whom::Any(_) => self.joined(whom, Self::whom),
        }
    }

    /// The same of the address at which the query stands.
    fn same_address(&mut self, whom: &Whom) {
        match whom {
            Whom::Has(told) => {
                self.of_address(*told);
                self.push(")");
            }
            Whom::Text(told, relation, text) => {
                self.of_address(*told);
                self.push(" AND ");
                self.text_of("two.value", *relation, &told.compared(text));
                self.push(")");
            }
            Whom::Everybody => self.push("1"),
            Whom::Not(_) | Whom::All(_) | Whom::Any(_) => self.joined(whom, Self::same_address),
            _ => self.push("0"),
        }
    }

    fn joined(&mut self, whom: &Whom, each: fn(&mut Self, &Whom)) {
        let (word, none, parts) = match whom {
            Whom::Not(inner) => {
                self.push("NOT (");
                each(self, inner);
                return self.push(")");
            }
            Whom::All(parts) => (" AND ", "1", parts),
            Whom::Any(parts) => (" OR ", "0", parts),
            _ => return,
        };
        self.push("(");
        for (number, part) in parts.iter().enumerate() {
            self.push(if number == 0 { "" } else { word });
            each(self, part);
        }
        self.push(if parts.is_empty() { none } else { "" });
        self.push(")");
    }

    /// Those of whom such a value was told.
    pub(super) fn values_of(&mut self, told: Told, relation: Relation, text: &str) {
        self.of_field(told);
        self.push(" AND ");
        self.text_of("one.value", relation, &told.compared(text));
    }

    fn of_field(&mut self, told: Told) {
        self.text += &format!(
            "SELECT one.user FROM told_values AS one WHERE one.tenant = ?1 AND one.field = {}",
            field(told)
        );
    }

    fn of_address(&mut self, told: Told) {
        self.text += &format!(
            "EXISTS (SELECT 1 FROM told_values AS two
            WHERE two.user = one.user AND two.place = one.place AND two.field = {}",
            field(told)
        );
    }

    fn at(&mut self, moment: Moment, relation: Relation, micros: i64) {
        let column = match moment {
            Moment::Added => "users.created",
            Moment::Updated => "users.updated",
        };
        match sign(relation) {
            Some(sign) => {
                self.text += &format!("{column} {sign} ");
                self.bind(micros);
            }
            // Moments have no parts.
            None => self.push("0"),
        }
    }

    /// `text` as it is compared: capitals were dealt with.
    fn text_of(&mut self, column: &str, relation: Relation, text: &str) {
        if let Some(sign) = sign(relation) {
            self.text += &format!("{column} {sign} ");
            return self.bind(text.to_owned());
        }
        match relation {
            Relation::StartsWith => {
                self.text += &format!("{column} >= ");
                self.bind(text.to_owned());
                if let Some(end) = after_all_of(text) {
                    self.text += &format!(" AND {column} < ");
                    self.bind(end);
                }
            }
            Relation::EndsWith if !text.is_empty() => {
                self.text += &format!("substr({column}, {}) = ", -(text.chars().count() as i64));
                self.bind(text.to_owned());
            }
            _ => {
                self.text += &format!("instr({column}, ");
                self.bind(text.to_owned());
                self.push(") > 0");
            }
        }
    }
}

fn sign(relation: Relation) -> Option<&'static str> {
    match relation {
        Relation::Equal => Some("="),
        Relation::Greater => Some(">"),
        Relation::GreaterOrEqual => Some(">="),
        Relation::Less => Some("<"),
        Relation::LessOrEqual => Some("<="),
        Relation::Contains | Relation::StartsWith | Relation::EndsWith => None,
    }
}

/// The least text that comes after all that start with `start`: bytes of UTF-8 are in the order of characters.
fn after_all_of(start: &str) -> Option<String> {
    let mut start: Vec<char> = start.chars().collect();
    while let Some(last) = start.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            start.push(next);
            return Some(start.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_starts_so_lies_between_both_ends(start in "\\PC{0,3}[a\u{d7ff}\u{e000}\u{10ffff}]{0,2}", text in "\\PC{0,4}") {
            let whole = format!("{start}{text}");
            let lies = |text: &str| {
                text >= start.as_str() && after_all_of(&start).is_none_or(|end| text < end.as_str())
            };
            prop_assert!(lies(&whole));
            prop_assert_eq!(lies(&text), text.starts_with(&start));
        }
    }
}
