//! `eval records FOLDER…`: what a set of a million records costs, over ordinary files.

use std::fs;
use std::path::{Path, PathBuf};

use inspect::exact::Builder;
use inspect::{Direction, Engine, OWN_RECORD, Records, Settings};

use crate::secrets::{list, spent};

/// Values of the set: half of them of one word, half of two.
const VALUES: u64 = 1_000_000;

/// Bytes of files that are read.
const ALL_BYTES: usize = 32 << 20;

pub(crate) fn run(folders: &[&str]) -> anyhow::Result<()> {
    anyhow::ensure!(!folders.is_empty(), "records needs folders to read");
    let mut files: Vec<PathBuf> = Vec::new();
    folders.iter().try_for_each(|folder| list(Path::new(folder), &mut files))?;
    files.sort();
    let mut texts = Vec::new();
    let mut bytes = 0;
    for path in files {
        let Ok(text) = fs::read_to_string(path) else { continue };
        bytes += text.len();
        texts.push(text);
        if bytes > ALL_BYTES {
            break;
        }
    }
    let plain = Settings::default();
    let known = Settings { records: vec![Records::new(set().finish())], ..plain.clone() };
    let heap = known.records.iter().map(|one| one.set.heap_bytes()).sum::<usize>();
    let mut speeds = Vec::new();
    let mut found = Vec::new();
    let engines = [Engine::compile(&plain)?, Engine::compile(&known)?];
    for engine in &engines {
        found.clear();
        let start = spent();
        texts.iter().for_each(|text| engine.scan(Direction::Request, text.as_bytes(), &mut found));
        let spent = spent().saturating_sub(start).as_secs_f64();
        speeds.push(bytes as f64 / 1e6 / spent.max(1e-9));
    }
    let is_own = |m: &&inspect::Match| engines[1].detector(m.detector).kind() == OWN_RECORD;
    println!(
        "records: values={VALUES} set_mb={:.1} mb={:.1} mb_per_s={:.0} without={:.0} found={}",
        heap as f64 / 1e6,
        bytes as f64 / 1e6,
        speeds[1],
        speeds[0],
        found.iter().filter(is_own).count(),
    );
    Ok(())
}

/// Numbers of customers, and two words each that no text has.
fn set() -> Builder {
    let mut builder = Builder::new(&[17; 32]);
    for number in 0..VALUES / 2 {
        builder.add(&format!("cust-{number:07}")).add(&format!("surname{number} forename{number}"));
    }
    builder
}
