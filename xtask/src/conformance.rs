//! `cargo xtask eval mcp-conformance [--spec VERSION]`: the official suite of MCP against its reference
//! server, alone and behind the gate.
//!
//! The suite is a package of Node, the reference server is in the source distribution of the Python SDK;
//! both are pinned and fetched into the build folder or beside their pins.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::clients::{environment, packages, scene};
use crate::run::{run as launch, target};

pub(crate) fn run(root: &Path, words: &[&str]) -> anyhow::Result<()> {
    let folder = root.join("evals/mcp-conformance");
    let venv = target(root).join("mcp-conformance");
    let python = environment(&folder.join("requirements.txt"), &venv)?;
    let node = packages(&folder, &python)?;
    let reference = reference(&folder, &python, &venv)?;
    let mut driver = Command::new(python);
    driver.arg(folder.join("run.py")).arg("--node").arg(node).arg("--suite").arg(&folder);
    driver.arg("--reference").arg(reference).args(words);
    scene(root, "mcp conformance", "tests/python/mcp_server.py", &driver)
}

/// Where the reference server's source distribution is; its hash is pinned.
fn reference(folder: &Path, python: &Path, venv: &Path) -> anyhow::Result<PathBuf> {
    let (pins, into) = (folder.join("reference.txt"), venv.join("reference"));
    let wanted = std::fs::read_to_string(&pins)?;
    let marker = into.join("wanted.txt");
    if std::fs::read_to_string(&marker).ok().as_ref() != Some(&wanted) {
        let mut download = Command::new(python);
        download.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]);
        download.args(["--no-deps", "--no-binary", "mcp", "--require-hashes"]);
        launch("reference server", download.arg("-r").arg(&pins).arg("-d").arg(&into))?;
        std::fs::write(&marker, wanted)?;
    }
    Ok(into)
}
