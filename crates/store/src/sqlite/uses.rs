//! Many questions to the index in one way through its blocks.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt, HashSet};
use model::{TenantId, Timestamp};
use rusqlite::{Connection, params};

use super::activity::greatest;
use super::bits::Bits;
use super::blocks::{self, Block, seq_of};
use super::filter::live;
use super::times::times;
use super::{tenants, terms};
use crate::activity::term_text;
use crate::{Field, Result, Uses};

/// Up to so many values of a field each is looked up; beyond, all that a block has are gone through.
const LOOK_UPS: usize = 256;

/// Blocks of which what agents reached is counted: some eight million actions.
const MAX_COUNTED: usize = 1_024;

/// Pairs of an agent and what it reached that are counted.
const MAX_PAIRS: usize = 1 << 20;

/// Looks for when each of many things last happened.
pub(crate) struct Lasts {
    open: Vec<Open>,
    answers: Vec<Option<Timestamp>>,
    blocks: std::vec::IntoIter<Block>,
}

/// A question that an older block may still answer.
struct Open {
    /// Its place among the answers.
    at: usize,
    terms: Vec<(Field, i64)>,
}

impl Lasts {
    pub(crate) fn begin(
        tx: &Connection,
        tenant: &TenantId,
        asked: &[Vec<(Field, String)>],
    ) -> Result<Self> {
        let tenant = tenants::number(tx, tenant)?;
        let mut open = Vec::new();
        for (at, values) in asked.iter().enumerate() {
            let numbers = values.iter().map(|(field, value)| {
                let found = terms::find(tx, tenant, *field, &term_text(value))?;
                Ok(found.map(|number| (*field, number)))
            });
            // What this tenant never saw is not looked for.
            if let Some(terms) = numbers.collect::<Result<Option<Vec<_>>>>()? {
                open.push(Open { at, terms });
            }
        }
        let blocks = blocks::list(tx, tenant, None, None)?.into_iter();
        Ok(Self { open, answers: vec![None; asked.len()], blocks })
    }

    pub(crate) fn is_done(&self) -> bool {
        self.open.is_empty()
    }

    pub(crate) fn answers(self) -> Vec<Option<Timestamp>> {
        self.answers
    }

    /// Goes through the next blocks, the newest first.
    pub(crate) fn go_on(mut self, tx: &Connection, most: usize) -> Result<Self> {
        let wanted = Wanted::of(&self.open);
        for _ in 0..most {
            let Some(block) = self.blocks.next() else {
                self.open.clear();
                break;
            };
            // Blocks come by their latest time: nothing older is in question any more.
            let answers = &self.answers;
            let last = |open: &Open| answers.get(open.at).copied().flatten();
            self.open.retain(|open| last(open).is_none_or(|last| last < block.last));
            self.look(tx, &block, &wanted)?;
        }
        Ok(self)
    }

    fn look(&mut self, tx: &Connection, block: &Block, wanted: &Wanted) -> Result<()> {
        let mut sets = Sets { tx, block: block.number, wanted, live: None, held: HashMap::new() };
        for open in &self.open {
            let Some(found) = sets.having(&open.terms)? else { continue };
            let latest = times(tx, block.number, &found)?.into_iter().map(|(time, _)| time).max();
            if let Some(answer) = self.answers.get_mut(open.at) {
                *answer = (*answer).max(latest);
            }
        }
        Ok(())
    }
}

/// The values of each field that open questions are about.
struct Wanted(BTreeMap<Field, HashSet<i64>>);

impl Wanted {
    fn of(open: &[Open]) -> Self {
        let mut wanted = BTreeMap::<Field, HashSet<i64>>::new();
        for (field, term) in open.iter().flat_map(|open| &open.terms) {
            wanted.entry(*field).or_default().insert(*term);
        }
        Self(wanted)
    }

    /// The values of a field, if they are so many that all of a block's are gone through.
    fn many(&self, field: Field) -> Option<&HashSet<i64>> {
        self.0.get(&field).filter(|terms| terms.len() > LOOK_UPS)
    }
}

/// The sets of one block, each read once.
struct Sets<'a> {
    tx: &'a Connection,
    block: i64,
    wanted: &'a Wanted,
    live: Option<Bits>,
    held: HashMap<Field, HashMap<i64, Option<Bits>>>,
}

impl Sets<'_> {
    /// The positions that have all of these terms.
    fn having(&mut self, terms: &[(Field, i64)]) -> Result<Option<Bits>> {
        let mut found: Option<Bits> = None;
        for (field, term) in terms {
            let Some(set) = self.of(*field, *term)? else { return Ok(None) };
            match &mut found {
                None => found = Some(set.clone()),
                Some(found) => found.keep(set),
            }
        }
        let Some(mut found) = found else { return Ok(None) };
        found.keep(self.live()?);
        Ok(Some(found).filter(|found| !found.is_empty()))
    }

    fn live(&mut self) -> Result<&Bits> {
        let live = match self.live.take() {
            Some(live) => live,
            None => live(self.tx, self.block)?,
        };
        Ok(self.live.insert(live))
    }

    fn of(&mut self, field: Field, term: i64) -> Result<Option<&Bits>> {
        let (tx, block) = (self.tx, self.block);
        let many = self.wanted.many(field);
        if let std::collections::hash_map::Entry::Vacant(vacant) = self.held.entry(field) {
            vacant.insert(
                many.map_or_else(|| Ok(HashMap::new()), |many| scan(tx, block, field, many))?,
            );
        }
        let Some(held) = self.held.get_mut(&field) else { return Ok(None) };
        if many.is_none() && !held.contains_key(&term) {
            let mut bits = Bits::empty();
            let is_here = blocks::add_posting(tx, block, (field as i64, term), &mut bits)?;
            held.insert(term, is_here.then_some(bits));
        }
        Ok(held.get(&term).and_then(Option::as_ref))
    }
}

fn scan(
    tx: &Connection,
    block: i64,
    field: Field,
    wanted: &HashSet<i64>,
) -> Result<HashMap<i64, Option<Bits>>> {
    let mut held = HashMap::new();
    blocks::each_posting(tx, block, field, 0..=i64::MAX, |term, set| {
        if wanted.contains(&term) {
            let mut bits = Bits::empty();
            bits.add_encoded(set)?;
            held.insert(term, Some(bits));
        }
        Ok(())
    })?;
    Ok(held)
}

/// Counts what each agent reached.
pub(crate) struct Counting {
    since: Timestamp,
    blocks: std::vec::IntoIter<Block>,
    left: usize,
    /// By agent and what it reached.
    counts: HashMap<(i64, i64), u64>,
}

impl Counting {
    pub(crate) fn begin(tx: &Connection, tenant: &TenantId, since: Timestamp) -> Result<Self> {
        let tenant = tenants::number(tx, tenant)?;
        let blocks = blocks::list(tx, tenant, Some(since), None)?.into_iter();
        Ok(Self { since, blocks, left: MAX_COUNTED, counts: HashMap::new() })
    }

    pub(crate) fn is_done(&self) -> bool {
        self.blocks.len() == 0
    }

    pub(crate) fn go_on(mut self, tx: &Connection, most: usize) -> Result<Self> {
        for _ in 0..most {
            let Some(block) = self.blocks.next() else { break };
            if self.left == 0 || self.counts.len() >= MAX_PAIRS {
                // What is older is left out, and it is said from when on there was counted.
                self.since = self.since.max(block.last);
                self.blocks = Vec::new().into_iter();
                break;
            }
            self.left -= 1;
            self.count(tx, block.number)?;
        }
        Ok(self)
    }

    fn count(&mut self, tx: &Connection, block: i64) -> Result<()> {
        let sql = "SELECT agent, resource FROM activity WHERE seq BETWEEN ?1 AND ?2
            AND time >= ?3 AND agent IS NOT NULL AND resource IS NOT NULL";
        let (first, last) = (seq_of(block, 0), seq_of(block + 1, 0) - 1);
        let mut statement = tx.prepare_cached(sql)?;
        let mut rows = statement.query(params![first, last, self.since.micros()])?;
        while let Some(row) = rows.next()? {
            *self.counts.entry((row.get(0)?, row.get(1)?)).or_default() += 1;
        }
        Ok(())
    }

    pub(crate) fn finish(self, tx: &Connection, most: usize) -> Result<Uses> {
        let mut by_number = HashMap::<i64, HashMap<i64, u64>>::new();
        for ((agent, resource), count) in self.counts {
            by_number.entry(agent).or_default().insert(resource, count);
        }
        let mut by_agent = std::collections::HashMap::with_capacity(by_number.len());
        for (agent, counts) in by_number {
            by_agent.insert(terms::text(tx, agent)?, greatest(tx, Field::Resource, counts, most)?);
        }
        Ok(Uses { by_agent, since: self.since })
    }
}
