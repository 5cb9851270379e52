//! Processes that are measured: started on a core of their own, read through `/proc`, ended with the value.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A started process and what it started.
pub(crate) struct Process(Child);

/// Which core a process runs on, where `taskset` can say so.
#[derive(Clone, Copy)]
pub(crate) enum Core {
    /// The load generator and the mock.
    Load,
    /// What is measured.
    Measured,
}

/// A command, pinned to a core where the machine has two and `taskset`.
pub(crate) fn pinned(core: Core, program: &Path) -> Command {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores < 2 || !Path::new("/usr/bin/taskset").exists() {
        return Command::new(program);
    }
    let mut command = Command::new("/usr/bin/taskset");
    command
        .args([
            "-c",
            match core {
                Core::Load => "0",
                Core::Measured => "1",
            },
        ])
        .arg(program);
    command
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let shown = format!("{command:?}");
        Ok(Self(
            command
                .stdin(Stdio::null())
                .spawn()
                .with_context(|| format!("could not start {shown}"))?,
        ))
    }

    /// The first line of a process whose standard output is piped.
    pub(crate) fn first_line(&mut self) -> Result<String> {
        use std::io::BufRead;
        let output = self.0.stdout.take().context("its output is not piped")?;
        let mut line = String::new();
        std::io::BufReader::new(output).read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// An error when it has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.0.try_wait()? {
            Some(status) => bail!("a measured process ended: {status}"),
            None => Ok(()),
        }
    }

    /// CPU time of the process and its descendants.
    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_nanos(tree(self.id()).into_iter().map(cpu_of).sum())
    }

    /// Proportional memory of the process and its descendants, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        tree(self.id()).into_iter().filter_map(memory_of).sum()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // nginx's workers end with their master only if it is asked to end.
        Command::new("kill").arg(self.id().to_string()).status().ok();
        let end = Instant::now() + Duration::from_secs(3);
        while Instant::now() < end && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10)); // pause: between two looks
        }
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn tree(root: u32) -> Vec<u32> {
    let (mut found, mut todo) = (Vec::new(), vec![root]);
    while let Some(pid) = todo.pop() {
        found.push(pid);
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children =
                std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            todo.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    found
}

/// Nanoseconds on a core, of all threads that live.
fn cpu_of(pid: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let of_task = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    tasks.filter_map(of_task).sum()
}

fn memory_of(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().trim_end_matches(" kB").trim().parse().ok()
}
