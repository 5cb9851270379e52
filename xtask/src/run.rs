//! Starting other programs, loudly: each is named before it runs, and a failure ends the chore.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};

/// The repository's root: the folder above this crate's.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The cargo that runs this chore.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Runs a command to its end; an error unless it succeeds.
pub(crate) fn run(what: &str, command: &mut Command) -> anyhow::Result<()> {
    println!("\n== {what}\n   $ {}", line(command));
    let start = Instant::now();
    let status = command.status().with_context(|| format!("{what}: could not start it"))?;
    if !status.success() {
        bail!("{what} failed: {status}");
    }
    println!("   {what}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// The same for a command whose last line is for machines: nothing is printed after it.
pub(crate) fn hand_over(what: &str, command: &mut Command) -> anyhow::Result<()> {
    println!("\n== {what}\n   $ {}", line(command));
    let status = command.status().with_context(|| format!("{what}: could not start it"))?;
    anyhow::ensure!(status.success(), "{what} failed: {status}");
    Ok(())
}

/// Runs a command and gives its standard output; its standard error is shown.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let shown = line(command);
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| format!("could not start: {shown}"))?;
    if !output.status.success() {
        bail!("{shown}: {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{shown}: its output is not text"))
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// The first of `names` that is on PATH and runs.
pub(crate) fn on_path<'a>(names: &[&'a str]) -> Option<&'a str> {
    let folders: Vec<PathBuf> =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    names.iter().copied().find(|name| folders.iter().any(|folder| folder.join(name).is_file()))
}

/// A program of the workspace, built with all others: the features of its dependencies are then the
/// same as in the tests, so nothing is built twice.
pub(crate) fn built(root: &Path, program: &str) -> anyhow::Result<Command> {
    let build = ["build", "--quiet", "--workspace", "--all-targets"];
    let status = cargo(root).args(build).status().context("could not start cargo")?;
    if !status.success() {
        bail!("the workspace does not build");
    }
    let mut command = Command::new(target(root).join("debug").join(program));
    command.current_dir(root).env("PORTCULLIS_BIN", target(root).join("debug/portcullis"));
    Ok(command)
}

/// Where cargo puts what it builds.
pub(crate) fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}
