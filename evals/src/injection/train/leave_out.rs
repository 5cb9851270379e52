//! What the models are worth on sets that they have not seen.
//!
//! Sets are dealt into parts so that related ones are left out together; each labelled text is
//! judged by a model that saw none of its part. One threshold for all sets of a channel, taken from
//! the honest texts of all sets so judged.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

use serde::Serialize;

use inspect::injection::{Band, Calibration, Channel, MAX_WINDOWS, SUMMARY};

use super::super::corpus::Text;
use super::example::Example;
use super::{calibrate, model::Model};

/// Sets, by how their names begin, that are left out together.
const PARTS: [&[&str]; 5] = [
    &["agentdojo", "deepset", "mitre_frr"],
    &["bipia", "planted-bipia", "garak", "wildguard", "yanismiraoui"],
    &["toolsim", "planted-tasktracker", "bastion", "promptarmor"],
    &["neuralchemy"],
    &["slabs"],
];
/// Shares of honest texts that may be called attacks.
const SHARES: [f32; 2] = [0.01, 0.001];
/// The same for the thresholds that are shipped: people are annoyed sooner than tools.
const SHIPPED_USER: f32 = 0.005;
const SHIPPED_TOOL: f32 = 0.01;
/// Of [`Calibration::ceiling`]. In material there is none: one planted line stands out among many.
const USER_CEILING: f32 = 7.0;

/// Sets of material, by how their names begin, that the shipped encoder has not seen either.
const NEW_TO_ENCODER: [&str; 4] = ["agentdojo", "bastion", "bipia", "planted-bipia"];

pub(super) struct LeftOut {
    pub(super) report: String,
    pub(super) calibration: Calibration,
}

struct Judged<'t> {
    text: &'t Text,
    summary: [f32; SUMMARY],
    probability: f32,
    /// What the encoder would be asked about.
    worst: Vec<Range<usize>>,
}

/// A judged text as it is written for whoever wants to see what was missed.
#[derive(Serialize)]
struct Line<'t> {
    set: &'t str,
    style: &'t str,
    channel: &'t str,
    label: u8,
    probability: f32,
    summary: [f32; SUMMARY],
    text: &'t str,
}

/// Measures one channel; `log` gets every judged text.
pub(super) fn measure(
    channel: &str,
    texts: &[&Text],
    log: &mut dyn std::io::Write,
) -> anyhow::Result<LeftOut> {
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
        judged.extend(tested.into_iter().map(|text| {
            let summary = model.judge(&text.text, &mut example);
            let worst = model.worst(&example, MAX_WINDOWS);
            Judged { text, summary, probability: 0.0, worst }
        }));
    }
    let ceiling = if channel == "user" { USER_CEILING } else { f32::MAX };
    let summaries: Vec<_> = judged.iter().map(|one| (one.text, one.summary)).collect();
    let mut calibration = calibrate::fit(&summaries, ceiling);
    for one in &mut judged {
        one.probability = calibration.probability(&one.summary);
    }
    let mut report = report(channel, &judged, &mut calibration);
    if channel == "tool" {
        report.push_str(&in_doubt(&judged, calibration.threshold));
    }
    for one in &judged {
        let Text { set, style, channel, label, text, .. } = one.text;
        let line = Line {
            set,
            style,
            channel,
            label: *label,
            probability: one.probability,
            summary: one.summary,
            text,
        };
        writeln!(log, "{}", serde_json::to_string(&line)?)?;
    }
    Ok(LeftOut { report, calibration })
}

fn report(channel: &str, judged: &[Judged<'_>], calibration: &mut Calibration) -> String {
    let mut honest: Vec<f32> =
        judged.iter().filter(|one| one.text.label == 0).map(|one| one.probability).collect();
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
            let hits = of.iter().filter(|one| one.probability > from).count();
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
    let share = if channel == "user" { SHIPPED_USER } else { SHIPPED_TOOL };
    calibration.threshold = threshold(&honest, share);
    let _ = writeln!(
        out,
        "\nthreshold at 1 %: {at_1:.3}, at 0.1 %: {at_01:.3}, shipped: {:.3}; weights of highest, top three, mean, ln(count): {:.2?}, offset {:.2}\n",
        calibration.threshold, calibration.weights, calibration.offset
    );
    out
}

/// The shipped threshold without and with the encoder, for sets that are new to it as well.
fn in_doubt(judged: &[Judged<'_>], threshold: f32) -> String {
    let band = Band::around(threshold);
    let mut sets: BTreeMap<(&str, u8), [f32; 4]> = BTreeMap::new();
    for one in judged {
        let set = one.text.set.as_str();
        if !NEW_TO_ENCODER.iter().any(|name| set.starts_with(name)) {
            continue;
        }
        let windows = one.worst.iter().filter_map(|range| one.text.text.get(range.clone()));
        let both = band.revised(Channel::Tool, one.probability, windows);
        let shows =
            [true, band.contains(one.probability), one.probability > threshold, both > threshold];
        for name in [set, "all"] {
            let counts = sets.entry((name, one.text.label)).or_default();
            for (count, shows) in counts.iter_mut().zip(shows) {
                *count += f32::from(u8::from(shows));
            }
        }
    }
    let mut out = "Called attacks at the shipped threshold, in percent, by the linear model alone and with the encoder in doubt (sets that neither has seen):\n\n| set | | texts | in doubt | linear alone | with the encoder |\n| --- | --- | --- | --- | --- | --- |\n".to_owned();
    for ((set, label), [all, asked, alone, both]) in sets {
        let what = if label == 1 { "attacks" } else { "honest" };
        let [asked, alone, both] = [asked, alone, both].map(|count| 100.0 * count / all);
        let _ = writeln!(out, "| {set} | {what} | {all} | {asked:.1} | {alone:.1} | {both:.1} |");
    }
    out + "\n"
}

/// The probability above which `share` of the honest lie; they are sorted, the highest first.
fn threshold(honest: &[f32], share: f32) -> f32 {
    let at = (honest.len() as f32 * share) as usize;
    honest.get(at).copied().unwrap_or(0.0)
}
