//! `cargo xtask eval`: builds release and hands over to the `portcullis-evals` program, or, where the
//! data is a Python package, to a program that drives the gate.

use std::path::Path;
use std::process::Command;

use crate::clients::environment;
use crate::conformance;
use crate::run::{built, cargo, hand_over, on_path, run as launch, target};

pub(crate) fn run(root: &Path, words: &[&str]) -> anyhow::Result<()> {
    match words {
        ["agentdojo", rest @ ..] => driven(root, "agentdojo", rest),
        ["agentgovbench", rest @ ..] => driven(root, "agentgovbench", rest),
        ["egress", file] => egress(root, file),
        ["mcp-conformance", rest @ ..] => conformance::run(root, rest),
        _ => labelled(root, words),
    }
}

fn labelled(root: &Path, words: &[&str]) -> anyhow::Result<()> {
    launch("build", cargo(root).args(["build", "--release", "-p", "portcullis-evals"]))?;
    let mut evals = Command::new(target(root).join("release/portcullis-evals"));
    hand_over("eval", evals.args(words))
}

/// Cases of egress security through the gate, by the transports that it carries.
fn egress(root: &Path, file: &str) -> anyhow::Result<()> {
    let Some(python) = on_path(&["python3", "python"]) else {
        anyhow::bail!("this evaluation needs Python 3.10 or later");
    };
    let gate = built(root, "portcullis")?;
    let mut driver = Command::new(python);
    driver.arg(root.join("evals/egress/run.py")).arg("--gate").arg(gate.get_program()).arg(file);
    hand_over("eval egress", driver.env("PYTHONDONTWRITEBYTECODE", "1"))
}

/// A program of ours in Python that drives the real gate: `agentdojo`, a suite's tools behind it and
/// an honest and a hijacked agent; `agentgovbench`, scenarios of who may do what for whom.
fn driven(root: &Path, name: &str, words: &[&str]) -> anyhow::Result<()> {
    let folder = root.join("evals").join(name);
    let python = environment(&folder.join("requirements.txt"), &target(root).join(name))?;
    let gate = built(root, "portcullis")?;
    let mut driver = Command::new(python);
    driver.arg(folder.join("run.py")).arg("--gate").arg(gate.get_program()).args(words);
    hand_over(&format!("eval {name}"), driver.env("PYTHONDONTWRITEBYTECODE", "1"))
}
