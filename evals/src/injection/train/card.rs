//! The model card: prose from a template, figures from the run.

use std::path::Path;

use anyhow::Context;

const TEMPLATE: &str = include_str!("card.txt");
/// Where the figures go.
const FIGURES: &str = "{{figures}}";

pub(super) fn write(path: &Path, report: &str) -> anyhow::Result<()> {
    let card = TEMPLATE.replace(FIGURES, report.trim_end());
    std::fs::write(path, card).with_context(|| format!("{} cannot be written", path.display()))
}
