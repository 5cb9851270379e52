//! The examples and near misses as files, so that other scanners can read the same, and what was found
//! in them: by the engine, or by a scanner whose report names the files.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context;
use inspect::document::{Scope, inspect_json, inspect_text};
use inspect::json::Limits;
use inspect::{Direction, Engine, Place, Settings, catalogue};

use super::is_placed;

/// Folders of what should be found and of what should not.
const KINDS: [&str; 2] = ["positive", "negative"];

/// Writes one file for each format, or near miss, and place.
pub(super) fn write(folder: &Path) -> anyhow::Result<()> {
    for kind in KINDS {
        let folder = folder.join(kind);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    let mut files = [0, 0];
    for declared in catalogue().iter().filter(|declared| is_placed(declared)) {
        let word = declared.keywords.first().unwrap_or(&"value");
        for (at, place) in Place::ALL.into_iter().enumerate() {
            // Names are told apart without their folder.
            let mut put = |kind: usize, number: usize, value: &str| {
                let end = if place.is_json() { "json" } else { "txt" };
                let kept = KINDS[kind];
                let name = format!("{kept}/{kept}-{}-{at}-{number}.{end}", declared.name);
                files[kind] += 1;
                fs::write(folder.join(name), place.text(word, value))
            };
            put(0, 0, &declared.example(0))?;
            for (number, miss) in declared.near_misses(0).iter().enumerate() {
                put(1, number, miss)?;
            }
        }
    }
    println!("secrets: positive={} negative={}", files[0], files[1]);
    Ok(())
}

/// Counts the files in which something is found; those that a report names, if one is given.
pub(super) fn count(folder: &Path, reports: &[&str]) -> anyhow::Result<()> {
    let engine = Engine::compile(&Settings::default())?;
    let text = reports.iter().map(fs::read_to_string).collect::<Result<Vec<_>, _>>()?.concat();
    let named: BTreeSet<&str> = text.split(['"', '/', '\n']).collect();
    let mut shares = Vec::new();
    for kind in KINDS {
        let (mut all, mut found) = (0_u32, 0_u32);
        for entry in fs::read_dir(folder.join(kind))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_found = match reports {
                [] => is_secret(&engine, &path)?,
                _ => named.contains(name.as_str()),
            };
            all += 1;
            found += u32::from(is_found);
        }
        shares.push(format!("{kind}={found}/{all} ({:.4})", f64::from(found) / f64::from(all)));
    }
    println!("secrets: {}", shares.join(" "));
    Ok(())
}

/// Whether the engine finds a credential of any kind in a file.
fn is_secret(engine: &Engine, path: &Path) -> anyhow::Result<bool> {
    let text = fs::read(path)?;
    let scope = Scope::new(engine, Direction::Request);
    let report = match path.extension() {
        Some(end) if end == "json" => inspect_json(&scope, &text, &Limits::default(), &mut ())?,
        _ => inspect_text(&scope, &text),
    };
    let mut kinds = report.findings.iter().map(|found| engine.detector(found.detector).kind());
    Ok(kinds.any(|kind| kind.starts_with("secret.")))
}
