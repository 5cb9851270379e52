//! The small pattern language of token formats: literal pieces and runs of one character class.
//!
//! Runs are greedy and never give back, so measuring a candidate costs at most its length.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

/// A set of bytes.
pub type Class = [bool; 256];

/// Builds a class from a list such as `a-zA-Z0-9_`; a `-` at the end stands for itself.
pub(crate) const fn class(list: &str) -> Class {
    let list = list.as_bytes();
    let mut set = [false; 256];
    let mut at = 0;
    while at < list.len() {
        let first = list[at];
        let is_range = at + 2 < list.len() && list[at + 1] == b'-';
        let last = if is_range { list[at + 2] } else { first };
        let mut byte = first;
        while byte <= last {
            set[byte as usize] = true;
            byte += 1;
        }
        at += if is_range { 3 } else { 1 };
    }
    set
}

/// Base32's capitals and digits (RFC 4648 section 6).
pub(crate) static BASE32: Class = class("A-Z2-7");
/// Base58's letters and digits, which leave out those that look alike.
pub(crate) static BASE58: Class = class("1-9A-HJ-NP-Za-km-z");
pub(crate) static DIGIT: Class = class("0-9");
pub(crate) static HEX: Class = class("0-9a-f");
pub(crate) static ANY_HEX: Class = class("0-9a-fA-F");
pub(crate) static UPPER_NUM: Class = class("0-9A-Z");
pub(crate) static LOWER_NUM: Class = class("0-9a-z");
pub(crate) static ALNUM: Class = class("0-9A-Za-z");
pub(crate) static WORD: Class = class("0-9A-Za-z_");
pub(crate) static URL64: Class = class("0-9A-Za-z_-");
pub(crate) static STD64: Class = class("0-9A-Za-z+/");
pub(crate) static STD64_PAD: Class = class("0-9A-Za-z+/=");
pub(crate) static DOTTED: Class = class("0-9A-Za-z_.-");

/// What a token may consist of; every declared format stays inside (a test holds it to that).
pub(crate) static TOKEN: Class = class("0-9A-Za-z_.+/=:~-");

/// A class of a pattern: one of the catalogue's, or one that settings declare.
#[derive(Clone, Debug)]
pub enum Set {
    Known(&'static Class),
    Own(Arc<Class>),
}

impl Deref for Set {
    type Target = Class;

    #[inline]
    fn deref(&self) -> &Class {
        match self {
            Self::Known(class) => class,
            Self::Own(class) => class,
        }
    }
}

/// One piece of a pattern.
#[derive(Clone, Debug)]
pub enum Part {
    Text(Cow<'static, str>),
    /// At least `min` and at most `max` bytes of a class. One byte more is no match, unless the
    /// part is `open`: then the match ends at `max`, whatever follows.
    Run {
        of: Set,
        min: usize,
        max: usize,
        open: bool,
    },
    /// This many bytes of a class, whatever follows: for places inside a value.
    Take {
        of: Set,
        count: usize,
    },
}

/// Exactly `count` bytes of a class.
pub(crate) const fn exactly(of: &'static Class, count: usize) -> Part {
    Part::Run { of: Set::Known(of), min: count, max: count, open: false }
}

/// Between `min` and `max` bytes of a class.
pub(crate) const fn between(of: &'static Class, min: usize, max: usize) -> Part {
    Part::Run { of: Set::Known(of), min, max, open: false }
}

/// At least `min` bytes of a class; at `max` the match is cut and counts all the same.
pub(crate) const fn open(of: &'static Class, min: usize, max: usize) -> Part {
    Part::Run { of: Set::Known(of), min, max, open: true }
}

/// The next `count` bytes, all of a class.
pub(crate) const fn take(of: &'static Class, count: usize) -> Part {
    Part::Take { of: Set::Known(of), count }
}

pub(crate) const fn text(text: &'static str) -> Part {
    Part::Text(Cow::Borrowed(text))
}

/// A UUID in small letters (RFC 9562 section 4).
pub(crate) const UUID: &[Part] = &[
    exactly(&HEX, 8),
    text("-"),
    exactly(&HEX, 4),
    text("-"),
    exactly(&HEX, 4),
    text("-"),
    exactly(&HEX, 4),
    text("-"),
    exactly(&HEX, 12),
];

impl Part {
    pub(crate) fn min(&self) -> usize {
        match self {
            Part::Text(text) => text.len(),
            Part::Run { min, .. } => *min,
            Part::Take { count, .. } => *count,
        }
    }

    pub(crate) fn max(&self) -> usize {
        match self {
            Part::Text(text) => text.len(),
            Part::Run { max, .. } => *max,
            Part::Take { count, .. } => *count,
        }
    }
}

/// How parts fit the start of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    No,
    /// The text ended before it was decided: more text could make it fit, or fit differently.
    Open,
    /// The parts cover this many bytes, whatever follows.
    Yes(usize),
}

/// Fits the parts to the start of a text that may go on.
pub(crate) fn fit(parts: &[Part], text: &[u8]) -> Fit {
    let mut at = 0;
    for part in parts {
        let rest = text.get(at..).unwrap_or_default();
        match part {
            Part::Text(literal) => {
                let literal = literal.as_bytes();
                if !rest.starts_with(literal) {
                    return if literal.starts_with(rest) { Fit::Open } else { Fit::No };
                }
                at += literal.len();
            }
            &Part::Run { ref of, min, max, open } => {
                let length = rest.iter().take(max + 1).take_while(|b| of[usize::from(**b)]).count();
                if length > max {
                    return if open { Fit::Yes(at + max) } else { Fit::No };
                }
                if length == rest.len() {
                    return Fit::Open;
                }
                if length < min {
                    return Fit::No;
                }
                at += length;
            }
            &Part::Take { ref of, count } => {
                let taken = &rest[..rest.len().min(count)];
                if !taken.iter().all(|b| of[usize::from(*b)]) {
                    return Fit::No;
                }
                if taken.len() < count {
                    return Fit::Open;
                }
                at += count;
            }
        }
    }
    Fit::Yes(at)
}

/// How many bytes at the start of a text that ends here the parts cover, or nothing.
pub(crate) fn measure(parts: &[Part], text: &[u8]) -> Option<usize> {
    match fit(parts, text) {
        Fit::Yes(length) => Some(length),
        Fit::No => None,
        Fit::Open => measure_at_end(parts, text),
    }
}

/// The same where the text's end is what ends the last run.
fn measure_at_end(parts: &[Part], text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for part in parts {
        let rest = text.get(at..)?;
        at += match part {
            Part::Text(literal) => {
                rest.starts_with(literal.as_bytes()).then_some(())?;
                literal.len()
            }
            &Part::Run { ref of, min, max, .. } => {
                let length = rest.iter().take(max + 1).take_while(|b| of[usize::from(**b)]).count();
                (min..=max).contains(&length).then_some(length)?
            }
            &Part::Take { ref of, count } => {
                rest.get(..count)?.iter().all(|b| of[usize::from(*b)]).then_some(count)?
            }
        };
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_exact_unless_open() {
        let parts = [text("a"), exactly(&DIGIT, 2)];
        assert_eq!(measure(&parts, b"a12"), Some(3));
        assert_eq!(measure(&parts, b"a12x"), Some(3));
        assert_eq!(measure(&parts, b"a123"), None);
        assert_eq!(measure(&parts, b"a1"), None);
        assert_eq!(measure(&[open(&DIGIT, 1, 2), text("x")], b"123"), Some(2));
        assert_eq!(measure(&[open(&DIGIT, 1, 2), text("x")], b"12x"), Some(3));
    }
}
