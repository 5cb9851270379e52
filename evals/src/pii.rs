//! `eval pii FILE`: personal data in labelled texts, found by the whole engine and by `names::find`.
//!
//! A row is `{"text", "spans": [{"type", "start", "end"}]}`, offsets in characters. A span is found if findings of
//! a kind that its type stands for cover at least half of it. A finding is right if it overlaps a span of a
//! type that its kind stands for, and false otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::time::Instant;

use inspect::names::Model;
use inspect::{Direction, Engine, Settings};
use serde::Deserialize;

use crate::names::{parse_model, read_model};
use crate::rows;
use crate::tally::{Tally, covers_half, overlap};

/// What a type of span stands for.
struct Type {
    names: &'static [&'static str],
    group: Group,
    /// Kinds that find it, by how they begin.
    kinds: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Structured,
    Names,
    Addresses,
    /// By itself no personal data, and reported as a kind of its own. In an address it is neither right
    /// nor wrong to find one; nor is an address that is found where only a place is marked.
    Places,
    LeftOut,
}

const TYPES: &[Type] = &[
    Type { names: &["CREDIT_CARD"], group: Group::Structured, kinds: &["pii.payment_card"] },
    Type { names: &["PHONE_NUMBER", "PHONE"], group: Group::Structured, kinds: &["pii.phone"] },
    Type { names: &["EMAIL_ADDRESS", "EMAIL"], group: Group::Structured, kinds: &["pii.email"] },
    Type { names: &["IBAN_CODE", "IBAN"], group: Group::Structured, kinds: &["pii.iban"] },
    Type { names: &["US_SSN", "SSN"], group: Group::Structured, kinds: &["pii.us_ssn"] },
    Type { names: &["IP_ADDRESS"], group: Group::Structured, kinds: &["pii.ip"] },
    Type {
        names: &["US_DRIVER_LICENSE"],
        group: Group::Structured,
        kinds: &["pii.us_driver", "pii.driver", "pii.driving"],
    },
    Type { names: &["PERSON"], group: Group::Names, kinds: &["pii.person_name"] },
    Type {
        names: &["ORGANIZATION", "ORGANISATION"],
        group: Group::Names,
        kinds: &["pii.organisation"],
    },
    Type {
        names: &["ADDRESS", "STREET_ADDRESS"],
        group: Group::Addresses,
        kinds: &["pii.postal_address"],
    },
    Type { names: &["LOCATION", "GPE"], group: Group::Places, kinds: &["pii.place"] },
    Type {
        names: &["DATE_TIME"],
        group: Group::LeftOut,
        kinds: &["pii.date_of_birth", "pii.birth"],
    },
];

impl Type {
    /// The type of a span; one that is not in the table is left out.
    fn of(name: &str) -> &'static Self {
        const OTHER: Type = Type { names: &[], group: Group::LeftOut, kinds: &[] };
        TYPES.iter().find(|declared| declared.names.contains(&name)).unwrap_or(&OTHER)
    }

    fn takes(&self, kind: &str) -> bool {
        self.kinds.iter().any(|begin| kind.starts_with(begin))
    }
}

#[derive(Deserialize)]
struct Row {
    text: String,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    r#type: String,
    start: usize,
    end: usize,
}

/// Something found: its kind and bytes.
type Finding<'e> = (&'e str, Range<usize>);

/// A marked stretch of a text, in bytes.
type Marked<'r> = (&'r str, Range<usize>);

/// Sums over all texts.
#[derive(Default)]
struct Report {
    tallies: BTreeMap<String, Tally>,
    left_out: BTreeMap<String, usize>,
    /// What false findings of a type lie on.
    false_on: BTreeMap<(String, String), usize>,
    bytes: usize,
    seconds: f64,
}

/// What a finding is.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Right,
    False,
    Neither,
}

/// What a finding of a kind is, over spans of these types.
fn verdict(kind: &str, own: Option<&Type>, overlapping: &BTreeSet<&str>) -> Verdict {
    let mut fitting = overlapping.iter().map(|name| Type::of(name)).filter(|one| one.takes(kind));
    if let Some(first) = fitting.next() {
        return if first.group == Group::LeftOut { Verdict::Neither } else { Verdict::Right };
    }
    let is_beside = match own.map(|own| own.group) {
        Some(Group::LeftOut) => true,
        Some(Group::Places) => {
            overlapping.contains("ADDRESS") || overlapping.contains("STREET_ADDRESS")
        }
        Some(Group::Addresses) => {
            overlapping.iter().any(|name| Type::of(name).group == Group::Places)
        }
        _ => false,
    };
    if is_beside { Verdict::Neither } else { Verdict::False }
}

pub(crate) fn run(path: &Path, model: Option<&Path>) -> anyhow::Result<()> {
    let rows: Vec<Row> = rows::read(path)?;
    let file = model.map(read_model).transpose()?;
    let model = file.as_deref().map_or_else(|| Ok(Model::built_in().clone()), parse_model)?;
    let engine = Engine::compile(&Settings::default())?;
    // What is made at the first use is made before the clock starts.
    scan(&engine, &model, "Dear Anna");
    let mut report = Report::default();
    for row in &rows {
        let started = Instant::now();
        let found = scan(&engine, &model, &row.text);
        report.seconds += started.elapsed().as_secs_f64();
        report.bytes += row.text.len();
        report.add(&marked(row), &found);
    }
    report.print();
    Ok(())
}

fn scan<'e>(engine: &'e Engine, model: &Model<'_>, text: &str) -> Vec<Finding<'e>> {
    let mut matches = Vec::new();
    engine.scan(Direction::Request, text.as_bytes(), &mut matches);
    let structured = matches.into_iter().map(|m| (engine.detector(m.detector).kind(), m.range));
    let named = model.find(text).into_iter().map(|found| (found.kind.name(), found.range));
    structured.chain(named).filter(|(kind, _)| kind.starts_with("pii.")).collect()
}

/// The marked stretches in bytes.
fn marked(row: &Row) -> Vec<Marked<'_>> {
    let ends = row.text.char_indices().map(|(at, _)| at).chain([row.text.len()]);
    let bytes: Vec<usize> = ends.collect();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(row.text.len());
    row.spans.iter().map(|span| (span.r#type.as_str(), byte(span.start)..byte(span.end))).collect()
}

impl Report {
    fn add(&mut self, marked: &[Marked<'_>], found: &[Finding<'_>]) {
        for (name, at) in marked {
            let declared = Type::of(name);
            if matches!(declared.group, Group::LeftOut) {
                *self.left_out.entry((*name).to_owned()).or_default() += 1;
                continue;
            }
            let fit: Vec<Range<usize>> = found
                .iter()
                .filter(|(kind, _)| declared.takes(kind))
                .map(|(_, at)| at.clone())
                .collect();
            let tally = self.tallies.entry((*name).to_owned()).or_default();
            tally.marked += 1;
            tally.hit += usize::from(covers_half(at, &fit));
        }
        for (kind, at) in found {
            self.judge(kind, at, marked);
        }
    }

    /// Counts a finding under the type that it should have been.
    fn judge(&mut self, kind: &str, at: &Range<usize>, marked: &[Marked<'_>]) {
        let overlapping: BTreeSet<&str> = marked
            .iter()
            .filter(|(_, span)| overlap(span, at) > 0)
            .map(|(name, _)| *name)
            .collect();
        let own = TYPES.iter().find(|declared| declared.takes(kind));
        let name = own.and_then(|declared| declared.names.first()).map_or(kind, |name| *name);
        match verdict(kind, own, &overlapping) {
            Verdict::Neither => {}
            Verdict::Right => {
                let tally = self.tallies.entry(name.to_owned()).or_default();
                (tally.found, tally.right) = (tally.found + 1, tally.right + 1);
            }
            Verdict::False => {
                self.tallies.entry(name.to_owned()).or_default().found += 1;
                let on = overlapping.first().map_or("nothing that is marked", |name| *name);
                *self.false_on.entry((name.to_owned(), on.to_owned())).or_default() += 1;
            }
        }
    }

    fn sum(&self, wanted: impl Fn(Group) -> bool) -> Tally {
        let mut sum = Tally::default();
        for (name, tally) in &self.tallies {
            let group =
                if name.starts_with("pii.") { Group::Structured } else { Type::of(name).group };
            if wanted(group) {
                sum.add(*tally);
            }
        }
        sum
    }

    fn print(&self) {
        println!(
            "{:<24} {:>7} {:>7} {:>9} {:>7} {:>6}",
            "", "marked", "found", "precision", "recall", "F1"
        );
        let line = |name: &str, tally: Tally| {
            let (precision, recall, f1) = (tally.precision(), tally.recall(), tally.f1());
            let (marked, found) = (tally.marked, tally.found);
            println!("{name:<24} {marked:>7} {found:>7} {precision:>9.3} {recall:>7.3} {f1:>6.3}");
        };
        self.tallies.iter().for_each(|(name, tally)| line(name, *tally));
        let structured = self.sum(|group| group == Group::Structured);
        let names = self.sum(|group| group == Group::Names);
        let addresses = self.sum(|group| group == Group::Addresses);
        let places = self.sum(|group| group == Group::Places);
        let open = self.sum(|group| matches!(group, Group::Names | Group::Addresses));
        let all = self.sum(|group| group != Group::Places);
        line("structured", structured);
        line("names", names);
        line("addresses", addresses);
        line("names and addresses", open);
        line("places, by themselves", places);
        for ((name, on), count) in &self.false_on {
            println!("false {name} on {on}: {count}");
        }
        for (name, count) in &self.left_out {
            println!("left out, by itself no personal data: {name} ({count})");
        }
        println!(
            "pii: structured_f1={:.3} names_f1={:.3} addresses_f1={:.3} precision={:.3} recall={:.3} mb_per_s={:.1}",
            structured.f1(),
            names.f1(),
            addresses.f1(),
            all.precision(),
            all.recall(),
            self.bytes as f64 / 1e6 / self.seconds.max(1e-9),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(kind: &str, on: &[&str]) -> Verdict {
        let own = TYPES.iter().find(|declared| declared.takes(kind));
        verdict(kind, own, &on.iter().copied().collect())
    }

    #[test]
    fn a_finding_is_right_on_its_type_and_false_on_another_or_on_nothing() {
        assert_eq!(judged("pii.person_name", &["PERSON"]), Verdict::Right);
        assert_eq!(judged("pii.person_name", &["ORGANIZATION"]), Verdict::False);
        assert_eq!(judged("pii.person_name", &[]), Verdict::False);
        assert_eq!(judged("pii.phone", &["CREDIT_CARD"]), Verdict::False);
        assert_eq!(judged("pii.unheard_of", &["PERSON"]), Verdict::False);
    }

    #[test]
    fn a_place_in_an_address_and_an_address_on_a_place_are_neither() {
        assert_eq!(judged("pii.place", &["ADDRESS"]), Verdict::Neither);
        assert_eq!(judged("pii.postal_address", &["LOCATION"]), Verdict::Neither);
        assert_eq!(judged("pii.postal_address", &["ADDRESS", "LOCATION"]), Verdict::Right);
        assert_eq!(judged("pii.place", &["LOCATION"]), Verdict::Right);
        assert_eq!(judged("pii.place", &["PERSON"]), Verdict::False);
    }

    #[test]
    fn offsets_in_characters_become_bytes() {
        let span = Span { r#type: "PERSON".to_owned(), start: 6, end: 10 };
        let row = Row { text: "Grüße José!".to_owned(), spans: vec![span] };
        let (_, at) = marked(&row).remove(0);
        assert_eq!(&row.text[at], "José");
    }

    #[test]
    fn a_missed_span_and_a_false_finding_count_against() {
        let mut report = Report::default();
        report.add(&[("PERSON", 0..4), ("DATE_TIME", 9..12)], &[("pii.person_name", 20..24)]);
        let tally = report.tallies["PERSON"];
        assert_eq!(tally, Tally { marked: 1, hit: 0, found: 1, right: 0 });
        assert_eq!(report.left_out["DATE_TIME"], 1);
    }
}
