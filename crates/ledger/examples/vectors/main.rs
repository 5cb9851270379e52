//! Writes the test vectors of the log's format: a small log, proofs that hold and proofs that must
//! fail, and an evidence file.
//!
//! `cargo run -p portcullis-ledger --example vectors -- tests/vectors/ledger`

mod make;

use std::path::PathBuf;

fn main() -> make::Outcome<()> {
    let folder = std::env::args().nth(1).map(PathBuf::from).ok_or("name the folder to write to")?;
    let scratch = tempfile::tempdir()?;
    let files = make::make(scratch.path())?;
    let _ = std::fs::remove_dir_all(&folder);
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        std::fs::write(path, bytes)?;
    }
    Ok(())
}
