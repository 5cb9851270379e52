//! Which formats could begin at a position: the prefixes of all declarations in one table.
//!
//! Two characters and a bitmap of 8 KiB dismiss nearly every position; what is left is looked up
//! in a sorted list. More formats make the list longer, not the text slower.

mod bare;
mod keywords;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::cmp::Ordering;
use std::ops::Range;

use crate::detectors::{CONTEXT_BYTES, Declaration, Fit, Form, Part, TOKEN, class, fit, measure};
use crate::engine::Keywords;
use crate::engine::resolve::Candidate;
use crate::validators::is_placeholder;
use bare::Bare;
use keywords::Mask;

/// The shortest token of any format, a test holds the catalogue to it: shorter words are skipped.
pub(crate) const MIN_TOKEN: usize = 16;

/// A token format as the index takes it: a declaration of the catalogue, or one of the operator's.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    pub(crate) prefixes: Vec<Cow<'static, str>>,
    pub(crate) parts: Cow<'static, [Part]>,
    pub(crate) keywords: Vec<Cow<'static, str>>,
    pub(crate) check: fn(&[u8]) -> bool,
    pub(crate) rule: u16,
}

impl Format {
    /// Nothing if a declaration is not of a token.
    pub(crate) fn of(declared: &Declaration, rule: u16) -> Option<Self> {
        let (prefixes, parts) = match declared.form {
            Form::Token { prefixes, parts } => (prefixes, parts),
            Form::Bare { parts } => (&[""][..], parts),
            _ => return None,
        };
        let own = |words: &[&'static str]| words.iter().map(|word| Cow::Borrowed(*word)).collect();
        Some(Self {
            prefixes: own(prefixes),
            parts: Cow::Borrowed(parts),
            keywords: own(declared.keywords),
            check: declared.check,
            rule,
        })
    }
}

/// Shorter prefixes stand in many a text by chance.
const DISTINCT: usize = 3;

/// One prefix of one format; the prefix is empty for a bare form.
#[derive(Clone, Debug)]
struct Entry {
    prefix: Cow<'static, str>,
    parts: Cow<'static, [Part]>,
    check: fn(&[u8]) -> bool,
    rule: u16,
    /// Bytes of the longest match.
    longest: usize,
    /// Bytes of the shortest match.
    shortest: usize,
    /// Which list of keywords it wants before it, if any.
    list: Option<u16>,
    /// Whether it must hold a digit: without a prefix, what has none is a word.
    wants_digit: bool,
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
    pub(crate) keywords: keywords::Keywords,
    /// Sorted by prefix.
    entries: Vec<Entry>,
    /// Which entries begin with a pair of bytes, sorted by pair.
    pair_entries: Vec<(u16, Range<usize>)>,
    /// Which entries begin with a byte.
    first_entries: Vec<Range<usize>>,
    bare: Bare,
}

/// Which of the sorted entries compare equal.
fn group(entries: &[Entry], compare: impl Fn(&[u8]) -> Ordering) -> Range<usize> {
    let order = |entry: &Entry| compare(entry.prefix.as_bytes());
    let from = entries.partition_point(|entry| order(entry) == Ordering::Less);
    from..entries.partition_point(|entry| order(entry) != Ordering::Greater)
}

fn pair(first: u8, second: u8) -> (usize, u64) {
    let number = usize::from(first) << 8 | usize::from(second);
    (number >> 6, 1 << (number & 63))
}

/// What stands before a place, looked at once and only when it is asked for.
struct Before<'i> {
    index: &'i Index,
    wanted: Keywords,
    mask: OnceCell<Mask>,
}

impl Before<'_> {
    fn has(&self, list: Option<u16>, text: &[u8], at: usize) -> bool {
        let Some(list) = list else { return true };
        let look = || self.index.keywords.before(text, at, CONTEXT_BYTES);
        self.wanted == Keywords::Assumed || self.mask.get_or_init(look).holds(list)
    }
}

impl Index {
    pub(crate) fn new(formats: &[Format]) -> Self {
        let mut keywords = keywords::Keywords::default();
        let all = formats.iter().flat_map(|format| {
            let list = keywords.add(&format.keywords);
            format.prefixes.iter().map(move |prefix| Entry::new(format, prefix.clone(), list))
        });
        let (bare, mut entries): (Vec<_>, Vec<_>) = all.partition(|entry| entry.prefix.is_empty());
        keywords.build();
        entries.sort_by(|a, b| a.prefix.cmp(&b.prefix));
        let mut beginnings: Vec<[u8; 2]> = entries
            .iter()
            .filter_map(|entry| entry.prefix.as_bytes().first_chunk())
            .copied()
            .collect();
        beginnings.dedup();
        let mut pairs = vec![0; 1024];
        for [first, second] in &beginnings {
            let (word, bit) = pair(*first, *second);
            pairs[word] |= bit;
        }
        let of_pair = |two: [u8; 2]| {
            (u16::from_be_bytes(two), group(&entries, |prefix| prefix[..2].cmp(&two)))
        };
        Self {
            pair_entries: beginnings.into_iter().map(of_pair).collect(),
            first_entries: (0..=255)
                .map(|first| group(&entries, |prefix| prefix[0].cmp(&first)))
                .collect(),
            bare: Bare::new(bare),
            pairs,
            keywords,
            entries,
        }
    }

    /// Entries whose prefix begins like the text, as far as two bytes tell.
    #[inline]
    fn nearby(&self, text: &[u8]) -> &[Entry] {
        let [first, second, ..] = *text else { return &[] };
        let (word, bit) = pair(first, second);
        if self.pairs[word] & bit == 0 { &[] } else { self.of_pair(first, second) }
    }

    fn of_pair(&self, first: u8, second: u8) -> &[Entry] {
        let wanted = u16::from_be_bytes([first, second]);
        let begins = self.pair_entries.binary_search_by_key(&wanted, |(pair, _)| *pair);
        let range = begins.ok().and_then(|at| self.pair_entries.get(at));
        range.and_then(|(_, range)| self.entries.get(range.clone())).unwrap_or_default()
    }

    /// Whether a short text may hold a token; bare ones need more room.
    pub(crate) fn may_begin(&self, text: &[u8]) -> bool {
        let begins = |(at, window): (usize, &[u8])| {
            let (word, bit) = pair(window[0], window[1]);
            self.pairs[word] & bit != 0
                && is_boundary(text, at)
                && window.iter().all(|byte| TOKEN[usize::from(*byte)])
        };
        text.len() >= self.bare.shortest || text.windows(MIN_TOKEN).enumerate().any(begins)
    }

    /// Whether a text begins with a prefix that needs no word before it.
    #[inline]
    pub(crate) fn begins(&self, text: &[u8]) -> bool {
        let is_distinct = |entry: &&Entry| entry.list.is_none() && entry.prefix.len() >= DISTINCT;
        let mut entries = self.nearby(text).iter().filter(is_distinct);
        entries.any(|entry| text.starts_with(entry.prefix.as_bytes()))
    }

    /// Adds what begins at `at`. `run` is how many token characters there are from here on, and
    /// `has_digits` whether there is a digit among them or before.
    #[inline]
    pub(crate) fn find(
        &self,
        text: &[u8],
        at: usize,
        (run, has_digits): (usize, bool),
        keywords: Keywords,
        out: &mut Vec<Candidate>,
    ) {
        let rest = &text[at..];
        let before = Before { index: self, wanted: keywords, mask: OnceCell::new() };
        for entry in self.nearby(rest) {
            if rest.starts_with(entry.prefix.as_bytes()) && begins_run(entry, text, at) {
                entry.judge(text, at, &before, out);
            }
        }
        if run >= self.bare.shortest {
            self.bare.at(text, at, has_digits, |entry| entry.judge(text, at, &before, out));
        }
    }

    /// What could begin at `at` if the text went on after its end.
    ///
    /// `has_keywords` says whether keywords may stand before it; only then they are looked for.
    pub(crate) fn viable(
        &self,
        text: &[u8],
        at: usize,
        has_keywords: bool,
        is_enforced: impl Fn(u16) -> bool,
    ) -> Viable {
        let mut viable = Viable::default();
        let rest = &text[at..];
        if let [first] = rest {
            // One byte decides little: it is asked again with the next.
            let entries = &self.entries[self.first_entries[usize::from(*first)].clone()];
            viable.longest = entries.len().min(1);
            viable.is_partial = !entries.is_empty();
            viable.is_enforced = entries.iter().any(|entry| is_enforced(entry.rule));
        }
        let look = || self.keywords.before(text, at, CONTEXT_BYTES);
        let before = has_keywords.then(look).unwrap_or_default();
        let has_context = |entry: &&Entry| entry.list.is_none_or(|list| before.holds(list));
        let bare = self.bare.entries(!before.is_empty());
        for entry in self.nearby(rest).iter().chain(bare).filter(has_context) {
            let Some(is_partial) = may_grow(entry, text, at) else { continue };
            viable.longest = viable.longest.max(entry.longest);
            viable.is_partial |= is_partial;
            viable.is_enforced |= is_enforced(entry.rule);
        }
        viable
    }
}

impl Entry {
    fn new(format: &Format, prefix: Cow<'static, str>, list: Option<u16>) -> Self {
        let sum = |bytes: fn(&Part) -> usize| format.parts.iter().map(bytes).sum::<usize>();
        Self {
            parts: format.parts.clone(),
            check: format.check,
            rule: format.rule,
            longest: prefix.len() + sum(Part::max),
            shortest: prefix.len() + sum(Part::min),
            list,
            wants_digit: prefix.is_empty()
                && matches!(format.parts.first(), Some(Part::Run { of, .. } | Part::Take { of, .. }) if of[usize::from(b'0')]),
            prefix,
        }
    }

    /// Whether a byte after a value without a prefix makes it a part of something longer.
    fn runs_on(&self, byte: u8) -> bool {
        // Where the last run may be cut, or was not looked beyond, nothing is known of what follows.
        let is_bounded = matches!(self.parts.last(), Some(Part::Run { open: false, .. }));
        let joins = matches!(byte, b'-' | b'_') || byte.is_ascii_alphanumeric();
        self.prefix.is_empty() && is_bounded && joins
    }

    fn judge(&self, text: &[u8], at: usize, before: &Before<'_>, out: &mut Vec<Candidate>) {
        let body = at + self.prefix.len();
        let Some(length) = measure(&self.parts, &text[body..]) else { return };
        let value = &text[at..body + length];
        let after = text.get(at + value.len());
        if after.is_some_and(|byte| self.runs_on(*byte)) {
            return;
        }
        if (!self.wants_digit || value.iter().any(u8::is_ascii_digit))
            && before.has(self.list, text, at)
            && (self.check)(value)
            && !is_placeholder(&text[body..body + length])
            && !value.ends_with(b"EXAMPLE")
        {
            out.push(Candidate::new(at, at + value.len(), self.rule));
        }
    }
}

/// Whether more text could complete an entry at `at`, and if so whether its prefix is partial.
fn may_grow(entry: &Entry, text: &[u8], at: usize) -> Option<bool> {
    let rest = &text[at..];
    let is_partial = rest.len() < entry.prefix.len();
    if is_partial {
        entry.prefix.as_bytes().starts_with(rest).then_some(())?;
    } else {
        let is_bare = entry.prefix.is_empty();
        let body = if is_bare { rest } else { rest.strip_prefix(entry.prefix.as_bytes())? };
        (fit(&entry.parts, body) != Fit::No).then_some(())?;
    }
    begins_run(entry, text, at).then_some(is_partial)
}

/// Values longer than this begin only where their characters begin, as bare ones do: a text made
/// of nothing but beginnings would otherwise be read many times over.
const LONG: usize = 512;

/// A bare value begins where its characters begin, not in the middle of a longer run of them.
fn begins_run(entry: &Entry, text: &[u8], at: usize) -> bool {
    let Some(Part::Run { of, .. } | Part::Take { of, .. }) = entry.parts.first() else {
        return true;
    };
    if entry.prefix.is_empty() && bare::joins(text, at) {
        return false;
    }
    let is_free = !entry.prefix.is_empty() && entry.longest <= LONG;
    let before = text[..at].last().copied().unwrap_or(b' ');
    // A letter before a boundary belongs to an escape.
    is_free || !of[usize::from(before)] || before.is_ascii_alphanumeric()
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
