//! `cargo xtask eval`: builds release and hands over to the `portcullis-evals` program, or, where the
//! data is a Python package, to a program that drives the gate.

use std::path::Path;
use std::process::Command;

use crate::clients::environment;
use crate::run::{built, cargo, run as launch, target};

pub(crate) fn run(root: &Path, words: &[&str]) -> anyhow::Result<()> {
    match words {
        ["agentdojo", rest @ ..] => agentdojo(root, rest),
        _ => labelled(root, words),
    }
}

fn labelled(root: &Path, words: &[&str]) -> anyhow::Result<()> {
    launch("build", cargo(root).args(["build", "--release", "-p", "portcullis-evals"]))?;
    let mut evals = Command::new(target(root).join("release/portcullis-evals"));
    launch("eval", evals.args(words))
}

/// `--suite NAME [--no-detectors]`: the suite's tools behind the gate, an honest and a hijacked agent.
fn agentdojo(root: &Path, words: &[&str]) -> anyhow::Result<()> {
    let folder = root.join("evals/agentdojo");
    let python = environment(&folder.join("requirements.txt"), &target(root).join("agentdojo"))?;
    let gate = built(root, "portcullis")?;
    let mut driver = Command::new(python);
    driver.arg(folder.join("run.py")).arg("--gate").arg(gate.get_program()).args(words);
    launch("eval agentdojo", driver.env("PYTHONDONTWRITEBYTECODE", "1"))
}
