//! `cargo xtask test`: the one list of checks, cheapest first, in one build profile.

use std::path::Path;

use crate::run::{built, cargo, run, target};
use crate::{clients, docs, tidy};

/// How long mutated inputs are fed to the entry points of the fuzz targets, in seconds.
pub(crate) const SMOKE_SECONDS: &str = "20";

/// Whether packages for the Python and Node clients may be fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    Allowed,
    Forbidden,
}

pub(crate) fn all(root: &Path, network: Network) -> anyhow::Result<()> {
    run("format", cargo(root).args(["fmt", "--all", "--check"]))?;
    tidy::check(root)?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    run("lints", cargo(root).args(clippy))?;
    // All targets at once: the same features for the binary and for the tests, so nothing builds twice.
    run("build", cargo(root).args(["build", "--workspace", "--all-targets"]))?;
    let binary = target(root).join("debug/portcullis");
    run("tests", cargo(root).args(["test", "--workspace"]).env("PORTCULLIS_BIN", &binary))?;
    docs::check(root)?;
    smoke(root, SMOKE_SECONDS)?;
    match network {
        Network::Allowed => clients::all(root)?,
        Network::Forbidden => println!("\n== clients: left out, they are fetched from the network"),
    }
    println!("\nall checks passed");
    Ok(())
}

/// What `cargo fuzz` does at length on nightly, for a bounded time on stable: see `fuzz/README.md`.
pub(crate) fn smoke(root: &Path, seconds: &str) -> anyhow::Result<()> {
    run("fuzz smoke", built(root, "smoke")?.arg(seconds))
}
