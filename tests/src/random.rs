//! Seeded randomness: the same seed gives the same test.

use serde_json::{Map, Value, json};

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and good enough to choose test inputs.
pub struct Random(u64);

impl Random {
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `bound`, without it.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.word() % bound as u64) as usize
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Words without anything that a detector could take for a finding.
    pub fn prose(&mut self, words: usize) -> String {
        let words: Vec<&str> = (0..words).map(|_| *self.pick(WORDS)).collect();
        words.join(" ")
    }

    /// Any JSON value without findings: small numbers, words, nesting up to `depth`.
    pub fn json(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => json!(self.chance(2)),
            2 => json!(self.below(1000)),
            3 => json!(self.below(1000) as f64 / 8.0),
            4 => {
                let words = self.below(9);
                json!(self.prose(words))
            }
            5 => (0..self.below(4)).map(|_| self.json(depth - 1)).collect(),
            _ => Value::Object(self.object(depth - 1)),
        }
    }

    /// An object whose keys no API knows.
    pub fn object(&mut self, depth: usize) -> Map<String, Value> {
        let mut object = Map::new();
        for number in 0..self.below(5) {
            object.insert(format!("x_{}_{number}", self.pick(WORDS)), self.json(depth));
        }
        object
    }
}

const WORDS: &[&str] = &[
    "river",
    "mountain",
    "Grüße",
    "quick",
    "brown",
    "fox",
    "“quoted”",
    "line\nbreak",
    "tab\there",
    "日本",
    "a",
    "of",
    "and",
    "then",
    "\\backslash",
    "slash/",
    "emoji 🦊",
    "ASCII",
    "naïve",
    "(brackets)",
    "semi;colon",
];
