//! The leaves of what a tool returned.

use serde_json::Value;

use crate::arguments::{is_plain_name, push_name};
use crate::memory::{About, Memory};
use crate::{Integrity, Source, decode};

/// How deep a result is read; deeper down it is one text.
const MAX_DEPTH: usize = 64;

pub(crate) struct Leaves<'a> {
    source: &'a Source,
    is_asked: bool,
    path: String,
    pub(crate) has_untrusted: bool,
}

impl<'a> Leaves<'a> {
    pub(crate) fn new(source: &'a Source, is_asked: bool) -> Self {
        Self { source, is_asked, path: String::new(), has_untrusted: false }
    }

    /// Adds every leaf. `is_own_writing` says of a trusted text that the session itself wrote it.
    pub(crate) fn walk(
        &mut self,
        value: &Value,
        memory: &mut Memory,
        is_own_writing: &impl Fn(&str) -> bool,
    ) {
        let record = memory.begin_record(self.is_asked);
        self.visit(value, record, 0, memory, is_own_writing);
    }

    fn visit(
        &mut self,
        value: &Value,
        record: u32,
        depth: usize,
        memory: &mut Memory,
        is_own_writing: &impl Fn(&str) -> bool,
    ) {
        let length = self.path.len();
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
                    // The whole is asked for where it is one thing, not where it is a list of them.
                    let inner = if item.is_object() { memory.begin_record(false) } else { record };
                    self.visit(item, inner, depth + 1, memory, is_own_writing);
                }
            }
            Value::Object(members) => {
                for (name, item) in members {
                    if !is_plain_name(name) {
                        self.leaf(name, record, memory, is_own_writing);
                    }
                    push_name(&mut self.path, name);
                    let inner = if item.is_object() { memory.begin_record(false) } else { record };
                    self.visit(item, inner, depth + 1, memory, is_own_writing);
                    self.path.truncate(length);
                }
            }
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
        let mut integrity = self.source.integrity_at(&self.path);
        if integrity != Integrity::Untrusted && is_own_writing(text) {
            integrity = Integrity::Untrusted;
        }
        self.has_untrusted |= integrity != Integrity::Trusted;
        let name = memory.name(self.source, &self.path);
        memory.add(text, About { integrity, record, name, is_encoded: false });
        if integrity != Integrity::Trusted {
            for view in decode::views(text) {
                memory.add(&view, About { integrity, record, name, is_encoded: true });
            }
        }
    }
}
