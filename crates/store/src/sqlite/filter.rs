//! A filter, answered block by block with sets of positions.

use std::collections::HashSet;

use model::Timestamp;
use rusqlite::Connection;

use super::bits::Bits;
use super::blocks::{self, Block, LIVE, block_of, offset_of};
use super::times::times;
use super::{columns, terms};
use crate::activity::{Print, print_of, term_text};
use crate::{Clause, Field, Filter, Form, Result, StoreError, Test};

/// Up to so many terms each is looked up; beyond, the field's terms of a block are gone through.
const LOOK_UPS: usize = 16;

/// A filter that is ready to be answered.
pub(super) struct Conditions {
    clauses: Vec<Condition>,
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

struct Condition {
    is_negated: bool,
    test: Compiled,
}

enum Compiled {
    /// One of these terms, in order.
    Terms(Field, Vec<i64>),
    /// A number from the first to the last.
    Number(Field, u64, u64),
    /// One of these prints.
    Prints(Field, Vec<Print>),
    /// One of these rows, in order.
    Rows(Vec<i64>),
    All(Vec<Self>),
}

impl Compiled {
    /// What is looked at first: what is likely to leave little, and costs little.
    fn rank(&self) -> u8 {
        match self {
            Self::Rows(_) => 0,
            Self::Terms(_, terms) if terms.len() <= LOOK_UPS => 1,
            Self::All(_) => 2,
            Self::Prints(..) => 3,
            Self::Terms(..) => 4,
            Self::Number(..) => 5,
        }
    }

    fn is_never(&self) -> bool {
        match self {
            Self::Terms(_, terms) => terms.is_empty(),
            Self::Rows(rows) => rows.is_empty(),
            Self::All(all) => all.iter().any(Self::is_never),
            Self::Number(..) | Self::Prints(..) => false,
        }
    }
}

impl Conditions {
    /// `None` where nothing can meet the filter: it names what this tenant never saw.
    pub(super) fn of(tx: &Connection, tenant: i64, filter: &Filter) -> Result<Option<Self>> {
        let mut clauses = Vec::new();
        for Clause { is_negated, test } in filter.all_clauses() {
            let test = compile(tx, tenant, &test)?;
            match (test.is_never(), is_negated) {
                (true, false) => return Ok(None),
                (true, true) => {}
                (false, _) => clauses.push(Condition { is_negated, test }),
            }
        }
        clauses.sort_by_key(|clause| (clause.is_negated, clause.test.rank()));
        Ok(Some(Self { clauses, since: filter.since, until: filter.until }))
    }

    pub(super) fn blocks(&self, tx: &Connection, tenant: i64) -> Result<Vec<Block>> {
        blocks::list(tx, tenant, self.since, self.until)
    }

    /// The positions of a block that meet all conditions but those of time.
    pub(super) fn matches(&self, tx: &Connection, block: i64) -> Result<Bits> {
        let mut found: Option<Bits> = None;
        for Condition { is_negated, test } in &self.clauses {
            if *is_negated && found.is_none() {
                found = Some(live(tx, block)?);
            }
            let bits = evaluate(tx, block, test)?;
            match (&mut found, is_negated) {
                (None, _) => found = Some(bits),
                (Some(found), false) => found.keep(&bits),
                (Some(found), true) => found.without(&bits),
            }
            if found.as_ref().is_some_and(Bits::is_empty) {
                return Ok(Bits::empty());
            }
        }
        let mut found = match found {
            None => return live(tx, block),
            Some(found) => found,
        };
        found.keep(&live(tx, block)?);
        Ok(found)
    }

    /// Whether all of a block lies in the range of time.
    pub(super) fn covers(&self, block: &Block) -> bool {
        self.since.is_none_or(|since| since <= block.first)
            && self.until.is_none_or(|until| block.last < until)
    }

    pub(super) fn has_time(&self, time: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= time) && self.until.is_none_or(|until| time < until)
    }

    /// How many positions of a block meet everything.
    pub(super) fn count(&self, tx: &Connection, block: &Block) -> Result<u64> {
        let found = self.matches(tx, block.number)?;
        if self.covers(block) {
            return Ok(found.count());
        }
        let times = times(tx, block.number, &found)?;
        Ok(times.iter().filter(|(time, _)| self.has_time(*time)).count() as u64)
    }

    /// The positions of a block that meet everything.
    pub(super) fn all(&self, tx: &Connection, block: &Block) -> Result<Bits> {
        let mut found = self.matches(tx, block.number)?;
        if !self.covers(block) {
            for (time, seq) in times(tx, block.number, &found)? {
                if !self.has_time(time) {
                    found.remove(offset_of(seq));
                }
            }
        }
        Ok(found)
    }
}

pub(super) fn live(tx: &Connection, block: i64) -> Result<Bits> {
    let mut live = Bits::empty();
    blocks::add_posting(tx, block, LIVE, &mut live)?;
    Ok(live)
}

fn compile(tx: &Connection, tenant: i64, test: &Test) -> Result<Compiled> {
    Ok(match test {
        Test::Between(field, low, high) => Compiled::Number(*field, *low, *high),
        Test::Words(words) => {
            let one = |word: &String| values(tx, tenant, Field::Text, std::slice::from_ref(word));
            Compiled::All(words.iter().map(one).collect::<Result<_>>()?)
        }
        Test::Is(field, given) => match field.form() {
            Form::Term => values(tx, tenant, *field, given)?,
            Form::Print => {
                Compiled::Prints(*field, given.iter().map(|value| print_of(value)).collect())
            }
            Form::Id => rows(tx, given)?,
            Form::Code | Form::Amount { .. } => {
                return Err(StoreError::Invalid("a number is searched for by its range"));
            }
        },
    })
}

fn values(tx: &Connection, tenant: i64, field: Field, given: &[String]) -> Result<Compiled> {
    let mut numbers = Vec::new();
    for value in given {
        match value.strip_suffix('*') {
            Some(start) => numbers.extend(terms::beginning(tx, tenant, field, start)?),
            None => numbers.extend(terms::find(tx, tenant, field, &term_text(value))?),
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(Compiled::Terms(field, numbers))
}

/// Ids are unique but for an action that is begun twice; those of other tenants are in no block
/// of this one.
fn rows(tx: &Connection, given: &[String]) -> Result<Compiled> {
    let mut found: Vec<i64> = Vec::new();
    for text in given {
        let id: model::RecordId =
            text.parse().map_err(|_| StoreError::Query(format!("{text:?} is no record's id")))?;
        let mut statement = tx.prepare_cached("SELECT seq FROM activity WHERE id = ?1")?;
        let rows = statement.query_map([id.as_u128().to_be_bytes()], |row| row.get(0))?;
        for row in rows {
            found.push(row?);
        }
    }
    found.sort_unstable();
    Ok(Compiled::Rows(found))
}

fn evaluate(tx: &Connection, block: i64, test: &Compiled) -> Result<Bits> {
    let mut bits = Bits::empty();
    match test {
        Compiled::Rows(rows) => {
            let here = rows.iter().filter(|seq| block_of(**seq) == block);
            here.for_each(|seq| bits.insert(offset_of(*seq)));
        }
        Compiled::Terms(field, terms) if terms.len() <= LOOK_UPS => {
            for term in terms {
                blocks::add_posting(tx, block, (*field as i64, *term), &mut bits)?;
            }
        }
        Compiled::Terms(field, terms) => {
            let wanted: HashSet<i64> = terms.iter().copied().collect();
            blocks::each_posting(tx, block, *field, 0..=i64::MAX, |term, set| {
                if wanted.contains(&term) { bits.add_encoded(set) } else { Ok(()) }
            })?;
        }
        Compiled::Prints(field, prints) => {
            for print in prints {
                blocks::add_prints(tx, block, *field, *print, &mut bits)?;
            }
        }
        Compiled::Number(field, low, high) if field.form() == Form::Code => {
            return codes(tx, block, *field, (*low, *high));
        }
        Compiled::Number(field, low, high) => return amounts(tx, block, *field, (*low, *high)),
        Compiled::All(all) => return evaluate_all(tx, block, all),
    }
    Ok(bits)
}

fn evaluate_all(tx: &Connection, block: i64, all: &[Compiled]) -> Result<Bits> {
    let mut found: Option<Bits> = None;
    for test in all {
        let bits = evaluate(tx, block, test)?;
        match &mut found {
            None => found = Some(bits),
            Some(found) => found.keep(&bits),
        }
        if found.as_ref().is_some_and(Bits::is_empty) {
            break;
        }
    }
    Ok(found.unwrap_or_else(Bits::empty))
}

/// A number that is what it is: the terms from one to the other.
fn codes(tx: &Connection, block: i64, field: Field, (low, high): (u64, u64)) -> Result<Bits> {
    let mut bits = Bits::empty();
    let range = columns::signed(low)..=columns::signed(high);
    blocks::each_posting(tx, block, field, range, |_, set| bits.add_encoded(set))?;
    Ok(bits)
}

/// A number of a wide range stands as a set for each of its bits. Numbers are compared with a bound
/// from the highest bit down, all at once: who was equal so far and has a bit that the bound has
/// not is greater (O'Neil and Quass, "Improved query performance with variant indexes", 1997).
fn amounts(tx: &Connection, block: i64, field: Field, (low, high): (u64, u64)) -> Result<Bits> {
    let mut slices: Vec<(u32, Bits)> = Vec::new();
    blocks::each_posting(tx, block, field, 0..=63, |bit, set| {
        let mut slice = Bits::empty();
        slice.add_encoded(set)?;
        slices.push((u32::try_from(bit).unwrap_or(0), slice));
        Ok(())
    })?;
    slices.reverse();
    let all = live(tx, block)?;
    let mut found = at_least(&all, &slices, low);
    if let Some(above) = high.checked_add(1) {
        found.without(&at_least(&all, &slices, above));
    }
    Ok(found)
}

/// Who among all has a number from the bound on; slices come from the highest down.
fn at_least(all: &Bits, slices: &[(u32, Bits)], bound: u64) -> Bits {
    let (mut greater, mut equal) = (Bits::empty(), all.clone());
    for bit in (0..64).rev() {
        let slice = slices.iter().find(|(place, _)| *place == bit).map(|(_, slice)| slice);
        match (slice, bound >> bit & 1 == 1) {
            (Some(slice), true) => equal.keep(slice),
            (Some(slice), false) => {
                let mut more = equal.clone();
                more.keep(slice);
                greater.join(&more);
                equal.without(slice);
            }
            // Nobody in this block has that bit.
            (None, true) => equal = Bits::empty(),
            (None, false) => {}
        }
    }
    greater.join(&equal);
    greater
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sqlite::bits::BLOCK;

    proptest! {
        #[test]
        fn numbers_compared_by_their_bits_compare_as_numbers(
            numbers in proptest::collection::vec(prop_oneof![0..9_u64, any::<u64>()], 1..60),
            bound in prop_oneof![0..9_u64, any::<u64>()],
        ) {
            let mut all = Bits::empty();
            let mut slices: Vec<(u32, Bits)> = (0..64).rev().map(|bit| (bit, Bits::empty())).collect();
            for (offset, number) in numbers.iter().enumerate() {
                all.insert(offset * BLOCK / 64);
                for (bit, slice) in &mut slices {
                    if number >> *bit & 1 == 1 {
                        slice.insert(offset * BLOCK / 64);
                    }
                }
            }
            slices.retain(|(_, slice)| !slice.is_empty());
            let found = at_least(&all, &slices, bound);
            let wanted: Vec<usize> = (0..numbers.len())
                .filter(|at| numbers[*at] >= bound)
                .map(|at| at * BLOCK / 64)
                .collect();
            prop_assert_eq!(found.iter().collect::<Vec<_>>(), wanted);
        }
    }
}
