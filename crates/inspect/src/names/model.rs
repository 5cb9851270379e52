//! The weights: how they lie in their file, and what they say of a window.

use std::sync::LazyLock;

use super::decode::{Transitions, best, marginals, ruled};
use super::features::{ROWS, Rows};
use super::reading::Reading;
use super::spans::{Scored, spans};
use super::window::Windows;
use super::{Found, Tag};

/// Weights of one row: one for each [`Tag`].
pub const LANES: usize = 8;

/// What the file begins with; the last digit is the version of features and layout.
const MAGIC: &[u8; 8] = b"pcnames1";
const HEAD: usize = MAGIC.len() + 4 + (LANES + 1) * LANES * 2;
const FILE: &[u8] = include_bytes!("data/model.bin");

/// Weights as training has them, for [`Model::write`].
#[derive(Clone, Debug)]
pub struct Weights {
    pub rows: Vec<[f32; LANES]>,
    pub transitions: Transitions<f32>,
}

/// Weights in whole numbers, in units of `scale`.
#[derive(Clone, Debug)]
pub struct Model<'w> {
    scale: f32,
    transitions: Transitions<i32>,
    rows: &'w [[u8; LANES]],
}

static BUILT_IN: LazyLock<Model<'static>> = LazyLock::new(|| {
    let empty = Model { scale: 1.0, transitions: [[0; LANES]; LANES + 1], rows: &[] };
    Model::parse(FILE).unwrap_or(empty)
});

/// The scores of a token that cannot be part of anything.
const SHUT: [i32; LANES] = [0, FAR_OFF, FAR_OFF, FAR_OFF, FAR_OFF, FAR_OFF, FAR_OFF, FAR_OFF];
const FAR_OFF: i32 = -100_000;

/// What one window is worked out in.
#[derive(Default)]
struct Bench {
    reading: Reading,
    scores: Vec<[i32; LANES]>,
    back: Vec<[u8; LANES]>,
}

impl<'w> Model<'w> {
    /// The model that is part of the program.
    pub fn built_in() -> &'static Model<'static> {
        &BUILT_IN
    }

    /// Reads a model's file; nothing if it is not one of this version.
    pub fn parse(file: &'w [u8]) -> Option<Self> {
        let rest = file.strip_prefix(MAGIC)?;
        let (scale, rest) = rest.split_first_chunk()?;
        let (steps, rows) = rest.split_at_checked(HEAD - MAGIC.len() - 4)?;
        let mut steps = steps.as_chunks().0.iter().map(|pair| i32::from(i16::from_le_bytes(*pair)));
        let mut transitions = [[0; LANES]; LANES + 1];
        for step in transitions.iter_mut().flatten() {
            *step = steps.next()?;
        }
        let (rows, left) = rows.as_chunks();
        let is_whole = rows.len() == ROWS && left.is_empty();
        is_whole.then_some(Self { scale: f32::from_le_bytes(*scale), transitions, rows })
    }

    /// The file of such weights. Weights are rounded to a unit, and cut off at 127 units.
    pub fn write(weights: &Weights, scale: f32) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.extend(scale.to_le_bytes());
        for step in weights.transitions.iter().flatten() {
            file.extend(((step / scale).round() as i16).to_le_bytes());
        }
        let byte = |weight: &f32| (weight / scale).round().clamp(-127.0, 127.0) as i8 as u8;
        file.extend(weights.rows.iter().flatten().map(byte));
        file
    }

    /// Finds names and addresses in a whole text, in order, without overlaps.
    pub fn find(&self, text: &str) -> Vec<Found> {
        let mut windows = Windows::new(text);
        let mut bench = Bench::default();
        let transitions = ruled(&self.transitions);
        let mut found = Vec::new();
        while let Some(window) = windows.advance() {
            bench.reading.read(window);
            let tokens = bench.reading.tokens().len();
            bench.scores.clear();
            bench.scores.extend((0..tokens).map(|at| {
                if bench.reading.is_open(at) { self.scores(&bench.reading.rows(at)) } else { SHUT }
            }));
            let tags = best(&bench.scores, &transitions, &mut bench.back);
            if tags.iter().any(|tag| tag.kind().is_some()) {
                let shares = self.shares(&bench.scores);
                let (tokens, code) = (bench.reading.tokens(), bench.reading.strictness());
                let scored = Scored { text, tokens, tags: &tags, shares: &shares, code };
                spans(&scored, &mut found);
            }
        }
        found
    }

    fn scores(&self, rows: &Rows) -> [i32; LANES] {
        let mut sums = [0i16; LANES];
        for row in rows {
            let Some(weights) = self.rows.get(*row as usize) else { continue };
            sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += i16::from(*weight as i8));
        }
        sums.map(i32::from)
    }

    /// Of each token, how likely it is that each tag is right.
    fn shares(&self, scores: &[[i32; LANES]]) -> Vec<[f32; LANES]> {
        let real: Vec<[f32; LANES]> =
            scores.iter().map(|row| row.map(|score| score as f32 * self.scale)).collect();
        let transitions = self.transitions.map(|row| row.map(|step| step as f32 * self.scale));
        marginals(&real, &transitions, &mut [[0.0; LANES]; LANES + 1]).0
    }
}

/// How likely it is that a token has a tag of the same kind as this.
pub(super) fn share(shares: &[f32; LANES], tag: Tag) -> f32 {
    let same = Tag::ALL.iter().zip(shares).filter(|(other, _)| other.kind() == tag.kind());
    same.map(|(_, share)| share).sum()
}
