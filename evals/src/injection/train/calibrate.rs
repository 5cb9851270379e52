//! Fits the probability of a text to how texts of unseen sets were judged.

use inspect::injection::{Calibration, SUMMARY};

use super::super::corpus::Text;
use super::model::{set_weights, sigmoid};

const STEPS: usize = 1_500;
const RATE: f32 = 0.3;

/// Logistic regression on the summaries, both labels and, as far as may be, all sets counting the
/// same. A longer text is never the more suspicious for its length: there are more chances for an
/// honest sentence to look bad.
pub(super) fn fit(judged: &[(&Text, [f32; SUMMARY])], ceiling: f32) -> Calibration {
    let mut fitted =
        Calibration { weights: [0.5, 0.0, 0.0, 0.0], ceiling, ..Calibration::default() };
    let by_set = set_weights(judged.iter().map(|(text, _)| *text));
    let weight = |text: &Text| by_set.get(&(text.set.as_str(), text.label)).copied().unwrap_or(1.0);
    let mut totals = [1e-6_f32; 2];
    for (text, _) in judged {
        if let Some(total) = totals.get_mut(usize::from(text.label)) {
            *total += weight(text);
        }
    }
    let rows: Vec<(f32, f32, [f32; SUMMARY])> = judged
        .iter()
        .map(|(text, summary)| {
            let total = totals.get(usize::from(text.label)).copied().unwrap_or(1.0);
            (0.5 * weight(text) / total, f32::from(text.label), fitted.capped(summary))
        })
        .collect();
    let mut squares = [1e-8_f32; SUMMARY + 1];
    for _ in 0..STEPS {
        step(&rows, &mut fitted, &mut squares);
    }
    fitted
}

fn step(
    rows: &[(f32, f32, [f32; SUMMARY])],
    fitted: &mut Calibration,
    squares: &mut [f32; SUMMARY + 1],
) {
    let mut gradient = [0.0_f32; SUMMARY + 1];
    for (weight, label, summary) in rows {
        let logit: f32 = fitted.weights.iter().zip(summary).map(|(weight, one)| weight * one).sum();
        let error = (sigmoid(logit + fitted.offset) - label) * weight;
        for (slope, one) in gradient.iter_mut().zip(summary.iter().chain([&1.0])) {
            *slope += error * one;
        }
    }
    let all = fitted.weights.iter_mut().chain([&mut fitted.offset]);
    for ((value, slope), square) in all.zip(gradient).zip(squares) {
        *square += slope * slope;
        *value -= RATE * slope / square.sqrt();
    }
    let [highest, top, _, length] = &mut fitted.weights;
    *highest = highest.max(0.0);
    *top = top.max(0.0);
    *length = length.min(0.0);
}
