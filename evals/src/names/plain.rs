//! Pieces of files in which nothing is a name: the repository's own sources and pages.

use std::path::PathBuf;

use anyhow::Context;

use super::dice::Dice;
use super::template::Labelled;

pub(super) struct Plain {
    files: Vec<Vec<String>>,
}

/// Lines in one piece, at most.
const LINES: usize = 24;

impl Plain {
    pub(super) fn read(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path);
            let text = text.with_context(|| format!("{} cannot be read", path.display()))?;
            Ok(text.lines().map(str::to_owned).collect())
        };
        Ok(Self { files: paths.iter().map(read).collect::<anyhow::Result<_>>()? })
    }

    /// Some lines of some file.
    pub(super) fn piece(&self, dice: &mut Dice) -> Option<Labelled> {
        if self.files.is_empty() {
            return None;
        }
        let lines = dice.pick(&self.files);
        let start = dice.below(lines.len());
        let end = (start + dice.between(3, LINES)).min(lines.len());
        Some(Labelled { text: lines[start..end].join("\n"), marks: Vec::new() })
    }
}
