//! The corpus that the detectors of instructions are trained on, the same for the same data.
//!
//! Labelled rows come by argument; everything else is made here from the grammars. Two files:
//!
//! `train.jsonl`, units of at most a window (see `inspect::injection::windows`), one a line:
//!
//! ```json
//! {"text": "…", "channel": "user|tool", "label": 0, "weight": 1.0, "group": 123, "set": "…", "style": "…", "fold": 0}
//! ```
//!
//! `whole.jsonl`, whole texts with the same keys, `weight` always 1; where an attack was planted or
//! could be told apart, `planted` holds its ranges of bytes.
//!
//! - `channel`: whose text it is; `user` for what a person types, `tool` for material. A row whose
//!   source says both stands once in each.
//! - `label`: 1 for an attack. A unit of an attack's text that does not touch the attack has 0; one
//!   that touches only a part of it is left out.
//! - `weight`: 1; less where the attack's text is long and which part is malicious is unknown
//!   (`1 / units`, at least 0.1): such units are for re-selection, or to be taken with a pinch of salt.
//! - `group`: near-duplicates share it. `fold`, 0 to 4, comes from the group, so that no
//!   near-duplicate stands in two folds. For a harder split leave out whole `set`s or `style`s.
//! - `set`: the labelled set (`agentdojo-banking` with its suite) or `made-…` for our own:
//!   `made-benign`, `made-prompts`, `made-planted` (own task in own or given material),
//!   `made-direct`, `planted-SET` (strings of a labelled set in material).
//!   `documents-N` holds parts of given documents, N by their package.
//! - `style`: the attack's style, category or source; for our own the grammar's rule.

mod attack;
pub(crate) mod dice;
pub(crate) mod disguise;
mod documents;
pub(crate) mod grammar;
mod groups;
mod labelled;
mod made;
mod material;
mod records;
mod units;

use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

pub(crate) use labelled::Row;
pub(crate) use made::{amid, beginning};

/// How many folds the groups are dealt into.
pub(crate) const FOLDS: u64 = 5;

/// A whole text before it is cut into units.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) channel: &'static str,
    pub(crate) label: u8,
    pub(crate) weight: f32,
    pub(crate) group: u64,
    pub(crate) set: String,
    pub(crate) style: String,
    pub(crate) fold: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) planted: Vec<[usize; 2]>,
}

impl Text {
    fn new(set: &str, style: &str, channel: &'static str, label: u8, text: String) -> Self {
        let (set, style) = (set.to_owned(), style.to_owned());
        Self {
            text,
            channel,
            label,
            weight: 1.0,
            group: 0,
            set,
            style,
            fold: 0,
            planted: Vec::new(),
        }
    }
}

/// Every text of the corpus, with groups and folds.
pub(crate) fn texts(rows: Vec<Row>, documents: Option<&Path>) -> anyhow::Result<Vec<Text>> {
    let grammar = grammar::Grammar::built_in()?;
    let mut texts = labelled::texts(&rows);
    texts.extend(made::texts(&grammar, &rows)?);
    if let Some(folder) = documents {
        texts.extend(documents::texts(&grammar, folder)?);
    }
    groups::assign(&mut texts);
    Ok(texts)
}

/// What the texts are cut into, without repetitions.
pub(crate) fn units(texts: &[Text]) -> Vec<Text> {
    let mut seen = HashSet::new();
    let mut units: Vec<Text> = texts.iter().flat_map(units::units).collect();
    units.retain(|unit| seen.insert((unit.channel, unit.label, unit.text.clone())));
    units
}

/// Writes both files.
pub(super) fn write(data: &Path, out: &Path) -> anyhow::Result<()> {
    let texts = texts(crate::rows::read(data)?, None)?;
    std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    let units = units(&texts);
    lines(&out.join("train.jsonl"), &units)?;
    lines(&out.join("whole.jsonl"), &texts)?;
    println!("corpus: texts={} units={}", texts.len(), units.len());
    Ok(())
}

fn lines(path: &Path, texts: &[Text]) -> anyhow::Result<()> {
    let context = || format!("{} cannot be written", path.display());
    let mut file = BufWriter::new(std::fs::File::create(path).with_context(context)?);
    for text in texts {
        serde_json::to_writer(&mut file, text)?;
        file.write_all(b"\n").with_context(context)?;
    }
    file.flush().with_context(context)
}
