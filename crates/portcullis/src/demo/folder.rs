//! The temporary folder of a demonstration: its owner's alone, and gone at the end.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A Unix socket's path is shorter than this many bytes (`sun_path` in `unix(7)`, less what is put below the folder).
const MAX_PARENT_BYTES: usize = 60;

/// Removed with everything in it when dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes a new folder of mode 0700 below the system's folder for temporary files.
    pub(super) fn new() -> anyhow::Result<Self> {
        let path = parent().join(format!("portcullis-demo-{}", hex::encode(random::<6>()?)));
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.with_context(|| format!("the folder {} cannot be made", path.display()))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a new file that only its owner can read.
    pub(super) fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.0.join(name);
        if let Some(folder) = path.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        written.with_context(|| format!("the file {} cannot be written", path.display()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing can be done about one that is gone already or held by somebody else.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `TMPDIR` where a socket's path fits below it.
fn parent() -> PathBuf {
    let usual = std::env::temp_dir();
    if usual.as_os_str().len() <= MAX_PARENT_BYTES { usual } else { PathBuf::from("/tmp") }
}

/// Random bytes from the system.
pub(super) fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    let filled = getrandom::fill(&mut bytes);
    filled.map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_closed_to_others_and_goes_with_its_value() {
        let folder = Folder::new().unwrap();
        let path = folder.path().to_owned();
        folder.write("keys/one", "x").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&path.join("keys/one"))), (0o700, 0o600));
        assert!(folder.write("keys/one", "y").is_err(), "an existing file was overwritten");
        drop(folder);
        assert!(!path.exists());
    }
}
