//! Training and measuring the detectors of planted and direct instructions.

mod corpus;

use std::path::Path;

/// What `portcullis-evals injection …` does.
pub(crate) fn run(words: &[&str]) -> anyhow::Result<()> {
    match words {
        ["corpus", "--data", data, "--out", out] => corpus::write(Path::new(data), Path::new(out)),
        _ => anyhow::bail!("injection corpus --data FILE.jsonl.gz --out FOLDER"),
    }
}
