//! Fits the probability of a text to how texts of unseen sets were judged.

use inspect::injection::{Calibration, MAX_LENGTH, SUMMARY, TERMS};

use super::super::corpus::Text;
use super::amid::is_amid;
use super::design::Design;
use super::model::sigmoid;

const STEPS: usize = 1_500;
const RATE: f32 = 0.3;

/// Logistic regression on the terms, both labels and, as far as may be, all sets counting the same.
/// More sentences never make a text more suspicious, since there are more chances for an honest one
/// to look bad, and a worse one never makes it less so.
pub(super) fn fit(judged: &[(&Text, [f32; SUMMARY])], design: &Design) -> Calibration {
    let mut fitted = Calibration { ceiling: design.ceiling, ..Calibration::default() };
    fitted.weights[0] = 0.5;
    let by_set = design.balance.weights(judged.iter().map(|(text, _)| *text));
    let weight = |text: &Text| {
        let share = if is_amid(&text.set) { design.amid_prose } else { 1.0 };
        share * by_set.get(&(text.set.as_str(), text.label)).copied().unwrap_or(1.0)
    };
    let mut totals = [1e-6_f32; 2];
    for (text, _) in judged {
        if let Some(total) = totals.get_mut(usize::from(text.label)) {
            *total += weight(text);
        }
    }
    let rows: Vec<(f32, f32, [f32; TERMS])> = judged
        .iter()
        .map(|(text, summary)| {
            let total = totals.get(usize::from(text.label)).copied().unwrap_or(1.0);
            (0.5 * weight(text) / total, f32::from(text.label), fitted.terms(summary))
        })
        .collect();
    let mut squares = [1e-8_f32; TERMS + 1];
    for _ in 0..STEPS {
        step(&rows, &mut fitted, &mut squares, design.terms);
    }
    fitted
}

/// Only the first terms are weighed.
fn step(
    rows: &[(f32, f32, [f32; TERMS])],
    fitted: &mut Calibration,
    squares: &mut [f32; TERMS + 1],
    terms: usize,
) {
    let mut gradient = [0.0_f32; TERMS + 1];
    for (weight, label, of) in rows {
        let logit: f32 = fitted.weights.iter().zip(of).map(|(weight, one)| weight * one).sum();
        let error = (sigmoid(logit + fitted.offset) - label) * weight;
        for (slope, one) in gradient.iter_mut().zip(of.iter().chain([&1.0])) {
            *slope += error * one;
        }
    }
    let (slopes, offset) = gradient.split_at_mut(TERMS);
    slopes.iter_mut().skip(terms).for_each(|slope| *slope = 0.0);
    let slopes = slopes.iter().chain(offset.iter());
    let all = fitted.weights.iter_mut().chain([&mut fitted.offset]);
    for ((value, slope), square) in all.zip(slopes).zip(squares) {
        *square += slope * slope;
        *value -= RATE * slope / square.sqrt();
    }
    let [highest, top, _, many, _, by_length, _] = &mut fitted.weights;
    *highest = highest.max(0.0);
    *top = top.max(0.0);
    *many = many.min(0.0);
    *by_length = by_length.max(-(*highest + *top) / MAX_LENGTH);
}
