//! Evidence: one file with some records of a log and all that it takes to check them offline.
//!
//! A plain tar file: the records byte for byte, a C2SP tlog-proof for each, the signed checkpoint
//! with its cosignatures, the public keys, the policies by hash and text, a manifest, and a page
//! for people. The file has one spelling: [`Content::encode`] makes all of it from the content, and
//! [`verify`] makes it anew and compares. So the page cannot say what the records do not.
//!
//! The keys in the file are for convenience. What they prove is only that the file agrees with
//! itself; the reader's own key makes it evidence.

mod check;
mod page;
mod tar;
#[cfg(test)]
mod tests;

use model::Digest;
use serde::{Deserialize, Serialize};

pub use check::verify;

use crate::note::{Checkpoint, NoteError, VerifierKey};
use crate::prove::{ProveError, Prover};
use crate::verify::{Source, SourceError};
use crate::{cosigned, history, tiler};

/// What the manifest calls the form of the file.
const FORMAT: &str = "portcullis-evidence/1";
/// Records of one file, at most.
pub const MAX_RECORDS: usize = 10_000;
/// A longer file is not read.
pub const MAX_BYTES: usize = 256 << 20;
/// Policies of one file, at most.
pub const MAX_POLICIES: usize = 1000;

const MANIFEST: &str = "manifest.json";
const PAGE: &str = "index.html";
const CHECKPOINT: &str = "checkpoint";
const VKEY: &str = "vkey";
const WITNESSES: &str = "witnesses";

/// Why there is no bundle, or why a file is none.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("this is no evidence bundle: {0}")]
    Format(String),
    #[error("an evidence bundle holds 1 to {MAX_RECORDS} records; this one would hold {0}")]
    Records(usize),
    #[error("the records and policies together are too long for one bundle; choose fewer")]
    Size,
    #[error(
        "record {index} is not yet covered by a checkpoint, which has {size} records; try again in a moment"
    )]
    Uncovered { index: u64, size: u64 },
    #[error("the checkpoint is not signed by the given key: {0}")]
    Checkpoint(#[from] NoteError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Prove(#[from] ProveError),
}

/// One record and the proof of its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub index: u64,
    pub record: Vec<u8>,
    pub path: Vec<Digest>,
}

/// A policy that was in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub name: String,
    pub text: String,
}

/// What a bundle holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What the records are, in the words of who chose them. Nothing proves it.
    pub about: String,
    /// When the bundle was made, as text. Nothing proves it.
    pub made: String,
    /// The signed checkpoint, cosignatures included.
    pub checkpoint: String,
    pub vkey: VerifierKey,
    pub witnesses: Vec<VerifierKey>,
    pub policies: Vec<Policy>,
    /// By index.
    pub items: Vec<Item>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: String,
    about: String,
    made: String,
    origin: String,
    size: u64,
    root: Digest,
    records: Vec<u64>,
    policies: Vec<Named>,
    files: Vec<Listed>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    sha256: Digest,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    name: String,
    sha256: Digest,
    bytes: u64,
}

impl Content {
    /// Takes records from a log with their proofs. The checkpoint is the newest that a witness
    /// cosigned where that covers them all, and the newest otherwise.
    pub fn gather(
        source: &mut dyn Source,
        vkey: &VerifierKey,
        indexes: &[u64],
    ) -> Result<Self, BundleError> {
        let mut indexes = indexes.to_vec();
        indexes.sort_unstable();
        indexes.dedup();
        if !(1..=MAX_RECORDS).contains(&indexes.len()) {
            return Err(BundleError::Records(indexes.len()));
        }
        let last = indexes.last().copied().unwrap_or_default();
        let note = checkpoint(source, vkey, last)?;
        let size = Checkpoint::open(note.as_bytes(), vkey)?.size;
        let mut prover = Prover::new(source, size);
        let item = |index: u64| {
            let (record, path) = prover.inclusion(index)?;
            Ok(Item { index, record, path })
        };
        let items = indexes.into_iter().map(item).collect::<Result<_, BundleError>>()?;
        Ok(Self {
            about: String::new(),
            made: String::new(),
            checkpoint: note,
            vkey: vkey.clone(),
            witnesses: Vec::new(),
            policies: Vec::new(),
            items,
        })
    }

    /// The file.
    pub fn encode(&self) -> Result<Vec<u8>, BundleError> {
        if !(1..=MAX_RECORDS).contains(&self.items.len()) {
            return Err(BundleError::Records(self.items.len()));
        }
        let files = self.files()?;
        let text = crate::note::parts(self.checkpoint.as_bytes())?.0;
        let head = Checkpoint::parse(text)?;
        let listed = |(name, bytes): &(String, Vec<u8>)| Listed {
            name: name.clone(),
            sha256: Digest::of(bytes),
            bytes: bytes.len() as u64,
        };
        let named = |policy: &Policy| Named {
            name: policy.name.clone(),
            sha256: Digest::of(policy.text.as_bytes()),
        };
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            about: self.about.clone(),
            made: self.made.clone(),
            origin: head.origin,
            size: head.size,
            root: head.root,
            records: self.items.iter().map(|item| item.index).collect(),
            policies: self.policies.iter().map(named).collect(),
            files: files.iter().map(listed).collect(),
        };
        let manifest = serde_json::to_string_pretty(&manifest)
            .map_err(|error| BundleError::Format(error.to_string()))?;
        let mut out = Vec::new();
        tar::push(&mut out, MANIFEST, format!("{manifest}\n").as_bytes());
        for (name, bytes) in &files {
            tar::push(&mut out, name, bytes);
            if out.len() > MAX_BYTES {
                return Err(BundleError::Size);
            }
        }
        tar::finish(&mut out);
        Ok(out)
    }

    /// Everything but the manifest, in the order of the file.
    fn files(&self) -> Result<Vec<(String, Vec<u8>)>, BundleError> {
        if self.policies.len() > MAX_POLICIES {
            return Err(BundleError::Size);
        }
        let witnesses: String = self.witnesses.iter().map(|key| format!("{key}\n")).collect();
        let mut files = vec![
            (PAGE.to_owned(), page::render(self).into_bytes()),
            (CHECKPOINT.to_owned(), self.checkpoint.clone().into_bytes()),
            (VKEY.to_owned(), format!("{}\n", self.vkey).into_bytes()),
            (WITNESSES.to_owned(), witnesses.into_bytes()),
        ];
        let mut known = std::collections::BTreeSet::new();
        for policy in &self.policies {
            let hash = Digest::of(policy.text.as_bytes());
            if known.insert(hash) {
                files.push((policy_file(&hash), policy.text.clone().into_bytes()));
            }
        }
        for item in &self.items {
            files.push((record_file(item.index), item.record.clone()));
            files.push((proof_file(item.index), self.proof(item).into_bytes()));
        }
        Ok(files)
    }

    /// C2SP tlog-proof, section "Format".
    fn proof(&self, item: &Item) -> String {
        use base64::Engine;
        let encode = |hash: &Digest| {
            format!("{}\n", base64::engine::general_purpose::STANDARD.encode(hash.0))
        };
        let path: String = item.path.iter().map(encode).collect();
        format!("c2sp.org/tlog-proof@v1\nindex {}\n{path}\n{}", item.index, self.checkpoint)
    }
}

fn record_file(index: u64) -> String {
    format!("records/{index:020}.json")
}

fn proof_file(index: u64) -> String {
    format!("proofs/{index:020}.tlog-proof")
}

fn policy_file(hash: &Digest) -> String {
    format!("policies/{hash}.cedar")
}

/// The checkpoint that the proofs lead to.
fn checkpoint(
    source: &mut dyn Source,
    vkey: &VerifierKey,
    last: u64,
) -> Result<String, BundleError> {
    let cosigned = source.read(cosigned::PATH)?.unwrap_or_default();
    let newest = history::split(&cosigned).0.last().map(|note| note.to_vec());
    let covers = |note: &Vec<u8>| Checkpoint::open(note, vkey).is_ok_and(|head| head.size > last);
    let note = match newest.filter(covers) {
        Some(note) => note,
        None => source.read(tiler::CHECKPOINT)?.unwrap_or_default(),
    };
    let size = Checkpoint::open(&note, vkey)?.size;
    if last >= size {
        return Err(BundleError::Uncovered { index: last, size });
    }
    String::from_utf8(note).map_err(|_| NoteError::Format.into())
}
