//! The leaves of what a tool returned.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use serde_json::{Map, Value};

use crate::arguments::{is_plain_name, push_name};
use crate::entries::is_prose;
use crate::memory::{About, Memory};
use crate::{Condition, Integrity, Reading, Source, decode};

/// How deep a result is read; deeper down it is one text.
const MAX_DEPTH: usize = 64;

pub(crate) struct Leaves<'a> {
    source: &'a Source,
    reading: Reading,
    path: String,
    /// Conditions that the records around this place meet, each with where the paths inside begin.
    met: Vec<(usize, &'a Condition)>,
    /// What stands in each field that may vouch, by the hash of its path: there may be as many of them as
    /// an answer has members.
    fields: HashMap<u64, Fellows, RandomState>,
    pub(crate) has_untrusted: bool,
}

/// How many texts of one field are names, and how many are sentences.
#[derive(Clone, Copy, Default)]
struct Fellows {
    names: usize,
    sentences: usize,
}

impl Fellows {
    /// Whether a sentence among them is out of its place: the field is one of names.
    fn are_names(self) -> bool {
        self.names > 0 && self.names >= self.sentences
    }
}

impl<'a> Leaves<'a> {
    pub(crate) fn new(source: &'a Source, reading: Reading) -> Self {
        let fields = HashMap::default();
        let (path, met) = (String::new(), Vec::new());
        Self { source, reading, path, met, fields, has_untrusted: false }
    }

    /// Adds every leaf. `is_own_writing` says of a trusted text that the session itself wrote it.
    pub(crate) fn walk(
        &mut self,
        value: &'a Value,
        memory: &mut Memory,
        is_own_writing: &impl Fn(&str) -> bool,
    ) {
        if self.source.may_vouch() {
            self.count(value, 0);
        }
        let record = memory.begin_record(self.reading);
        self.visit(value, record, 0, memory, is_own_writing);
    }

    /// Counts what stands in each field that may vouch.
    fn count(&mut self, value: &'a Value, depth: usize) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::String(text) => self.count_one(text),
            Value::Number(_) => self.count_one(""),
            _ if depth == MAX_DEPTH => {}
            Value::Array(items) => items.iter().for_each(|item| self.count(item, depth + 1)),
            Value::Object(members) => {
                let (length, met) = (self.path.len(), self.enter(members));
                for (name, item) in members {
                    if !is_plain_name(name) {
                        self.count_one(name);
                    }
                    push_name(&mut self.path, name);
                    self.count(item, depth + 1);
                    self.path.truncate(length);
                }
                self.met.truncate(met);
            }
        }
    }

    fn count_one(&mut self, text: &str) {
        if self.integrity() == Integrity::Untrusted {
            return;
        }
        let fellows = self.fields.entry(self.field()).or_default();
        match is_prose(text) {
            true => fellows.sentences += 1,
            false => fellows.names += 1,
        }
    }

    fn field(&self) -> u64 {
        self.fields.hasher().hash_one(&self.path)
    }

    /// Whether a text is a sentence where names stand: whoever gave such a name may be a stranger.
    fn is_out_of_place(&self, text: &str) -> bool {
        let fellows = self.fields.get(&self.field());
        fellows.is_some_and(|fellows| fellows.are_names()) && is_prose(text)
    }

    fn visit(
        &mut self,
        value: &'a Value,
        record: u32,
        depth: usize,
        memory: &mut Memory,
        is_own_writing: &impl Fn(&str) -> bool,
    ) {
        let length = self.path.len();
        // The whole is asked for where it is one thing, not where it is a list of them.
        let inner = Reading { is_asked: false, ..self.reading };
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::String(text) => self.leaf(text, record, memory, is_own_writing),
            Value::Number(number) => {
                self.leaf(&number.to_string(), record, memory, is_own_writing);
            }
            _ if depth == MAX_DEPTH => {
                self.leaf(&value.to_string(), record, memory, is_own_writing);
            }
            Value::Array(items) => {
                for item in items {
                    let within = if item.is_object() { memory.begin_record(inner) } else { record };
                    self.visit(item, within, depth + 1, memory, is_own_writing);
                }
            }
            Value::Object(members) => {
                let met = self.enter(members);
                for (name, item) in members {
                    if !is_plain_name(name) {
                        self.leaf(name, record, memory, is_own_writing);
                    }
                    push_name(&mut self.path, name);
                    let within = if is_record(item) { memory.begin_record(inner) } else { record };
                    self.visit(item, within, depth + 1, memory, is_own_writing);
                    self.path.truncate(length);
                }
                self.met.truncate(met);
            }
        }
    }

    /// Goes into a record; how many conditions were met outside of it.
    fn enter(&mut self, members: &'a Map<String, Value>) -> usize {
        let outside = self.met.len();
        let inside = if self.path.is_empty() { 0 } else { self.path.len() + 1 };
        for condition in self.source.conditions.iter().filter(|one| one.is_met(members)) {
            push_name(&mut self.path, &condition.member);
            let is_the_services = self.source.integrity_at(&self.path) == Integrity::Trusted;
            self.path.truncate(inside.saturating_sub(1));
            if is_the_services {
                self.met.push((inside, condition));
            }
        }
        outside
    }

    /// The integrity of the member where the walk is.
    fn integrity(&self) -> Integrity {
        let is_here = |path: Option<&str>, field: &String| path == Some(field.as_str());
        let grants = |(inside, condition): &(usize, &Condition)| {
            condition.trusted.iter().any(|field| is_here(self.path.get(*inside..), field))
        };
        match self.met.iter().any(grants) {
            true => Integrity::Trusted,
            false => self.source.integrity_at(&self.path),
        }
    }

    fn leaf(
        &mut self,
        text: &str,
        record: u32,
        memory: &mut Memory,
        is_own_writing: &impl Fn(&str) -> bool,
    ) {
        if text.is_empty() {
            return;
        }
        let mut integrity = self.integrity();
        let may_vouch = integrity != Integrity::Untrusted;
        if may_vouch && (self.is_out_of_place(text) || is_own_writing(text)) {
            integrity = Integrity::Untrusted;
        }
        self.has_untrusted |= integrity != Integrity::Trusted;
        let name = memory.name(self.source, &self.path);
        let about = About { integrity, record, name, is_encoded: false };
        memory.add(text, about, self.path.is_empty());
        if integrity != Integrity::Trusted {
            for view in decode::views(text) {
                memory.add(&view, About { is_encoded: true, ..about }, false);
            }
        }
    }
}

/// Whether a member is a thing of its own. Where all names in it are data, it is a list of the thing
/// that it is a member of: who may read a file, and how.
fn is_record(item: &Value) -> bool {
    item.as_object().is_some_and(|members| members.keys().any(|name| is_plain_name(name)))
}
