//! What tools returned into a session, bounded: when it is full the older half goes.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::block::{Block, Fit, Hit};
use crate::entries::entries;
use crate::naming::{self, spoken};
use crate::needle::Needle;
use crate::normal::normalise;
use crate::source::{Integrity, Reading, Source};

/// Bytes of normal text that a session remembers of what tools returned.
pub const MAX_CONTENT_BYTES: usize = 2 * 1024 * 1024;

/// Names of sources and fields that a session tells apart.
const MAX_NAMES: usize = 4096;

/// Members of a record that are tried for its name.
const MAX_NAMING_MEMBERS: usize = 24;

/// Records to each side that are looked at for others of the same sort.
const FELLOWS: u32 = 4;

/// What is known of a leaf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    pub(crate) integrity: Integrity,
    pub(crate) record: u32,
    /// Place in the table of names.
    pub(crate) name: u32,
    pub(crate) is_encoded: bool,
}

/// An object of a structured result, or a whole plain one.
#[derive(Clone, Copy)]
struct Record {
    output: u32,
    /// Its first and last leaf; others lie between where it holds objects.
    leaves: (u32, u32),
    /// How the result came about; the user pointed at it only where this is the whole of it.
    reading: Reading,
}

/// A source and one of its fields.
pub(crate) struct Name {
    pub(crate) source: String,
    pub(crate) field: String,
    pub(crate) kind: Option<String>,
}

#[derive(Default)]
struct Generation {
    block: Block<About>,
    records: Vec<Record>,
    holds_untrusted: bool,
}

#[derive(Default)]
pub(crate) struct Memory {
    new: Generation,
    old: Generation,
    names: Vec<Name>,
    /// Their places, by source and field with a line break between.
    places: HashMap<String, u32, RandomState>,
    outputs: u32,
    /// Untrusted content went to make room.
    pub(crate) has_forgotten: bool,
}

/// Where a value stands, and whether the user named its record.
#[derive(Clone, Copy)]
pub(crate) struct Sighting<'a> {
    pub(crate) about: &'a About,
    pub(crate) fit: Fit,
    /// It is all of a text, or of an entry of a list in one.
    pub(crate) is_all: bool,
    /// Where in its block.
    place: (usize, usize),
    record: &'a Record,
    generation: &'a Generation,
}

impl Memory {
    pub(crate) fn bytes(&self) -> usize {
        let of = |generation: &Generation| {
            generation.block.bytes() + generation.records.capacity() * size_of::<Record>()
        };
        let names = self.names.iter().map(|name| name.source.len() + name.field.len() + 72);
        of(&self.new) + of(&self.old) + 2 * names.sum::<usize>()
    }

    /// A new result begins.
    pub(crate) fn begin_output(&mut self) {
        self.outputs = self.outputs.wrapping_add(1);
        if self.new.block.text_bytes() >= MAX_CONTENT_BYTES / 4 {
            let gone = std::mem::replace(&mut self.old, std::mem::take(&mut self.new));
            self.has_forgotten |= gone.holds_untrusted;
        }
    }

    pub(crate) fn begin_record(&mut self, reading: Reading) -> u32 {
        let record = Record { output: self.outputs, leaves: (u32::MAX, 0), reading };
        self.new.records.push(record);
        (self.new.records.len() - 1) as u32
    }

    pub(crate) fn name(&mut self, source: &Source, field: &str) -> u32 {
        let key = format!("{}\n{field}", source.name);
        if let Some(known) = self.places.get(&key) {
            return *known;
        }
        if self.names.len() < MAX_NAMES {
            self.places.insert(key, self.names.len() as u32);
            let (source, kind) = (source.name.clone(), source.kind.clone());
            self.names.push(Name { source, field: field.to_owned(), kind });
        }
        self.names.len() as u32 - 1
    }

    pub(crate) fn name_of(&self, about: &About) -> Option<&Name> {
        self.names.get(about.name as usize)
    }

    /// Adds a leaf; what does not fit is as good as forgotten. Where it may vouch, so may the entries of
    /// a list in it. `is_plain` says that it is all that a tool returned.
    pub(crate) fn add(&mut self, text: &str, about: About, is_plain: bool) {
        self.add_one(text, about);
        if about.integrity != Integrity::Untrusted {
            for entry in entries(text, is_plain).filter(|entry| entry.len() < text.trim().len()) {
                self.add_one(entry, about);
            }
        }
    }

    fn add_one(&mut self, text: &str, about: About) {
        let is_untrusted = about.integrity != Integrity::Trusted;
        if self.new.block.text_bytes() + text.len() > MAX_CONTENT_BYTES / 2 {
            self.has_forgotten |= is_untrusted;
            return;
        }
        let text = normalise(text).text;
        let leaf = self.new.block.add(&text, about) as u32;
        self.new.holds_untrusted |= is_untrusted;
        if let Some(record) = self.new.records.get_mut(about.record as usize) {
            record.leaves = (record.leaves.0.min(leaf), record.leaves.1.max(leaf));
        }
    }

    /// Calls for each place where the value stands; `false` where not all could be seen.
    pub(crate) fn find<'a>(
        &'a self,
        needle: &Needle,
        mut each: impl FnMut(Sighting<'a>) -> bool,
    ) -> bool {
        let mut saw_all = true;
        for generation in [&self.new, &self.old] {
            let mut goes_on = true;
            saw_all &= generation.block.find(needle, |hit: Hit<'_, About>| {
                let place = (hit.start, hit.end);
                let Some(about) = generation.block.about(hit.leaf) else { return true };
                let Some(record) = generation.records.get(about.record as usize) else {
                    return true;
                };
                goes_on = each(Sighting {
                    about,
                    fit: hit.fit,
                    is_all: hit.is_all,
                    place,
                    record,
                    generation,
                });
                goes_on
            });
            if !goes_on {
                return true;
            }
        }
        saw_all
    }

    /// Where untrusted content speaks of a name, rather than only being it.
    pub(crate) fn speaks_of(&self, name: &Needle) -> Option<&About> {
        let mut found = None;
        self.find(name, |sighting| {
            let is_strangers = sighting.about.integrity == Integrity::Untrusted;
            if is_strangers && (sighting.about.is_encoded || !sighting.is_all) {
                found = Some(sighting.about);
            }
            found.is_none()
        });
        found
    }

    /// The longest stretch of a value from a place on that untrusted content holds.
    pub(crate) fn longest_untrusted(
        &self,
        value: &[u8],
        at: usize,
        is_thorough: bool,
    ) -> Option<(usize, About)> {
        let stretch = |generation: &Generation| {
            let found = generation.block.longest(value, at, is_thorough);
            found.map(|(length, about)| (length, *about))
        };
        let found = [stretch(&self.new), stretch(&self.old)].into_iter().flatten();
        let untrusted = found.filter(|(_, about)| about.integrity != Integrity::Trusted);
        untrusted.max_by_key(|(length, _)| *length)
    }
}

impl Sighting<'_> {
    /// The words next to it, so many to each side.
    pub(crate) fn around(&self, words: usize) -> Vec<&[u8]> {
        self.generation.block.around(self.place.0, self.place.1, words)
    }

    /// Whether a stranger's words led to the result that it stands in.
    pub(crate) fn is_steered(&self) -> bool {
        self.record.reading.is_steered
    }

    /// Whether the user's words name the record that the value stands in, and only that one.
    pub(crate) fn is_named(&self, names: &impl Fn(&str) -> Option<String>) -> bool {
        let is_name = |(name, about): (&str, &About)| {
            names(name).is_some_and(|said| self.is_alone(&said, about))
        };
        self.record.reading.is_asked || self.members().any(is_name)
    }

    /// What stands in its record, as it is: so many members at most.
    fn members(&self) -> impl Iterator<Item = (&'_ str, &'_ About)> {
        let (block, record) = (&self.generation.block, self.about.record);
        let (first, last) = self.record.leaves;
        let near = first..=last.min(first.saturating_add(MAX_NAMING_MEMBERS as u32 * 4));
        let members = near.filter_map(move |leaf| {
            let about = block.about(leaf as usize)?;
            (about.record == record && !about.is_encoded)
                .then(|| (block.leaf(leaf as usize, naming::MAX_BYTES), about))
        });
        members.take(MAX_NAMING_MEMBERS)
    }

    /// The names that tell its record from the others of the same result, and that no stranger gave.
    pub(crate) fn telling_names(&self) -> impl Iterator<Item = &'_ str> {
        let is_telling = |(name, about): &(&str, &About)| {
            about.integrity != Integrity::Untrusted
                && self.has_fellow(about)
                && self.is_alone(name, about)
        };
        self.members().filter(is_telling).map(|(name, _)| name)
    }

    /// Whether a record near this one, of the same result, has such a member too.
    fn has_fellow(&self, member: &About) -> bool {
        let number = self.about.record;
        let near = number.saturating_sub(FELLOWS)..number.saturating_add(FELLOWS + 1);
        near.filter(|other| *other != number).any(|other| {
            let record = self.generation.records.get(other as usize);
            record.filter(|record| record.output == self.record.output).is_some_and(|record| {
                let (first, last) = record.leaves;
                let leaves = first..=last.min(first.saturating_add(MAX_NAMING_MEMBERS as u32));
                let mut abouts =
                    leaves.filter_map(|leaf| self.generation.block.about(leaf as usize));
                abouts.any(|about| about.record == other && about.name == member.name)
            })
        })
    }

    /// Whether no other record of the same result goes by these words in the same place.
    fn is_alone(&self, said: &str, naming: &About) -> bool {
        let Some(needle) = Needle::new(said) else { return false };
        let block = &self.generation.block;
        let mut is_alone = true;
        let saw_all = block.find(&needle, |hit| {
            let other = self.generation.records.get(hit.about.record as usize);
            let name = block.leaf(hit.leaf, naming::MAX_BYTES);
            is_alone = hit.about.record == naming.record
                || hit.about.name != naming.name
                || other.is_none_or(|other| other.output != self.record.output)
                || (name != said && spoken(name).as_deref() != Some(said));
            is_alone
        });
        is_alone && saw_all
    }
}
