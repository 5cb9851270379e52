//! `eval names false PATH …`: what `names::find` reports in code, lock files and logs, where
//! nothing or hardly anything is a name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use inspect::names::Model;

use crate::names::{parse_model, read_model};

/// Findings that are shown of each kind.
const SHOWN: usize = 12;

/// Files beyond this are not read.
const MAX_FILE: u64 = 8 << 20;

pub(crate) fn run(paths: &[&str], model: Option<&Path>) -> anyhow::Result<()> {
    let file = model.map(read_model).transpose()?;
    let model = file.as_deref().map_or_else(|| Ok(Model::built_in().clone()), parse_model)?;
    anyhow::ensure!(!paths.is_empty(), "names false needs files or folders");
    let mut files = Vec::new();
    for path in paths {
        gather(Path::new(path), &mut files)?;
    }
    let mut counts: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
    let (mut bytes, mut seconds) = (0, 0.0);
    model.find("Dear Anna");
    for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        let started = Instant::now();
        let found = model.find(&text);
        seconds += started.elapsed().as_secs_f64();
        bytes += text.len();
        for found in found {
            let (count, shown) = counts.entry(found.kind.name()).or_default();
            *count += 1;
            // A sample that is spread over all files.
            if count.is_power_of_two() || (*count).is_multiple_of(997) {
                shown.push(text[found.range].escape_debug().to_string());
            }
        }
    }
    let megabytes = bytes as f64 / 1e6;
    for (kind, (count, shown)) in &counts {
        let each = *count as f64 / megabytes.max(1e-9);
        println!("{kind}: {count}, {each:.1} a megabyte, such as");
        shown.iter().rev().take(SHOWN).for_each(|text| println!("    {text}"));
    }
    let all: usize = counts.values().map(|(count, _)| count).sum();
    println!(
        "names_false: files={} megabytes={megabytes:.2} per_mb={:.2} mb_per_s={:.1}",
        files.len(),
        all as f64 / megabytes.max(1e-9),
        megabytes / f64::max(seconds, 1e-9),
    );
    Ok(())
}

fn gather(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let about = std::fs::metadata(path).with_context(|| path.display().to_string())?;
    if about.is_dir() {
        let mut inside: Vec<PathBuf> = std::fs::read_dir(path)?
            .map(|entry| Ok(entry?.path()))
            .collect::<anyhow::Result<_>>()?;
        inside.sort();
        return inside.iter().try_for_each(|path| gather(path, files));
    }
    if about.len() <= MAX_FILE {
        files.push(path.to_owned());
    }
    Ok(())
}
