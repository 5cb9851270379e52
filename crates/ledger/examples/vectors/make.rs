//! What the vectors are made of. Keys come from fixed seeds, so the same code gives the same bytes.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

use ledger::bundle::{Content, Policy};
use ledger::cosignature;
use ledger::cosigned::Cosigned;
use ledger::files::Disk;
use ledger::merkle::leaf_hash;
use ledger::note::{Checkpoint, VerifierKey, open};
use ledger::proof::{verify_consistency, verify_inclusion};
use ledger::prove::Prover;
use ledger::verify::Folder;
use ledger::{Log, Options, SigningKey};
use model::{Digest, RecordId, Timestamp};
use serde_json::{Value, json};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const ORIGIN: &str = "vectors.example/ledger/main";
const WITNESS: &str = "witness.example/w1";
/// Where checkpoints are signed; the last is the end. A tile has 256 entries.
const SIZES: [u64; 4] = [3, 7, 256, 270];
const MICROS: i64 = 1_800_000_000_000_000;
const SECONDS: u64 = 1_800_000_000;
/// What of the log's folder belongs to its form.
const PARTS: [&str; 5] = ["checkpoint", "checkpoints", "cosigned", "vkey", "tile"];

/// All files by their names.
pub(crate) fn make(scratch: &Path) -> Outcome<BTreeMap<String, Vec<u8>>> {
    let log = scratch.join("log");
    let vkey = VerifierKey::new(ORIGIN, key(1)?.public())?;
    let witness = VerifierKey::witness(WITNESS, key(2)?.public())?;
    let notes = write(&log)?;
    let cosigned = cosign(&log, &notes, &witness)?;
    let mut files = BTreeMap::new();
    for part in PARTS {
        collect(&log, part, &mut files)?;
    }
    let proofs = sorted(proofs(&log, &notes, &cosigned, &vkey, &witness)?);
    files.insert("proofs.json".to_owned(), format!("{proofs:#}\n").into_bytes());
    files.insert("witness.vkey".to_owned(), format!("{witness}\n").into_bytes());
    files.insert("evidence.tar".to_owned(), evidence(&log, &vkey, &witness)?);
    Ok(files)
}

/// Members in the order of their names, whatever order the JSON library was built to keep.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members.into_iter().map(|(name, value)| (name, sorted(value))).collect())
        }
        other => other,
    }
}

fn key(seed: u8) -> Outcome<SigningKey> {
    Ok(SigningKey::generate([seed; 32]).ok_or("no key")?)
}

/// Writes the log; gives the notes at `SIZES`.
fn write(folder: &Path) -> Outcome<Vec<String>> {
    let every = Duration::from_secs(3600);
    let options = Options { segment_bytes: 4096, checkpoint_every: every, ..Options::new(ORIGIN) };
    let clock = || Timestamp::from_micros(MICROS);
    let (log, _) = Log::open(folder, key(1)?, options, clock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut notes = Vec::new();
    for size in SIZES {
        for index in log.size()..size {
            runtime.block_on(log.append(record(index)))?;
        }
        runtime.block_on(log.checkpoint())?;
        notes.push(std::fs::read_to_string(folder.join("checkpoint"))?);
    }
    log.close()?;
    Ok(notes)
}

/// Action 4 is begun by record 4 and ended by record 6, action 5 is begun and never ended.
fn record(index: u64) -> Vec<u8> {
    let action = if index == 6 { 4 } else { index };
    let status = if index == 4 || index == 5 { "begun" } else { "ok" };
    let id = RecordId::new(Timestamp::from_micros(MICROS), u128::from(action));
    let text = if index == 2 { "\u{e9}\\\"\\\\" } else { "bot" };
    format!("{{\"agent\":\"{text}\",\"id\":\"{id}\",\"n\":{index},\"status\":\"{status}\"}}")
        .into_bytes()
}

fn text_of(note: &str) -> &str {
    note.split_once("\n\n").map_or("", |(text, _)| note.get(..=text.len()).unwrap_or_default())
}

/// The witness has seen 7 and 256 records.
fn cosign(folder: &Path, notes: &[String], witness: &VerifierKey) -> Outcome<Vec<String>> {
    let disk = Disk::new(folder);
    let mut kept = Cosigned::open(&disk, 1 << 20)?;
    let mut cosigned = Vec::new();
    for (nth, note) in (0..).zip(notes.get(1..3).unwrap_or_default()) {
        let line = cosignature::cosign(text_of(note), WITNESS, &key(2)?, SECONDS + nth)?;
        let note = cosignature::join(note, &line, witness)?;
        kept.push(&disk, &note)?;
        cosigned.push(note);
    }
    Ok(cosigned)
}

fn collect(log: &Path, part: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Outcome<()> {
    let path = log.join(part);
    if !path.is_dir() {
        files.insert(format!("log/{part}"), std::fs::read(path)?);
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let name = entry?.file_name();
        collect(log, &format!("{part}/{}", name.to_string_lossy()), files)?;
    }
    Ok(())
}

fn proofs(
    log: &Path,
    notes: &[String],
    cosigned: &[String],
    vkey: &VerifierKey,
    witness: &VerifierKey,
) -> Outcome<Value> {
    let heads = notes.iter().map(|note| Checkpoint::open(note.as_bytes(), vkey));
    let heads = heads.collect::<Result<Vec<_>, _>>()?;
    Ok(json!({
        "inclusion": inclusion(log, &heads)?,
        "consistency": consistency(log, &heads)?,
        "checkpoint": checkpoints(notes, vkey),
        "cosignature": cosignatures(cosigned, witness),
    }))
}

/// Flips one bit of the last hash, or makes the only hash of an empty path.
fn spoiled(path: &[Digest]) -> Vec<Digest> {
    let mut path = path.to_vec();
    match path.last_mut() {
        Some(hash) => hash.0[31] ^= 1,
        None => path.push(Digest([0; 32])),
    }
    path
}

fn inclusion(log: &Path, heads: &[Checkpoint]) -> Outcome<Vec<Value>> {
    let mut cases = Vec::new();
    let end = heads.last().ok_or("no checkpoint")?;
    for index in [0, 1, 255, 256, 269] {
        let mut folder = Folder::new(log);
        let (record, path) = Prover::new(&mut folder, end.size).inclusion(index)?;
        let leaf = leaf_hash(&record);
        let mut longer = path.clone();
        longer.push(end.root);
        let shorter = path.get(1..).unwrap_or_default().to_vec();
        for (name, index, path) in [
            ("holds", index, path.clone()),
            ("a hash is changed", index, spoiled(&path)),
            ("a hash is missing", index, shorter),
            ("a hash too many", index, longer),
            ("another index", index ^ 1, path),
        ] {
            let holds = verify_inclusion(&leaf, index, end.size, &path, &end.root).is_ok();
            assert_eq!(holds, name == "holds", "{name} {index}");
            cases.push(json!({
                "name": name, "index": index, "size": end.size, "leaf": leaf, "path": path,
                "root": end.root, "holds": holds,
            }));
        }
    }
    Ok(cases)
}

fn consistency(log: &Path, heads: &[Checkpoint]) -> Outcome<Vec<Value>> {
    let mut cases = Vec::new();
    let end = heads.last().ok_or("no checkpoint")?;
    for old in heads {
        let mut folder = Folder::new(log);
        let path = Prover::new(&mut folder, end.size).consistency(old.size)?;
        let mut forked = old.clone();
        forked.root.0[0] ^= 1;
        for (name, old, path) in [
            ("holds", old, path.clone()),
            ("a hash is changed", old, spoiled(&path)),
            ("the old tree is another one", &forked, path),
        ] {
            let (from, to) = ((old.size, &old.root), (end.size, &end.root));
            let holds = verify_consistency(from, to, &path).is_ok();
            assert_eq!(holds, name == "holds", "{name} {}", old.size);
            cases.push(json!({
                "name": name, "old": old.size, "old_root": old.root, "new": end.size,
                "new_root": end.root, "path": path, "holds": holds,
            }));
        }
    }
    Ok(cases)
}

fn checkpoints(notes: &[String], vkey: &VerifierKey) -> Vec<Value> {
    let mut cases = Vec::new();
    for note in notes {
        let size = note.lines().nth(1).unwrap_or_default();
        let other_origin = note.replacen("/main", "/othr", 1);
        for (name, note) in [
            ("holds", note.clone()),
            ("another size", note.replacen(&format!("\n{size}\n"), &format!("\n{size}0\n"), 1)),
            ("another origin", other_origin),
            ("no signature", format!("{}\n", text_of(note))),
            (
                "the signature of another key",
                note.replacen("\u{2014} vectors", "\u{2014} others", 1),
            ),
        ] {
            let holds = Checkpoint::open(note.as_bytes(), vkey).is_ok();
            assert_eq!(holds, name == "holds", "{name}");
            assert_eq!(open(note.as_bytes(), vkey).is_ok(), holds, "{name}");
            cases.push(json!({ "name": name, "note": note, "holds": holds }));
        }
    }
    cases
}

fn cosignatures(notes: &[String], witness: &VerifierKey) -> Vec<Value> {
    let mut cases = Vec::new();
    for note in notes {
        let log_alone = note.lines().filter(|line| !line.starts_with("\u{2014} witness"));
        let log_alone: String = log_alone.map(|line| format!("{line}\n")).collect();
        for (name, note) in [
            ("holds", note.clone()),
            ("the text is another one", note.replacen("/main", "/othr", 1)),
            ("the log's signature alone", log_alone),
        ] {
            let time = cosignature::verify(note.as_bytes(), witness).ok();
            assert_eq!(time.is_some(), name == "holds", "{name}");
            cases.push(json!({
                "name": name, "note": note, "time": time, "holds": time.is_some(),
            }));
        }
    }
    cases
}

fn evidence(log: &Path, vkey: &VerifierKey, witness: &VerifierKey) -> Outcome<Vec<u8>> {
    let gathered = Content::gather(&mut Folder::new(log), vkey, &[2, 4, 5, 6])?;
    let policy = Policy {
        name: "example.cedar".to_owned(),
        text: "permit (principal, action, resource);\n".to_owned(),
    };
    let content = Content {
        about: "a few records of the test vectors".to_owned(),
        made: Timestamp::from_micros(MICROS).to_string(),
        witnesses: vec![witness.clone()],
        policies: vec![policy],
        ..gathered
    };
    Ok(content.encode()?)
}
