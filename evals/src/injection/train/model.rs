//! Logistic regression with AdaGrad over candidates; which part of an attack is malicious, where it
//! is not known, is decided anew in each pass by the model so far.

use std::collections::HashMap;
use std::ops::Range;

use inspect::injection::features::{GRAM_SLOTS, SIGN_SLOTS, sign_slots};
use inspect::injection::{Calibration, Candidate, SUMMARY, Weights, summary};

use super::super::corpus::Text;
use super::super::corpus::dice::Dice;
use super::example::{Example, Known};

const PASSES: usize = 6;
const GRAM_RATE: f32 = 0.35;
const SIGN_RATE: f32 = 0.05;
/// Pulls weights towards 0 where they are used.
const DECAY: f32 = 2e-5;
/// The sum of a text's weights over its candidates of one kind is at most so large.
const TEXT_WEIGHT: f32 = 4.0;
/// Of candidates that may be the attack, the best so many of a hundred are taken for it.
const CHOSEN_PERCENT: usize = 34;

/// How much the texts of a set count: large sets must not drown small ones.
#[derive(Clone, Copy)]
pub(super) struct Balance {
    /// A text of a set of more than so many counts the less.
    pub(super) full: f32,
    /// A text of a small set counts at most so many times.
    pub(super) most: f32,
}

pub(super) struct Model {
    grams: Slots,
    signs: Slots,
    bias: f32,
}

/// Weights with the sums of their squared gradients.
struct Slots {
    weights: Vec<f32>,
    squares: Vec<f32>,
    rate: f32,
}

impl Slots {
    fn new(length: usize, rate: f32) -> Self {
        Self { weights: vec![0.0; length], squares: vec![1e-2; length], rate }
    }

    fn get(&self, slot: usize) -> f32 {
        self.weights.get(slot).copied().unwrap_or(0.0)
    }

    fn learn(&mut self, slot: usize, gradient: f32) {
        let (Some(weight), Some(square)) = (self.weights.get_mut(slot), self.squares.get_mut(slot))
        else {
            return;
        };
        let gradient = gradient + DECAY * *weight;
        *square += gradient * gradient;
        *weight -= self.rate * gradient / square.sqrt();
    }
}

impl Model {
    pub(super) fn train(texts: &[&Text], balance: Balance) -> Self {
        let mut model = Self {
            grams: Slots::new(GRAM_SLOTS, GRAM_RATE),
            signs: Slots::new(SIGN_SLOTS, SIGN_RATE),
            bias: -2.0,
        };
        let set_weights = balance.weights(texts.iter().copied());
        let mut order: Vec<usize> = (0..texts.len()).collect();
        let mut dice = Dice::new(17);
        let mut example = Example::default();
        for pass in 0..PASSES {
            for last in (1..order.len()).rev() {
                order.swap(last, dice.below(last + 1));
            }
            for text in order.iter().filter_map(|at| texts.get(*at)) {
                example.read(&text.text);
                let weight =
                    set_weights.get(&(text.set.as_str(), text.label)).copied().unwrap_or(1.0);
                model.learn_text(text, &example, weight, pass);
            }
        }
        model
    }

    fn learn_text(&mut self, text: &Text, example: &Example, weight: f32, pass: usize) {
        let mut attacks: Vec<&Candidate> = Vec::new();
        let mut honest: Vec<&Candidate> = Vec::new();
        let mut unknown: Vec<&Candidate> = Vec::new();
        for candidate in &example.reading.candidates {
            match example.known(text, candidate) {
                Known::Attack => attacks.push(candidate),
                Known::Honest => honest.push(candidate),
                Known::Unknown => unknown.push(candidate),
                Known::Neither => {}
            }
        }
        attacks.extend(self.chosen(example, unknown, pass));
        for (candidates, label) in [(attacks, 1.0), (honest, 0.0)] {
            let share = weight * (TEXT_WEIGHT / candidates.len() as f32).min(1.0);
            // What is honest must be honest everywhere: its hardest candidates count in full.
            for candidate in candidates {
                let logit = self.logit(example, candidate);
                let probability = sigmoid(logit);
                let weight = if label == 0.0 { share.max(weight * probability) } else { share };
                self.learn(example, candidate, (probability - label) * weight);
            }
        }
    }

    /// Of candidates that may be the attack, the most suspicious.
    fn chosen<'c>(
        &self,
        example: &Example,
        unknown: Vec<&'c Candidate>,
        pass: usize,
    ) -> Vec<&'c Candidate> {
        if pass == 0 || unknown.len() < 3 {
            return unknown;
        }
        let mut scored: Vec<(f32, &Candidate)> =
            unknown.into_iter().map(|one| (self.logit(example, one), one)).collect();
        scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let keep = (scored.len() * CHOSEN_PERCENT).div_ceil(100);
        scored.into_iter().take(keep).map(|(_, one)| one).collect()
    }

    fn learn(&mut self, example: &Example, candidate: &Candidate, gradient: f32) {
        if gradient.abs() < 1e-4 {
            return;
        }
        let grams = example.grams(candidate);
        let each = gradient / (grams.len().max(1) as f32).sqrt();
        for slot in grams {
            self.grams.learn(*slot as usize, each);
        }
        sign_slots(&candidate.seen, |slot| self.signs.learn(slot, gradient * 0.3));
        self.bias -= 0.01 * gradient;
    }

    pub(super) fn logit(&self, example: &Example, candidate: &Candidate) -> f32 {
        let grams = example.grams(candidate);
        let sum: f32 = grams.iter().map(|slot| self.grams.get(*slot as usize)).sum();
        let mut logit = self.bias + sum / (grams.len().max(1) as f32).sqrt();
        sign_slots(&candidate.seen, |slot| logit += self.signs.get(slot));
        logit
    }

    /// The text summed up, as calibration takes it; a text without a candidate is as honest as can be.
    pub(super) fn judge(&self, text: &str, example: &mut Example) -> [f32; SUMMARY] {
        example.read(text);
        let candidates = example.reading.candidates.iter();
        summary(candidates.map(|one| self.logit(example, one)), text.len())
            .unwrap_or([-12.0, -12.0, -12.0, 0.0, 0.0])
    }

    /// The bytes of the candidates of the text last read that look worst, as the shipped judge picks them.
    pub(super) fn worst(&self, example: &Example, most: usize) -> Vec<Range<usize>> {
        let candidates = example.reading.candidates.iter();
        let mut order: Vec<(f32, &Candidate)> =
            candidates.map(|one| (self.logit(example, one), one)).collect();
        order.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        order.into_iter().take(most).map(|(_, one)| example.reading.range(one)).collect()
    }

    pub(super) fn bytes(&self, calibration: &Calibration) -> Vec<u8> {
        Weights::write(&self.grams.weights, &self.signs.weights, self.bias, calibration)
    }
}

pub(super) fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

impl Balance {
    /// By set and label.
    pub(super) fn weights<'t>(
        self,
        texts: impl Iterator<Item = &'t Text>,
    ) -> HashMap<(&'t str, u8), f32> {
        let mut counts: HashMap<(&str, u8), f32> = HashMap::new();
        for text in texts {
            *counts.entry((text.set.as_str(), text.label)).or_default() += 1.0;
        }
        let weight = |count: f32| (self.full / count).sqrt().min(self.most);
        counts.into_iter().map(|(key, count)| (key, weight(count))).collect()
    }
}
