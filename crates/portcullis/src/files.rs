//! Files that commands write.

use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};

/// Writes a file for its owner alone, whole or not at all: it is written beside and moved into place.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let written = write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // What is half is no use to anybody; that it could not be written is what counts.
        let _ = std::fs::remove_file(&beside);
        return written;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Refuses to replace a file that does not begin like those that are written in its place: a slip in
/// a name would cost somebody a file.
pub fn may_replace(path: &Path, begins: &[u8]) -> anyhow::Result<()> {
    let shown = || path.display().to_string();
    if !path.exists() {
        return Ok(());
    }
    let mut head = Vec::new();
    let file = std::fs::File::open(path).with_context(shown)?;
    file.take(begins.len() as u64).read_to_end(&mut head).with_context(shown)?;
    if head != begins {
        bail!("{} is there and is something else; name another file", path.display());
    }
    Ok(())
}

/// A whole file of at most so many bytes.
pub fn read(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let shown = || path.display().to_string();
    let file = std::fs::File::open(path).with_context(shown)?;
    let length = file.metadata().with_context(shown)?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(most)).unwrap_or_default() + 1);
    file.take(most + 1).read_to_end(&mut bytes).with_context(shown)?;
    if bytes.len() as u64 > most {
        bail!("{} holds more than {most} bytes", path.display());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_by_its_like_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.set");
        may_replace(&path, b"MARK").unwrap();
        replace(&path, b"MARK one").unwrap();
        may_replace(&path, b"MARK").unwrap();
        replace(&path, b"MARK two").unwrap();
        assert_eq!(read(&path, 8).unwrap(), b"MARK two");
        assert!(read(&path, 7).is_err());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
        std::fs::write(&path, "name,number\n").unwrap();
        assert!(may_replace(&path, b"MARK").is_err());
    }
}
