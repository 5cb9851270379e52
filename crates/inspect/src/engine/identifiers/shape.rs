//! How a number is written: the lengths of its groups, and what parts them, as one number.

use crate::detectors::Declaration;

/// A bit for each character of a code.
pub(super) type Mask = u32;

/// The most groups of one number.
const GROUPS: u32 = 8;

/// Separators, and the form's letter that stands for all of the first three and for none.
const SEPARATORS: &[u8; 5] = b" -./(";

/// Groups of a number, eight bits each: the separator before, then the length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape(u64);

impl Shape {
    /// The shape with one more group; nothing if there is no room.
    pub(super) fn with(self, separator: u8, length: usize) -> Option<Self> {
        if self.0 >> (8 * (GROUPS - 1)) != 0 || length > 31 {
            return None;
        }
        let place = SEPARATORS.iter().position(|known| *known == separator);
        let separator = place.map_or(0, |place| place as u64 + 1);
        Some(Self(self.0 << 8 | separator << 5 | length as u64))
    }

    /// Its place in a bitmap of 4096 bits.
    pub(super) fn bit(self) -> (usize, u64) {
        let hash = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
        ((hash >> 6) as usize, 1 << (hash & 63))
    }
}

/// One written form of one declaration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) shape: Shape,
    must_be_letters: Mask,
    must_be_digits: Mask,
    /// Whether it counts only after one of the declaration's words.
    pub(super) needs_word: bool,
    pub(super) rule: u16,
    pub(super) check: fn(&[u8]) -> bool,
}

impl Entry {
    pub(super) fn fits(&self, letters: Mask) -> bool {
        self.must_be_letters & !letters == 0 && self.must_be_digits & letters == 0
    }
}

/// The entries of a form. `9` is a digit, `A` a capital, `X` either, `~` the same one of blank,
/// hyphen and point throughout, or nothing; a `!` before it: a word is needed.
pub(super) fn shapes(form: &str, declared: &Declaration, rule: u16) -> Vec<Entry> {
    let (needs_word, form) = match form.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, form),
    };
    spellings(form).iter().filter_map(|form| entry(form, needs_word, declared, rule)).collect()
}

/// A form with each separator that its `~` stands for.
pub(crate) fn spellings(form: &str) -> Vec<String> {
    if form.contains('~') {
        ["", " ", "-", "."].map(|separator| form.replace('~', separator)).to_vec()
    } else {
        vec![form.to_owned()]
    }
}

fn entry(form: &str, needs_word: bool, declared: &Declaration, rule: u16) -> Option<Entry> {
    let mut shape = Shape::default();
    let (mut letters, mut digits) = (0, 0);
    let (mut count, mut length) = (0, 0);
    let mut separator = 0;
    for byte in form.bytes() {
        match byte {
            b'9' | b'A' | b'X' => {
                letters |= Mask::from(byte == b'A') << count;
                digits |= Mask::from(byte == b'9') << count;
                count += 1;
                length += 1;
            }
            b')' => {}
            _ => {
                shape = shape.with(separator, length)?;
                (separator, length) = (byte, 0);
            }
        }
    }
    shape = shape.with(separator, length)?;
    let (must_be_letters, must_be_digits) = (letters, digits);
    Some(Entry { shape, must_be_letters, must_be_digits, needs_word, rule, check: declared.check })
}
