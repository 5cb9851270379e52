//! Measures the shipped models on labelled rows, behind the views that ship with them.

use std::collections::BTreeMap;
use std::path::Path;

use inspect::injection::{Channel, glance};
use inspect::{Origin, suspicion};

use super::cpu_time;

/// A row to be judged: `{"set", "label", "channel", "text"}`.
#[derive(Clone, serde::Deserialize)]
pub(super) struct Row {
    #[serde(default)]
    pub(super) set: String,
    pub(super) label: u8,
    #[serde(default)]
    pub(super) channel: String,
    pub(super) text: String,
    /// Where a set has them: kept apart in the table.
    #[serde(default)]
    pub(super) attack: String,
    #[serde(default)]
    pub(super) suite: String,
}

impl Row {
    pub(super) fn origin(&self) -> Origin {
        match self.channel.as_str() {
            "tool" | "tool_output" | "memory" | "web" | "file" => Origin::Tool,
            _ => Origin::User,
        }
    }

    fn group(&self) -> String {
        let parts = [&self.set, &self.suite, &self.attack];
        let parts: Vec<&str> =
            parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        parts.join(" ")
    }
}

/// Honest prompts full of words that attacks use, under headings that say of what kind they are; no
/// model is trained on them.
const TRIGGERS: &str = include_str!("../../injection/trigger-words.txt");

/// The prompts with their kinds.
fn trigger_prompts() -> Vec<(&'static str, &'static str)> {
    let mut kind = "";
    let mut prompts = Vec::new();
    for line in TRIGGERS.lines() {
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(heading) => kind = heading,
            None => prompts.push((kind, line)),
        }
    }
    prompts
}

/// How many of each kind are called attacks, and which.
pub(super) fn triggers() -> anyhow::Result<()> {
    let threshold = Channel::User.threshold();
    let mut kinds: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for (kind, prompt) in trigger_prompts() {
        let scored = suspicion(Origin::User, prompt);
        let is_alarm = scored.probability >= threshold;
        let [prompts, alarms] = kinds.entry(kind).or_default();
        (*prompts, *alarms) = (*prompts + 1, *alarms + usize::from(is_alarm));
        if is_alarm {
            println!("{:.3} {kind}: {prompt} ({})", scored.probability, scored.reason());
        }
    }
    println!("| kind | prompts | called attacks |\n| --- | --- | --- |");
    for (kind, [prompts, alarms]) in &kinds {
        println!("| {kind} | {prompts} | {alarms} |");
    }
    let [prompts, alarms] =
        kinds.values().fold([0, 0], |[all, called], [one, two]| [all + one, called + two]);
    println!("triggers: prompts={prompts} false_alarms={alarms}");
    Ok(())
}

pub(super) struct Judged {
    pub(super) origin: Origin,
    pub(super) label: u8,
    group: String,
    pub(super) probability: f32,
}

/// What the figures of one channel are measured against.
pub(super) struct Bar {
    pub(super) at_1: f32,
    at_01: f32,
    shipped: f32,
}

impl Bar {
    pub(super) fn of(judged: &[Judged], origin: Origin) -> Self {
        let honest = judged.iter().filter(|one| one.label == 0 && one.origin == origin);
        let mut honest: Vec<f32> = honest.map(|one| one.probability).collect();
        honest.sort_by(|one, other| other.total_cmp(one));
        let from = |share: f32| honest.get((honest.len() as f32 * share) as usize).copied();
        let shipped = Channel::of(origin).map_or(1.0, Channel::threshold);
        Self { at_1: from(0.01).unwrap_or(shipped), at_01: from(0.001).unwrap_or(shipped), shipped }
    }
}

pub(super) fn judge(rows: &[Row]) -> Vec<Judged> {
    let judged = |row: &Row| Judged {
        origin: row.origin(),
        label: row.label,
        group: row.group(),
        probability: suspicion(row.origin(), &row.text).probability,
    };
    rows.iter().map(judged).collect()
}

/// Prints a table for each set, and the line for machines.
pub(super) fn run(file: &Path) -> anyhow::Result<()> {
    let rows: Vec<Row> = crate::rows::read(file)?;
    let before = cpu_time();
    let judged = judge(&rows);
    let spent = cpu_time().saturating_sub(before);
    let before = cpu_time();
    for row in &rows {
        std::hint::black_box(glance(row.origin(), &row.text));
    }
    let first_tier = cpu_time().saturating_sub(before);
    let bars = [Origin::User, Origin::Tool].map(|origin| (origin, Bar::of(&judged, origin)));
    println!(
        "| set | channel | n | honest | recall at 0.1 % | recall at 1 % | recall shipped | false alarms shipped |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (origin, bar) in &bars {
        table(&judged, *origin, bar);
    }
    let of = |origin: Origin, label: u8| {
        judged.iter().filter(move |one| one.origin == origin && one.label == label)
    };
    let recall = |(origin, bar): &(Origin, Bar)| share(of(*origin, 1), bar.at_1);
    let false_alarms = bars.iter().map(|(origin, bar)| (of(*origin, 0), bar.shipped));
    let alarms: usize =
        false_alarms.map(|(of, from)| of.filter(|one| one.probability > from).count()).sum();
    let honest = judged.iter().filter(|one| one.label == 0).count();
    let kilobytes = rows.iter().map(|row| row.text.len()).sum::<usize>() as f64 / 1024.0;
    let [user, tool] = &bars;
    println!(
        "injection: tool_recall_at_1pct={:.4} user_recall_at_1pct={:.4} benign_false_alarms={:.4} linear_us_per_kb={:.2} us_per_kb={:.2}",
        recall(tool),
        recall(user),
        alarms as f32 / honest.max(1) as f32,
        first_tier.as_secs_f64() * 1e6 / kilobytes.max(1e-9),
        spent.as_secs_f64() * 1e6 / kilobytes.max(1e-9),
    );
    Ok(())
}

fn table(judged: &[Judged], origin: Origin, bar: &Bar) {
    let mut groups: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    for one in judged.iter().filter(|one| one.origin == origin) {
        groups.entry(&one.group).or_default().push(one);
    }
    let channel = if origin == Origin::User { "user" } else { "tool" };
    for (group, all) in groups {
        let of = |label: u8| all.iter().copied().filter(move |one| one.label == label);
        let (attacks, honest) = (of(1).count(), of(0).count());
        let cell = |count: usize, share: f32| {
            if count == 0 { String::new() } else { format!("{:.1}", 100.0 * share) }
        };
        println!(
            "| {group} | {channel} | {} | {honest} | {} | {} | {} | {} |",
            all.len(),
            cell(attacks, share(of(1), bar.at_01)),
            cell(attacks, share(of(1), bar.at_1)),
            cell(attacks, share(of(1), bar.shipped)),
            cell(honest, share(of(0), bar.shipped)),
        );
    }
}

/// The share of those that lie above.
pub(super) fn share<'j>(of: impl Iterator<Item = &'j Judged>, from: f32) -> f32 {
    let (mut all, mut above) = (0.0_f32, 0.0);
    for one in of {
        all += 1.0;
        above += f32::from(u8::from(one.probability > from));
    }
    above / all.max(1.0)
}
