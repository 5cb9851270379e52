//! Which formats could begin at a position: the prefixes of all declarations in one table.
//!
//! Two characters and a bitmap of 8 KiB dismiss nearly every position; what is left is looked up
//! in a sorted list. More formats make the list longer, not the text slower.

use crate::detectors::{CONTEXT_BYTES, Declaration, Fit, Form, Part, class, fit, measure};
use crate::engine::resolve::Candidate;
use crate::validators::is_placeholder;

/// The shortest token of any format, a test holds the catalogue to it: shorter words are skipped.
pub(crate) const MIN_TOKEN: usize = 16;

/// One prefix of one declaration; the prefix is empty for a bare form.
#[derive(Clone, Copy, Debug)]
struct Entry {
    prefix: &'static [u8],
    parts: &'static [Part],
    declared: &'static Declaration,
    rule: u16,
    /// Bytes of the longest match.
    longest: usize,
}

/// What may still begin at a position when the text ends too early to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Viable {
    /// The longest match that could come of it; zero if none.
    pub(crate) longest: usize,
    /// Whether one of the formats is masked or blocked.
    pub(crate) is_enforced: bool,
    /// Whether a prefix is not complete yet, so that the next byte may end it.
    pub(crate) is_partial: bool,
}

#[derive(Debug)]
pub(crate) struct Index {
    /// A bit for each pair of bytes with which a prefix begins.
    pairs: Vec<u64>,
    /// A bit for each pair of letters with which a keyword begins.
    keyword_pairs: Vec<u64>,
    /// Sorted by prefix.
    entries: Vec<Entry>,
    bare: Vec<Entry>,
}

fn pair(first: u8, second: u8) -> (usize, u64) {
    let number = usize::from(first) << 8 | usize::from(second);
    (number >> 6, 1 << (number & 63))
}

fn set(bits: &mut [u64], text: &[u8]) {
    if let [first, second, ..] = *text {
        let (word, bit) = pair(first, second);
        bits[word] |= bit;
    }
}

impl Index {
    pub(crate) fn new(catalogue: &'static [Declaration]) -> Self {
        let mut index = Self {
            pairs: vec![0; 1024],
            keyword_pairs: vec![0; 1024],
            entries: Vec::new(),
            bare: Vec::new(),
        };
        for (rule, declared) in catalogue.iter().enumerate() {
            index.add(declared, rule as u16);
        }
        index.entries.sort_by_key(|entry| entry.prefix);
        index
    }

    fn add(&mut self, declared: &'static Declaration, rule: u16) {
        let (prefixes, parts) = match declared.form {
            Form::Token { prefixes, parts } => (prefixes, parts),
            Form::Bare { parts } => (&[""][..], parts),
            _ => return,
        };
        declared.keywords.iter().for_each(|word| set(&mut self.keyword_pairs, word.as_bytes()));
        let body: usize = parts.iter().map(Part::max).sum();
        for prefix in prefixes {
            let prefix = prefix.as_bytes();
            let entry = Entry { prefix, parts, declared, rule, longest: prefix.len() + body };
            set(&mut self.pairs, prefix);
            if prefix.is_empty() { self.bare.push(entry) } else { self.entries.push(entry) }
        }
    }

    /// Entries whose prefix begins like the text, as far as two bytes tell.
    fn nearby(&self, text: &[u8]) -> &[Entry] {
        let [first, second, ..] = *text else { return &[] };
        let (word, bit) = pair(first, second);
        if self.pairs[word] & bit == 0 {
            return &[];
        }
        let from = self.entries.partition_point(|entry| entry.prefix < [first, second].as_slice());
        let rest = &self.entries[from..];
        &rest[..rest.partition_point(|entry| entry.prefix.starts_with(&[first, second]))]
    }

    /// Adds what begins at `at`. `run` is how many token characters there are from here on.
    pub(crate) fn find(&self, text: &[u8], at: usize, run: usize, out: &mut Vec<Candidate>) {
        let rest = &text[at..];
        for entry in self.nearby(rest) {
            if rest.starts_with(entry.prefix) {
                self.judge(entry, text, at, out);
            }
        }
        for entry in &self.bare {
            let shortest: usize = entry.parts.iter().map(Part::min).sum();
            if run >= shortest && begins_run(entry, text, at) {
                self.judge(entry, text, at, out);
            }
        }
    }

    fn judge(&self, entry: &Entry, text: &[u8], at: usize, out: &mut Vec<Candidate>) {
        let body = at + entry.prefix.len();
        let Some(length) = measure(entry.parts, &text[body..]) else { return };
        let value = &text[at..body + length];
        let declared = entry.declared;
        if (declared.check)(value)
            && !is_placeholder(&text[body..body + length])
            && !value.ends_with(b"EXAMPLE")
            && self.has_keyword(declared.keywords, text, at)
        {
            out.push(Candidate { start: at, end: at + value.len(), rule: entry.rule });
        }
    }

    /// Whether one of the keywords stands shortly before `at`; true if there are none to look for.
    fn has_keyword(&self, keywords: &[&str], text: &[u8], at: usize) -> bool {
        if keywords.is_empty() {
            return true;
        }
        let mut lower = [0; CONTEXT_BYTES];
        let before = &text[at.saturating_sub(CONTEXT_BYTES)..at];
        let lower = &mut lower[..before.len()];
        lower.copy_from_slice(before);
        lower.make_ascii_lowercase();
        let begins = |at: &usize| {
            let (word, bit) = pair(lower[*at], lower[*at + 1]);
            self.keyword_pairs[word] & bit != 0
        };
        (0..lower.len().saturating_sub(1))
            .filter(begins)
            .any(|at| keywords.iter().any(|word| lower[at..].starts_with(word.as_bytes())))
    }

    /// What could begin at `at` if the text went on after its end.
    pub(crate) fn viable(
        &self,
        text: &[u8],
        at: usize,
        is_enforced: impl Fn(u16) -> bool,
    ) -> Viable {
        let mut viable = Viable::default();
        let rest = &text[at..];
        let begins = match rest {
            [first] => self.entries.as_slice().get(self.beginning_with(*first)).unwrap_or(&[]),
            _ => self.nearby(rest),
        };
        for entry in begins.iter().chain(&self.bare) {
            let Some(is_partial) = self.may_grow(entry, text, at) else { continue };
            viable.longest = viable.longest.max(entry.longest);
            viable.is_partial |= is_partial;
            viable.is_enforced |= is_enforced(entry.rule);
        }
        viable
    }

    fn beginning_with(&self, first: u8) -> std::ops::Range<usize> {
        let from = self.entries.partition_point(|entry| entry.prefix[0] < first);
        from..self.entries.partition_point(|entry| entry.prefix[0] <= first)
    }

    /// Whether more text could complete an entry at `at`, and if so whether its prefix is partial.
    fn may_grow(&self, entry: &Entry, text: &[u8], at: usize) -> Option<bool> {
        let rest = &text[at..];
        let is_partial = rest.len() < entry.prefix.len();
        if is_partial {
            entry.prefix.starts_with(rest).then_some(())?;
        } else {
            let body = rest.strip_prefix(entry.prefix)?;
            (fit(entry.parts, body) != Fit::No).then_some(())?;
        }
        let is_bare = entry.prefix.is_empty();
        (!is_bare || begins_run(entry, text, at)).then_some(())?;
        self.has_keyword(entry.declared.keywords, text, at).then_some(is_partial)
    }
}

/// A bare value begins where its characters begin, not in the middle of a longer run of them.
fn begins_run(entry: &Entry, text: &[u8], at: usize) -> bool {
    let Some(Part::Run { of, .. }) = entry.parts.first() else { return true };
    at == 0 || !of[usize::from(text[at - 1])]
}

/// The characters after a backslash that stand for another one.
static ESCAPES: [bool; 256] = class("nrtbf");

/// Whether a word begins at `at`: after anything but a letter or digit, or after an escape of
/// JSON (`\n`) or of a URL (`%3D`).
pub(crate) fn is_boundary(text: &[u8], at: usize) -> bool {
    match text[..at] {
        [] => true,
        [.., before] if !before.is_ascii_alphanumeric() => true,
        [.., b'\\', escape] if ESCAPES[usize::from(escape)] => true,
        [.., b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    }
}
