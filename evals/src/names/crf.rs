//! A linear-chain conditional random field, trained text by text with AdaGrad.

use inspect::names::{
    FEATURES, Kind, LANES, ROWS, Reading, Rows, Tag, Token, Transitions, Weights, Windows,
    marginals,
};

use super::dice::Dice;
use super::template::Labelled;

/// How far a weight moves at first.
const RATE: f32 = 0.15;

/// Draws weights towards zero, at each step that touches them.
const DECAY: f32 = 2e-5;

/// Weights beyond this would not fit in their byte.
const MOST: f32 = 7.9;

/// What is nearly right already teaches nothing.
const SMALL: f32 = 2e-3;

/// Of a hundred tokens: how many are seen in training without their word, and without their lists.
/// The model must then go by what stands around, as it must for words that it never saw.
const WITHOUT_WORD: u64 = 14;
const WITHOUT_LISTS: u64 = 6;

/// The field while it is trained.
pub(super) struct Field {
    weights: Weights,
    seen: Vec<[f32; LANES]>,
    seen_steps: Transitions<f32>,
    reading: Reading,
}

impl Field {
    pub(super) fn new() -> Self {
        let nothing = [[0.0; LANES]; LANES + 1];
        Self {
            weights: Weights { rows: vec![[0.0; LANES]; ROWS], transitions: nothing },
            seen: vec![[0.0; LANES]; ROWS],
            seen_steps: nothing,
            reading: Reading::default(),
        }
    }

    pub(super) fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Learns one text; says how unlikely its tags were, in nats, and how many tokens it has.
    pub(super) fn learn(&mut self, text: &Labelled, dice: &mut Dice) -> (f32, usize) {
        let mut windows = Windows::new(&text.text);
        let (mut loss, mut count) = (0.0, 0);
        while let Some(window) = windows.advance() {
            let gold = tags(window, text);
            let blurred: Vec<Token> = window.iter().map(|token| blur(token, dice)).collect();
            self.reading.read(&blurred);
            let rows: Vec<Rows> = (0..blurred.len()).map(|at| self.reading.rows(at)).collect();
            loss += self.step(&rows, &gold);
            count += gold.len();
        }
        (loss, count)
    }

    fn step(&mut self, rows: &[Rows], gold: &[Tag]) -> f32 {
        let scores: Vec<[f32; LANES]> = rows.iter().map(|rows| self.score(rows)).collect();
        let mut steps = [[0.0; LANES]; LANES + 1];
        let (shares, logarithm) = marginals(&scores, &self.weights.transitions, &mut steps);
        let mut before = LANES;
        let mut gold_score = 0.0;
        for ((rows, share), (tag, score)) in rows.iter().zip(&shares).zip(gold.iter().zip(&scores))
        {
            let tag = *tag as usize;
            gold_score += score[tag] + self.weights.transitions[before][tag];
            steps[before][tag] -= 1.0;
            before = tag;
            let mut slope = *share;
            slope[tag] -= 1.0;
            if slope.iter().any(|part| part.abs() > SMALL) {
                self.move_rows(rows, &slope);
            }
        }
        self.move_steps(&steps);
        logarithm - gold_score
    }

    fn score(&self, rows: &Rows) -> [f32; LANES] {
        let mut sums = [0.0; LANES];
        for row in rows {
            let weights = &self.weights.rows[*row as usize];
            sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
        }
        sums
    }

    fn move_rows(&mut self, rows: &Rows, slope: &[f32; LANES]) {
        let rate = RATE * (FEATURES as f32 / 34.0).recip();
        for row in rows {
            let weights = &mut self.weights.rows[*row as usize];
            let seen = &mut self.seen[*row as usize];
            for ((weight, seen), part) in weights.iter_mut().zip(seen).zip(slope) {
                *seen += part * part;
                let step = rate * (part + DECAY * *weight) / (*seen + 0.1).sqrt();
                *weight = (*weight - step).clamp(-MOST, MOST);
            }
        }
    }

    fn move_steps(&mut self, slope: &Transitions<f32>) {
        let weights = self.weights.transitions.iter_mut().flatten();
        for ((weight, seen), part) in
            weights.zip(self.seen_steps.iter_mut().flatten()).zip(slope.iter().flatten())
        {
            *seen += part * part;
            *weight = (*weight - RATE * part / (*seen + 1.0).sqrt()).clamp(-MOST, MOST);
        }
    }
}

/// A token as it would be if its word, or its lists, were not known.
fn blur(token: &Token, dice: &mut Dice) -> Token {
    let mut blurred = *token;
    if token.ends == [0; 4] {
        return blurred;
    }
    if dice.percent(WITHOUT_WORD) {
        blurred.word = dice.next() as u32 | 1;
    }
    if dice.percent(WITHOUT_LISTS) {
        blurred.lists = 0;
    }
    blurred
}

/// The tags that the marks of a text give to the tokens of a window.
fn tags(window: &[Token], text: &Labelled) -> Vec<Tag> {
    let tag = |token: &Token| {
        let mark = text.marks.iter().find(|(_, at)| at.contains(&token.start));
        let Some((kind, at)) = mark else { return Tag::Outside };
        let begins = window.iter().find(|token| at.contains(&token.start)).map(|first| first.start);
        let begins = begins == Some(token.start) && *kind != Kind::Place;
        let wanted = |tag: &&Tag| tag.kind() == Some(*kind) && tag.is_begin() == begins;
        Tag::ALL.iter().find(wanted).copied().unwrap_or(Tag::Outside)
    };
    window.iter().map(tag).collect()
}
