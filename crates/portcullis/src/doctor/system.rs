//! The machine: its clock, its disk.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use model::Timestamp;

use super::Finding;

/// No clock that is right is before the day that this was written, or far after it.
const EARLIEST: i64 = 1_761_955_200;
const LATEST: i64 = 4_102_444_800;

pub(super) fn clock() -> Finding {
    let now = Timestamp::from_system(SystemTime::now());
    if (EARLIEST..LATEST).contains(&now.seconds()) {
        return Finding::ok("clock", format!("it is {now}"));
    }
    let remedy = "set the clock, and keep it with NTP: records and certificates depend on it";
    Finding::failed("clock", format!("it cannot be {now}"), remedy)
}

/// Writes that are measured, and how long the middle one may take.
const WRITES: usize = 15;
const SLOW: Duration = Duration::from_millis(20);

/// Whether the data folder's disk takes durable writes, and how fast.
pub(super) fn disk(dir: &Path) -> Vec<Finding> {
    let folder = existing(dir);
    let mut findings = vec![durable_writes(&folder)];
    findings.extend(space(&folder));
    findings
}

/// The folder itself, or the nearest above it that is there.
fn existing(dir: &Path) -> PathBuf {
    let found = dir.ancestors().find(|path| path.is_dir()).filter(|path| path != &Path::new(""));
    found.unwrap_or(Path::new(".")).to_owned()
}

fn durable_writes(folder: &Path) -> Finding {
    const CHECK: &str = "durable writes";
    match measure(folder) {
        Ok(middle) if middle <= SLOW => {
            Finding::ok(CHECK, format!("{:.2} ms each in {}", millis(middle), folder.display()))
        }
        Ok(middle) => Finding::warning(
            CHECK,
            format!(
                "{:.1} ms each in {}: every answer waits for one",
                millis(middle),
                folder.display()
            ),
            "put [data] dir on a local disk with power-loss protection",
        ),
        Err(error) => Finding::failed(
            CHECK,
            format!("{} cannot be written: {error}", folder.display()),
            "make the folder writable for this user, or free space on its disk",
        ),
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The middle of some small writes, each flushed to the disk.
fn measure(folder: &Path) -> std::io::Result<Duration> {
    let path = folder.join(format!(".portcullis-doctor-{}", std::process::id()));
    let file = File::options().write(true).create_new(true).open(&path)?;
    let times = write_all(file);
    std::fs::remove_file(&path)?;
    let mut times = times?;
    times.sort();
    Ok(times.get(WRITES / 2).copied().unwrap_or_default())
}

fn write_all(mut file: File) -> std::io::Result<Vec<Duration>> {
    let write = |_| {
        let begun = Instant::now();
        file.write_all(&[b'.'; 400])?;
        file.sync_data()?;
        Ok(begun.elapsed())
    };
    (0..WRITES).map(write).collect()
}

/// Less than this is too little to go on with.
const LITTLE: u64 = 256 << 20;
const ENOUGH: u64 = 2 << 30;

fn space(folder: &Path) -> Option<Finding> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let detail = format!("{} MiB free for {}", free >> 20, folder.display());
    let remedy = "free space, or put [data] dir on a larger disk: a full disk stops the gate";
    Some(match free {
        free if free < LITTLE => Finding::failed("free space", detail, remedy),
        free if free < ENOUGH => Finding::warning("free space", detail, remedy),
        _ => Finding::ok("free space", detail),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_measured_and_leave_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(measure(folder.path()).unwrap() > Duration::ZERO);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_measured_where_it_will_be() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(existing(&folder.path().join("a/b")), folder.path());
        assert_eq!(existing(Path::new("surely-not-there")), Path::new("."));
    }
}
