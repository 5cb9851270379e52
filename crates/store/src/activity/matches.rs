//! Whether one record meets a filter: what an export asks, and what the index is held against.

use model::RecordId;

use super::entry::{Entry, print_of, term_text};
use super::{Clause, Field, Filter, Form, Test};

impl Filter {
    /// Whether the record of this entry meets it.
    pub fn matches(&self, entry: &Entry) -> bool {
        let in_time = self.since.is_none_or(|since| since <= entry.time)
            && self.until.is_none_or(|until| entry.time < until);
        in_time && self.all_clauses().iter().all(|clause| holds(clause, entry))
    }
}

fn holds(Clause { is_negated, test }: &Clause, entry: &Entry) -> bool {
    let holds = match test {
        Test::Is(field, values) => values.iter().any(|value| has(entry, *field, value)),
        Test::Words(words) => words.iter().all(|word| has(entry, Field::Text, word)),
        Test::Between(field, low, high) => {
            number(entry, *field).is_some_and(|number| (*low..=*high).contains(&number))
        }
    };
    holds != *is_negated
}

fn has(entry: &Entry, field: Field, value: &str) -> bool {
    match field.form() {
        Form::Id => value.parse::<RecordId>().is_ok_and(|id| id == entry.id),
        Form::Print => {
            let print = print_of(value);
            entry.prints.iter().any(|(of, found)| *of == field && *found == print)
        }
        _ => has_term(entry, field, value),
    }
}

fn has_term(entry: &Entry, field: Field, value: &str) -> bool {
    let Some(start) = value.strip_suffix('*') else {
        return entry.terms.contains(&(field, term_text(value)));
    };
    let mut from = entry.terms.range((field, start.to_owned())..);
    from.next().is_some_and(|(of, text)| *of == field && text.starts_with(start))
}

/// What was not used is zero; a status that was never answered is none.
fn number(entry: &Entry, field: Field) -> Option<u64> {
    if field == Field::HttpStatus {
        return entry.http_status.map(u64::from);
    }
    let found = entry.amounts.iter().find(|(of, _)| *of == field);
    Some(found.map_or(0, |(_, amount)| *amount))
}
