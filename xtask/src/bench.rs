//! `cargo xtask bench`: builds release and hands over to the `portcullis-bench` program.

use std::path::Path;

use crate::run::{cargo, run as launch, target};

pub(crate) fn run(root: &Path, words: &[&str]) -> anyhow::Result<()> {
    let build = ["build", "--release", "-p", "portcullis", "-p", "portcullis-bench"];
    launch("build", cargo(root).args(build))?;
    let release = target(root).join("release");
    let mut bench = std::process::Command::new(release.join("portcullis-bench"));
    bench.args(words).env("PORTCULLIS_BIN", release.join("portcullis")).current_dir(root);
    launch("bench", &mut bench)
}
