//! Findings in files that are taken to hold no personal data.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use inspect::Engine;

use super::find;

/// Findings of detectors no surer than this are counted apart: they are notes.
const HALF: f64 = 0.5;

/// Bytes read of one file, and of all.
const FILE_BYTES: usize = 4 << 20;
const ALL_BYTES: usize = 200 << 20;

pub(super) fn run(engine: &Engine, folder: &Path, show: Option<&str>) -> anyhow::Result<()> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut bytes = 0;
    for path in files(folder)? {
        let Ok(mut content) = std::fs::read(&path) else { continue };
        content.truncate(FILE_BYTES);
        let text = String::from_utf8_lossy(&content);
        // A file with a zero byte is no text.
        if content.contains(&0) || bytes > ALL_BYTES {
            continue;
        }
        bytes += text.len();
        for (kind, found) in find(engine, &text) {
            *counts.entry(kind).or_default() += 1;
            if show == Some(kind) {
                let from = text.floor_char_boundary(found.range.start.saturating_sub(50));
                let to = text.floor_char_boundary((found.range.end + 20).min(text.len()));
                println!("{}: {:?}", path.display(), &text[from..to]);
            }
        }
    }
    let megabytes = bytes as f64 / 1e6;
    for (kind, count) in &counts {
        println!("{kind:<32}{count:>8}{:>10.2} in a megabyte", *count as f64 / megabytes);
    }
    let all: usize = counts.values().sum();
    let noted = engine.detectors().filter(|(_, d)| d.confidence() <= HALF);
    let noted: BTreeSet<&str> = noted.map(|(_, detector)| detector.kind()).collect();
    let noted: usize =
        counts.iter().filter(|(kind, _)| noted.contains(*kind)).map(|(_, n)| n).sum();
    println!(
        "structured: megabytes={megabytes:.1} findings={:.2} of_note={:.2}",
        all as f64 / megabytes,
        (all - noted) as f64 / megabytes
    );
    Ok(())
}

/// Every file under a folder, in order.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut open = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries: Result<Vec<_>, _> = std::fs::read_dir(&path)?.collect();
            open.extend(entries?.into_iter().map(|entry| entry.path()));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
