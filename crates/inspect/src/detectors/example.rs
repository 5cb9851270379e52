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
    if let Form::Identifier { written } = declared.form {
        return identifier(written, declared.check, seed);
    }
    let attempt =
        |n: u64| from_pattern(&declared.form, seed.wrapping_mul(ATTEMPTS).wrapping_add(n));
    let is_good = |value: &String| {
        (declared.check)(value.as_bytes()) && !validators::is_placeholder(value.as_bytes())
    };
    (0..ATTEMPTS).map(attempt).find(is_good).unwrap_or_default()
}

/// Attempts at a number that passes its check: a hundred times what the rarest needs.
const NUMBERS: usize = 10_000_000;

/// A number in one of its written forms whose compact form passes the check.
fn identifier(written: &[&str], check: fn(&[u8]) -> bool, seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let form = written[dice.below(written.len())].trim_start_matches('!');
    let form = form.replace('~', ["", " ", "-"][dice.below(3)]);
    let mut code = Vec::new();
    for _ in 0..NUMBERS {
        code.clear();
        code.extend(form.bytes().filter_map(|class| dice.character(class)));
        dice.date(&mut code);
        if check(&code) {
            break;
        }
    }
    let mut code = code.into_iter();
    let place =
        |class: char| if "9AX".contains(class) { code.next().map(char::from) } else { Some(class) };
    form.chars().filter_map(place).collect()
}

/// A number after a template: `#` is a digit, `@` a capital, anything else itself. For numbers so
/// rare among all of their form that trying takes long.
pub(super) fn filled(templates: &[&str], check: fn(&[u8]) -> bool, seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let template = templates[dice.below(templates.len())];
    let mut fill = || {
        let place = |class: char| match class {
            '#' => dice.character(b'9').map_or(class, char::from),
            '@' => dice.character(b'A').map_or(class, char::from),
            _ => class,
        };
        template.chars().map(place).collect::<String>()
    };
    let is_good = |value: &String| {
        let code: Vec<u8> = value.bytes().filter(u8::is_ascii_alphanumeric).collect();
        check(&code)
    };
    (0..NUMBERS).map(|_| fill()).find(is_good).unwrap_or_default()
}

impl Dice {
    /// A character of a class of a written form.
    fn character(&mut self, class: u8) -> Option<u8> {
        const ALL: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let set = match class {
            b'9' => &ALL[..10],
            b'A' => &ALL[10..],
            b'X' => &ALL[..],
            _ => return None,
        };
        Some(set[self.below(set.len())])
    }

    /// Writes a date over some of a number's digits, half of the time: many numbers hold one.
    fn date(&mut self, code: &mut [u8]) {
        let (year, month, day) = (self.below(100), self.below(12) + 1, self.below(28) + 1);
        let date: &[usize] = match self.below(6) {
            0 => &[year, month, day],
            1 => &[day, month, year],
            2 => &[19, year, month, day],
            _ => return,
        };
        let at = [0, 0, 1, 2, 4, 6][self.below(6)];
        let places = code.get_mut(at..).unwrap_or_default().chunks_exact_mut(2);
        for (pair, number) in places.zip(date) {
            if pair.iter().all(u8::is_ascii_digit) {
                pair[0] = b'0' + (number / 10) as u8;
                pair[1] = b'0' + (number % 10) as u8;
            }
        }
    }
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
