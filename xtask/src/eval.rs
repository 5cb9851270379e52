//! `cargo xtask eval`: builds release and hands over to the `portcullis-evals` program.

use std::path::Path;

use crate::run::{cargo, run as launch, target};

pub(crate) fn run(root: &Path, words: &[&str]) -> anyhow::Result<()> {
    launch("build", cargo(root).args(["build", "--release", "-p", "portcullis-evals"]))?;
    let mut evals = std::process::Command::new(target(root).join("release/portcullis-evals"));
    launch("eval", evals.args(words))
}
