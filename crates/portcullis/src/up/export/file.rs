//! A sink that is a file: a line a record, on the disk before it counts.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Appends to a file. It is opened anew for each delivery, so that it can be moved away meanwhile.
pub(super) struct Lines {
    path: PathBuf,
}

impl Lines {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) async fn append(&self, lines: Vec<Vec<u8>>) -> anyhow::Result<()> {
        let path = self.path.clone();
        let shown = path.display().to_string();
        let written = tokio::task::spawn_blocking(move || append(&path, &lines)).await?;
        written.with_context(|| format!("the file {shown}"))
    }
}

fn append(path: &Path, lines: &[Vec<u8>]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).read(true).append(true).mode(0o600).open(path)?;
    let mut bytes = Vec::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
    if is_torn(&mut file)? {
        bytes.push(b'\n');
    }
    for line in lines {
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
    }
    file.write_all(&bytes)?;
    file.sync_data()
}

/// Whether a crash left half a line at the end.
fn is_torn(file: &mut std::fs::File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_stays_a_line_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.jsonl");
        append(&path, &[b"{\"a\":1}".to_vec()]).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"b").unwrap();
        append(&path, &[b"{\"b\":2}".to_vec()]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"a\":1}\n{\"b\n{\"b\":2}\n");
    }
}
