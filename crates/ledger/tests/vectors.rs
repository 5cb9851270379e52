//! The test vectors in the tree are those that the code makes, and our own verifier agrees with them.

#[path = "../examples/vectors/make.rs"]
mod make;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ledger::verify::{Folder, Trust, Verdict, verify};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/ledger")
}

fn read(folder: &Path, below: &str, files: &mut BTreeMap<String, Vec<u8>>) -> make::Outcome<()> {
    for entry in std::fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let name = Path::new(below).join(entry.file_name());
        let name = name.to_str().ok_or("a name that is no text")?;
        if entry.path().is_dir() {
            read(folder, name, files)?;
        } else {
            files.insert(name.to_owned(), std::fs::read(entry.path())?);
        }
    }
    Ok(())
}

#[test]
fn the_vectors_are_fresh() {
    let scratch = tempfile::tempdir().unwrap();
    let made = make::make(scratch.path()).unwrap();
    let mut found = BTreeMap::new();
    read(&folder(), "", &mut found).unwrap();
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    let command = "cargo run -p portcullis-ledger --example vectors -- tests/vectors/ledger";
    assert_eq!(names(&found), names(&made), "run: {command}");
    for (name, bytes) in &made {
        assert!(found[name] == *bytes, "{name} is stale; run: {command}");
    }
}

#[test]
fn the_vectors_log_and_its_evidence_verify() {
    let text = |name: &str| std::fs::read_to_string(folder().join(name)).unwrap();
    let key = text("log/vkey").trim().parse().unwrap();
    let witnesses = [text("witness.vkey").trim().parse().unwrap()];
    let trust = Trust { witnesses: &witnesses, ..Trust::in_key(&key) };
    let report = verify(&mut Folder::new(&folder().join("log")), &trust).unwrap();
    assert_eq!((report.verdict, report.proven, report.faults), (Verdict::Verified, 270, vec![]));
    assert_eq!((report.unfinished_count, report.witnesses[0].size), (1, 256));
    let file = std::fs::read(folder().join("evidence.tar")).unwrap();
    let report = ledger::bundle::verify(&file, &trust).unwrap();
    assert_eq!((report.verdict, report.proven, report.size), (Verdict::Verified, 4, 256));
}
