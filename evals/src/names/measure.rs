//! How well what is found fits what is marked: by kind and language, on texts that were held out.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use inspect::names::{Kind, Model};

use super::lexicon::Language;
use super::template::Labelled;
use crate::tally::{Tally, covers_half, overlap};

/// The tallies of a test.
pub(super) struct Scores {
    half: BTreeMap<(Kind, Language), Tally>,
    exact: BTreeMap<Kind, Tally>,
}

pub(super) fn held_out(model: &Model<'_>, texts: &[(Language, Vec<Labelled>)]) -> Scores {
    let mut scores = Scores { half: BTreeMap::new(), exact: BTreeMap::new() };
    for (language, texts) in texts {
        for text in texts {
            let found = model.find(&text.text);
            for kind in Kind::ALL {
                let marked: Vec<_> = text
                    .marks
                    .iter()
                    .filter(|(k, _)| *k == kind)
                    .map(|(_, at)| at.clone())
                    .collect();
                let found: Vec<_> =
                    found.iter().filter(|f| f.kind == kind).map(|f| f.range.clone()).collect();
                scores.half.entry((kind, *language)).or_default().add(by_half(&marked, &found));
                scores.exact.entry(kind).or_default().add(by_edges(&marked, &found));
            }
        }
    }
    scores
}

fn by_half(marked: &[Range<usize>], found: &[Range<usize>]) -> Tally {
    let hit = marked.iter().filter(|at| covers_half(at, found)).count();
    let right = found.iter().filter(|at| marked.iter().any(|m| overlap(m, at) > 0)).count();
    Tally { marked: marked.len(), hit, found: found.len(), right }
}

fn by_edges(marked: &[Range<usize>], found: &[Range<usize>]) -> Tally {
    // A full stop that ends both the name and the sentence counts for neither.
    let near = |one: &Range<usize>, other: &Range<usize>| {
        one.start == other.start && one.end.abs_diff(other.end) <= 1
    };
    let hit = found.iter().filter(|at| marked.iter().any(|m| near(m, at))).count();
    Tally { marked: marked.len(), hit, found: found.len(), right: hit }
}

impl Scores {
    pub(super) fn rows(&self) -> Vec<(String, Tally)> {
        let mut rows = Vec::new();
        for kind in Kind::ALL {
            let mut all = Tally::default();
            for language in Language::ALL {
                let tally = self.half.get(&(kind, language)).copied().unwrap_or_default();
                all.add(tally);
                rows.push((format!("{} {}", kind.name(), language.code()), tally));
            }
            rows.push((format!("{} all", kind.name()), all));
            let exact = self.exact.get(&kind).copied().unwrap_or_default();
            rows.push((format!("{} all, same edges", kind.name()), exact));
        }
        rows
    }

    pub(super) fn summary(&self) -> String {
        let of = |kind: Kind| {
            let mut all = Tally::default();
            self.half
                .iter()
                .filter(|((k, _), _)| *k == kind)
                .for_each(|(_, tally)| all.add(*tally));
            all.f1()
        };
        let [person, address, organisation, place] = Kind::ALL.map(of);
        format!(
            "person_f1={person:.3} address_f1={address:.3} organisation_f1={organisation:.3} place_f1={place:.3}"
        )
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<44} {:>7} {:>9} {:>7} {:>6}",
            "held out", "marked", "precision", "recall", "F1"
        )?;
        for (name, tally) in self.rows() {
            let (precision, recall, f1) = (tally.precision(), tally.recall(), tally.f1());
            writeln!(f, "{name:<44} {:>7} {precision:>9.3} {recall:>7.3} {f1:>6.3}", tally.marked)?;
        }
        Ok(())
    }
}
