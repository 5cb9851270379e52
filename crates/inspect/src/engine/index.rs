//! Which formats could begin at a position: the prefixes of all declarations in one table.
//!
//! Two characters and a bitmap of 8 KiB dismiss nearly every position; what is left is looked up
//! in a sorted list. More formats make the list longer, not the text slower.

use std::cmp::Ordering;
use std::ops::Range;

use crate::detectors::{CONTEXT_BYTES, Declaration, Fit, Form, Part, TOKEN, class, fit, measure};
use crate::engine::Keywords;
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
    /// Bytes of the shortest match.
    shortest: usize,
    /// A bit for the declaration's keywords in a [`Mask`]; none if it has none.
    keywords: Mask,
}

/// Which declarations' keywords stand before a place, as far as there are any: a bit each.
type Mask = u32;

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
    /// A bit for each three letters with which a keyword begins.
    keyword_beginnings: Vec<u64>,
    /// Keywords, and the bits of the declarations that they belong to.
    keywords: Vec<(&'static [u8], Mask)>,
    keyword_lists: u32,
    longest_keyword: usize,
    /// Sorted by prefix.
    entries: Vec<Entry>,
    /// Which entries begin with a pair of bytes, sorted by pair.
    pair_entries: Vec<(u16, Range<usize>)>,
    /// Which entries begin with a byte.
    first_entries: Vec<Range<usize>>,
    /// Those without keywords first.
    bare: Vec<Entry>,
    /// How many of them have no keywords.
    bare_free: usize,
    /// Bytes of the shortest match of a bare form.
    shortest_bare: usize,
}

/// Which of the sorted entries compare equal.
fn group(entries: &[Entry], compare: impl Fn(&Entry) -> Ordering) -> Range<usize> {
    let from = entries.partition_point(|entry| compare(entry) == Ordering::Less);
    from..entries.partition_point(|entry| compare(entry) != Ordering::Greater)
}

/// The place of a text's first three letters in a bitmap, capital or small.
fn three_letters(text: &[u8]) -> (usize, u64) {
    let number = text.iter().take(3).fold(0, |sum, byte| sum << 5 | usize::from(byte & 31));
    (number >> 6, 1 << (number & 63))
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
            keyword_beginnings: vec![0; 512],
            keywords: Vec::new(),
            keyword_lists: 0,
            longest_keyword: 0,
            entries: Vec::new(),
            pair_entries: Vec::new(),
            first_entries: Vec::new(),
            bare: Vec::new(),
            bare_free: 0,
            shortest_bare: usize::MAX,
        };
        for (rule, declared) in catalogue.iter().enumerate() {
            index.add(declared, rule as u16);
        }
        index.entries.sort_by_key(|entry| entry.prefix);
        index.bare.sort_by_key(|entry| entry.keywords != 0);
        index.bare_free = index.bare.partition_point(|entry| entry.keywords == 0);
        index.shortest_bare =
            index.bare.iter().map(|entry| entry.shortest).min().unwrap_or(usize::MAX);
        index.first_entries = (0..=255)
            .map(|first| group(&index.entries, |entry| entry.prefix[0].cmp(&first)))
            .collect();
        let mut pairs: Vec<[u8; 2]> =
            index.entries.iter().map(|entry| [entry.prefix[0], entry.prefix[1]]).collect();
        pairs.dedup();
        index.pair_entries = pairs
            .into_iter()
            .map(|pair| {
                let range = group(&index.entries, |entry| entry.prefix[..2].cmp(&pair));
                (u16::from_be_bytes(pair), range)
            })
            .collect();
        index
    }

    fn add(&mut self, declared: &'static Declaration, rule: u16) {
        let (prefixes, parts) = match declared.form {
            Form::Token { prefixes, parts } => (prefixes, parts),
            Form::Bare { parts } => (&[""][..], parts),
            _ => return,
        };
        let keywords = self.add_keywords(declared.keywords);
        let body: usize = parts.iter().map(Part::max).sum();
        for prefix in prefixes {
            let prefix = prefix.as_bytes();
            let longest = prefix.len() + body;
            let shortest = prefix.len() + parts.iter().map(Part::min).sum::<usize>();
            let entry = Entry { prefix, parts, declared, rule, longest, shortest, keywords };
            set(&mut self.pairs, prefix);
            if prefix.is_empty() { self.bare.push(entry) } else { self.entries.push(entry) }
        }
    }

    /// Gives a list of keywords its bit.
    fn add_keywords(&mut self, keywords: &'static [&'static str]) -> Mask {
        if keywords.is_empty() {
            return 0;
        }
        let bit = 1 << self.keyword_lists;
        self.keyword_lists += 1;
        for word in keywords.iter().map(|word| word.as_bytes()) {
            let (at, mark) = three_letters(word);
            self.keyword_beginnings[at] |= mark;
            self.keywords.push((word, bit));
            self.longest_keyword = self.longest_keyword.max(word.len());
        }
        bit
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
        text.len() >= self.shortest_bare || text.windows(MIN_TOKEN).enumerate().any(begins)
    }

    /// Adds what begins at `at`. `run` is how many token characters there are from here on.
    #[inline]
    pub(crate) fn find(
        &self,
        text: &[u8],
        at: usize,
        run: usize,
        keywords: Keywords,
        out: &mut Vec<Candidate>,
    ) {
        let rest = &text[at..];
        for entry in self.nearby(rest) {
            if rest.starts_with(entry.prefix) && begins_run(entry, text, at) {
                self.judge(entry, text, at, keywords, out);
            }
        }
        if run < self.shortest_bare {
            return;
        }
        for entry in &self.bare {
            if run >= entry.shortest && begins_run(entry, text, at) {
                self.judge(entry, text, at, keywords, out);
            }
        }
    }

    fn judge(
        &self,
        entry: &Entry,
        text: &[u8],
        at: usize,
        keywords: Keywords,
        out: &mut Vec<Candidate>,
    ) {
        let body = at + entry.prefix.len();
        let Some(length) = measure(entry.parts, &text[body..]) else { return };
        let value = &text[at..body + length];
        let declared = entry.declared;
        if (declared.check)(value)
            && !is_placeholder(&text[body..body + length])
            && !value.ends_with(b"EXAMPLE")
            && (entry.keywords == 0
                || keywords == Keywords::Assumed
                || self.keywords_before(text, at) & entry.keywords != 0)
        {
            out.push(Candidate { start: at, end: at + value.len(), rule: entry.rule });
        }
    }

    /// Whose keywords stand shortly before `at`.
    fn keywords_before(&self, text: &[u8], at: usize) -> Mask {
        let before = &text[at.saturating_sub(CONTEXT_BYTES)..at];
        let mut mask = 0;
        for (place, three) in before.windows(3).enumerate() {
            let (word, bit) = three_letters(three);
            if self.keyword_beginnings[word] & bit != 0 {
                mask |= self.keywords_at(&before[place..]);
            }
        }
        mask
    }

    /// The last place in `from..` at which a keyword begins, and from where on to look again,
    /// because one may have begun there that has not ended.
    pub(crate) fn last_keyword(&self, text: &[u8], from: usize) -> (Option<usize>, usize) {
        let end = text.len();
        let mut last = None;
        let mut again = end.saturating_sub(2).max(from);
        for (at, three) in text[from..].windows(3).enumerate() {
            let (word, bit) = three_letters(three);
            if self.keyword_beginnings[word] & bit == 0 {
                continue;
            }
            let at = from + at;
            if self.keywords_at(&text[at..]) != 0 {
                last = Some(at);
            } else if end - at < self.longest_keyword {
                again = again.min(at);
            }
        }
        (last, again)
    }

    /// Whose keywords begin a text.
    fn keywords_at(&self, text: &[u8]) -> Mask {
        let first = text.first().map_or(0, u8::to_ascii_lowercase);
        let begins = |keyword: &[u8]| {
            keyword.first() == Some(&first)
                && text.get(..keyword.len()).is_some_and(|t| t.eq_ignore_ascii_case(keyword))
        };
        self.keywords.iter().filter(|(word, _)| begins(word)).fold(0, |mask, (_, bit)| mask | bit)
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
        let before = if has_keywords { self.keywords_before(text, at) } else { 0 };
        let has_context = |entry: &&Entry| entry.keywords == 0 || before & entry.keywords != 0;
        let bare = if before == 0 { &self.bare[..self.bare_free] } else { &self.bare };
        for entry in self.nearby(rest).iter().chain(bare).filter(has_context) {
            let Some(is_partial) = may_grow(entry, text, at) else { continue };
            viable.longest = viable.longest.max(entry.longest);
            viable.is_partial |= is_partial;
            viable.is_enforced |= is_enforced(entry.rule);
        }
        viable
    }
}

/// Whether more text could complete an entry at `at`, and if so whether its prefix is partial.
fn may_grow(entry: &Entry, text: &[u8], at: usize) -> Option<bool> {
    let rest = &text[at..];
    let is_partial = rest.len() < entry.prefix.len();
    if is_partial {
        entry.prefix.starts_with(rest).then_some(())?;
    } else {
        let is_bare = entry.prefix.is_empty();
        let body = if is_bare { rest } else { rest.strip_prefix(entry.prefix)? };
        (fit(entry.parts, body) != Fit::No).then_some(())?;
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
