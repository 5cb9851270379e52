//! Finding and running the program under test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use crate::wait;

/// The program: what `PORTCULLIS_BIN` names, or what cargo builds here, once.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("PORTCULLIS_BIN") {
        Some(path) => PathBuf::from(path),
        None => build(),
    })
}

/// Builds it where this binary stands: `target/PROFILE/deps/all-…` or `target/PROFILE/scene`.
fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = ["build", "--quiet", "-p", "portcullis", "--bin", "portcullis"];
    let status = Command::new(cargo)
        .args(build)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the program does not build");
    let here = std::env::current_exe().expect("this test has a path");
    let found = here
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("portcullis"))
        .find(|path| path.is_file());
    found.expect("the program stands beside its tests")
}

/// The program in a folder, with an empty environment, so that a developer's own does not leak in.
pub(super) fn command(folder: &Path) -> Command {
    let mut command = Command::new(binary());
    command.current_dir(folder).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Runs a command to its end, which comes in time.
pub(super) fn run(command: &mut Command) -> Output {
    finished(
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts"),
    )
}

/// Waits for the end; panics if it does not come.
pub(super) fn finished(child: Child) -> Output {
    let pid = child.id();
    let (send, receive) = std::sync::mpsc::channel();
    // Another thread reads the output, so that a full pipe cannot hold the program up.
    std::thread::spawn(move || send.send(child.wait_with_output()));
    match receive.recv_timeout(wait::DEADLINE) {
        Ok(output) => output.expect("its output"),
        Err(_) => {
            signal(pid, "KILL");
            panic!("the command did not end within {:?}", wait::DEADLINE);
        }
    }
}

/// Sends a signal by name; `kill` is in every POSIX system, and needs no unsafe code.
pub(super) fn signal(pid: u32, name: &str) {
    let status =
        Command::new("kill").args(["-s", name, &pid.to_string()]).status().expect("kill runs");
    assert!(status.success(), "kill -s {name} {pid}");
}
