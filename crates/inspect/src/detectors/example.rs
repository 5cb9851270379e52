//! Examples made from declarations, so that the source itself holds no real-looking key.

use super::{Class, Declaration, Form, Part};
use crate::validators;

/// Attempts at a value that passes a declaration's own check.
const ATTEMPTS: u64 = 200;

/// A small generator (SplitMix64): examples need variety, not secrecy.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// `count` characters of a class; letters and digits at both ends where the class has them.
    pub(crate) fn run(&mut self, of: &Class, count: usize) -> String {
        let all: Vec<char> = (0..=255).filter(|b| of[usize::from(*b)]).map(char::from).collect();
        let plain: Vec<char> = all.iter().copied().filter(char::is_ascii_alphanumeric).collect();
        let from = |set: &Vec<char>, dice: &mut Self| set[dice.below(set.len())];
        (0..count)
            .map(|at| {
                let is_edge = at == 0 || at + 1 == count;
                from(if is_edge && !plain.is_empty() { &plain } else { &all }, self)
            })
            .collect()
    }
}

pub(super) fn example(declared: &Declaration, seed: u64) -> String {
    if let Some(make) = declared.make {
        return make(seed);
    }
    let attempt =
        |n: u64| from_pattern(&declared.form, seed.wrapping_mul(ATTEMPTS).wrapping_add(n));
    let is_good = |value: &String| {
        (declared.check)(value.as_bytes()) && !validators::is_placeholder(value.as_bytes())
    };
    (0..ATTEMPTS).map(attempt).find(is_good).unwrap_or_default()
}

fn from_pattern(form: &Form, seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let (prefixes, parts) = match form {
        Form::Token { prefixes, parts } => (*prefixes, *parts),
        Form::Bare { parts } => (&[""][..], *parts),
        _ => return String::new(),
    };
    let mut value = prefixes[dice.below(prefixes.len())].to_owned();
    for part in parts {
        match part {
            Part::Text(text) => value.push_str(text),
            Part::Take { of, count } => value.push_str(&dice.run(of, *count)),
            Part::Run { of, min, max, .. } => {
                let length = min + dice.below((max - min).min(8) + 1);
                value.push_str(&dice.run(of, length));
            }
        }
    }
    value
}
