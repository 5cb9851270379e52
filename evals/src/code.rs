//! The checks of generated code, against snippets of our own and folders of ordinary code.
//!
//! The snippets were written beside the rules, not by them: each names the kind that it should be
//! found under, and near ones that should not be found stand beside them. Ordinary code says how
//! often the checks speak where nobody asked; some of what they say there is true.

mod names;
mod snippets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use inspect::code::{Found, Language, check};

/// `[--clean FOLDER]… [--packages ECOSYSTEM=FILE]… [--show KIND]`.
pub(crate) fn run(words: &[&str]) -> anyhow::Result<()> {
    let mut clean = Vec::new();
    let mut show = "";
    for pair in words.chunks(2) {
        match pair {
            ["--clean", folder] => clean.push(PathBuf::from(folder)),
            ["--packages", list] => names::measure(list)?,
            ["--show", kind] => show = kind,
            _ => anyhow::bail!("what is {}? see `eval help`", pair.join(" ")),
        }
    }
    let recall = snippets::measure();
    let ordinary = ordinary(&clean, show)?;
    println!(
        "code: recall={recall:.4} false_per_mb={:.3} mb_per_s={:.1}",
        ordinary.found as f64 / ordinary.megabytes.max(1e-9),
        ordinary.megabytes / ordinary.seconds.max(1e-9)
    );
    Ok(())
}

#[derive(Default)]
struct Ordinary {
    found: usize,
    megabytes: f64,
    seconds: f64,
}

/// How many findings of a kind are shown.
const SHOWN: usize = 60;

fn ordinary(folders: &[PathBuf], show: &str) -> anyhow::Result<Ordinary> {
    let mut total = Ordinary::default();
    let mut sure = 0;
    let mut kinds: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for folder in folders {
        let mut files = Vec::new();
        collect(folder, &mut files)?;
        for (path, language) in files {
            // What is not UTF-8 is no code that a model wrote.
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let begun = Instant::now();
            let found = check(&text, Some(language));
            total.seconds += begun.elapsed().as_secs_f64();
            total.megabytes += text.len() as f64 / 1e6;
            total.found += found.len();
            sure += found.iter().filter(|f| f.confidence >= 0.6).count();
            for Found { kind, range, confidence, why } in found {
                let count = kinds.entry((kind, why)).or_default();
                *count += 1;
                if show == kind && *count <= SHOWN {
                    let line: String =
                        text.get(range).unwrap_or_default().chars().take(110).collect();
                    println!("  {confidence:.2} {}: {line:?}", path.display());
                }
            }
        }
    }
    println!(
        "findings in {:.1} MB of ordinary code, by kind; {sure} of them at 0.6 or more",
        total.megabytes
    );
    for ((kind, why), count) in kinds {
        println!(
            "  {count:>6} {:>8.3} per MB  {kind}: {why}",
            count as f64 / total.megabytes.max(1e-9)
        );
    }
    Ok(total)
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Language)>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&path, files)?;
        } else if let Some(language) = kind.is_file().then(|| language(&path)).flatten() {
            files.push((path, language));
        }
    }
    Ok(())
}

fn language(path: &Path) -> Option<Language> {
    match path.file_name()?.to_str()? {
        "package.json" => Some(Language::PackageJson),
        "requirements.txt" => Some(Language::Requirements),
        "Dockerfile" => Some(Language::Dockerfile),
        _ => Language::from_tag(path.extension()?.to_str()?),
    }
}
