//! `eval structured [FILE.jsonl.gz] [--show]`, `eval structured --clean FOLDER [--show KIND]`: personal data that has a form.
//!
//! Without a file the test set is made here: for every detector of personal data its examples in six
//! settings, and near misses (one digit changed, or the word before it left out). With a file, rows are
//! `{"text", "spans": [{"type", "start", "end"}]}`, offsets in characters. `--clean` counts findings in
//! files that are taken to hold none, by kind, for each megabyte.

mod clean;
mod made;
mod rows;

use std::collections::BTreeMap;
use std::path::Path;

use inspect::{Direction, Engine, Match, Settings};

/// What was right and wrong about one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    found: usize,
    missed: usize,
    wrong: usize,
}

impl Tally {
    fn precision(&self) -> f64 {
        ratio(self.found, self.found + self.wrong)
    }

    fn recall(&self) -> f64 {
        ratio(self.found, self.found + self.missed)
    }

    fn f1(&self) -> f64 {
        ratio(2 * self.found, 2 * self.found + self.wrong + self.missed)
    }

    fn add(&mut self, other: &Self) {
        self.found += other.found;
        self.missed += other.missed;
        self.wrong += other.wrong;
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

type Tallies = BTreeMap<String, Tally>;

pub(crate) fn run(words: &[&str]) -> anyhow::Result<()> {
    let engine = Engine::compile(&Settings::default())?;
    let after = |flag: &str| {
        let at = words.iter().position(|word| *word == flag)?;
        words.get(at + 1).copied()
    };
    if let Some(folder) = after("--clean") {
        return clean::run(&engine, Path::new(folder), after("--show"));
    }
    let show = words.contains(&"--show");
    let file = words.first().filter(|word| !word.starts_with("--"));
    let tallies = match file {
        Some(file) => rows::run(&engine, Path::new(file), show)?,
        None => made::run(&engine, show),
    };
    print(&tallies);
    Ok(())
}

fn print(tallies: &Tallies) {
    println!("{:<32}{:>7}{:>8}{:>7}{:>8}", "kind", "found", "missed", "wrong", "F1");
    let mut all = Tally::default();
    for (kind, tally) in tallies {
        println!(
            "{kind:<32}{:>7}{:>8}{:>7}{:>8.3}",
            tally.found,
            tally.missed,
            tally.wrong,
            tally.f1()
        );
        all.add(tally);
    }
    println!(
        "structured: f1={:.3} precision={:.3} recall={:.3}",
        all.f1(),
        all.precision(),
        all.recall()
    );
}

/// Personal data that the engine finds in a text: kinds and places.
fn find<'e>(engine: &'e Engine, text: &str) -> Vec<(&'e str, Match)> {
    let mut found = Vec::new();
    engine.scan(Direction::Request, text.as_bytes(), &mut found);
    let kinds = found.into_iter().map(|found| (engine.detector(found.detector).kind(), found));
    kinds.filter(|(kind, _)| kind.starts_with("pii.")).collect()
}
