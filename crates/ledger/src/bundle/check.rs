//! Checks a bundle: first what it proves, then that every byte of it is as it must be.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::Digest;

use super::tar::{self, Member};
use super::{
    BundleError, CHECKPOINT, Content, FORMAT, Item, MANIFEST, MAX_BYTES, MAX_RECORDS, Manifest,
    Policy, VKEY, WITNESSES, policy_file, proof_file, record_file,
};
use crate::merkle::leaf_hash;
use crate::note::{Checkpoint, MAX_SIGNATURES, VerifierKey};
use crate::proof::verify_inclusion;
use crate::verify::{Fault, FaultKind, Phases, Report, Trust, check_cosigned};

/// A tree of 2^64 leaves needs no longer path.
const MAX_PATH: usize = 64;

/// Verifies a bundle. Offsets in the report are bytes of the file; an error says that it is no
/// bundle at all.
pub fn verify(file: &[u8], trust: &Trust<'_>) -> Result<Report, BundleError> {
    if file.len() > MAX_BYTES {
        return Err(BundleError::Size);
    }
    let members = Members::read(file)?;
    let content = members.content()?;
    let mut report = Report { is_key_trusted: trust.log.is_some(), ..Report::default() };
    if trust.log.is_some_and(|key| *key != content.vkey) {
        let what = "is another key than the trusted one";
        report.fault(members.fault(FaultKind::Key, VKEY, what));
    }
    let key = trust.log.unwrap_or(&content.vkey);
    report.key = key.to_string();
    match Checkpoint::open(content.checkpoint.as_bytes(), key) {
        Ok(head) => check(&content, &head, &members, trust, &mut report),
        Err(error) => {
            report.fault(members.fault(FaultKind::Checkpoint, CHECKPOINT, &error.to_string()));
        }
    }
    same_bytes(file, &content, &members, &mut report)?;
    if report.fault_count > 0 {
        report.proven = 0;
    }
    if report.proven < report.size {
        let what = "that these are all records that belong to the matter: others are in the log";
        report.unproved(what.to_owned());
    }
    report.unproved("when the bundle was made, and what it is said to be about".to_owned());
    Ok(report.finished())
}

fn check(
    content: &Content,
    head: &Checkpoint,
    members: &Members<'_>,
    trust: &Trust<'_>,
    report: &mut Report,
) {
    report.origin.clone_from(&head.origin);
    report.size = head.size;
    report.root = head.root.to_string();
    report.checkpoints = 1;
    for known in trust.known.iter().filter(|known| known.size == head.size && *known != head) {
        let what = format!("contradicts the reader's own checkpoint of {} records", known.size);
        report.fault(members.fault(FaultKind::Consistency, CHECKPOINT, &what));
    }
    check_cosigned(content.checkpoint.as_bytes(), head.size, CHECKPOINT, trust, report);
    let mut phases = Phases::default();
    for item in &content.items {
        let file = record_file(item.index);
        let leaf = leaf_hash(&item.record);
        let held = verify_inclusion(&leaf, item.index, head.size, &item.path, &head.root);
        let offset = members.offset(&file);
        match held {
            Ok(()) => report.proven += 1,
            Err(error) => {
                let fault = Fault::file(FaultKind::Entry, &file, &format!("{error}"));
                report.fault(fault.at(Some(item.index), offset));
            }
        }
        phases.take(item.index, &item.record, (&file, offset), report);
    }
    phases.state(report);
}

/// The file must be what its content makes: a changed page, a line in the manifest, bytes between
/// the members are all found here.
fn same_bytes(
    file: &[u8],
    content: &Content,
    members: &Members<'_>,
    report: &mut Report,
) -> Result<(), BundleError> {
    let made = content.encode()?;
    if made == file {
        return Ok(());
    }
    let at = made.iter().zip(file).position(|(made, found)| made != found);
    let at = at.unwrap_or(made.len().min(file.len()));
    let name = members.at(at);
    let what = "the file is not what its content makes, from this byte on";
    report.fault(Fault::file(FaultKind::Bundle, name, what).at(None, at as u64));
    Ok(())
}

struct Members<'a> {
    list: Vec<Member<'a>>,
    by_name: BTreeMap<&'a str, usize>,
}

impl<'a> Members<'a> {
    fn read(file: &'a [u8]) -> Result<Self, BundleError> {
        let list = tar::read(file)?;
        let by_name: BTreeMap<&str, usize> =
            list.iter().enumerate().map(|(place, member)| (member.name, place)).collect();
        if by_name.len() != list.len() {
            return Err(BundleError::Format("two files have one name".to_owned()));
        }
        Ok(Self { list, by_name })
    }

    fn member(&self, name: &str) -> Result<&Member<'a>, BundleError> {
        let member = self.by_name.get(name).and_then(|place| self.list.get(*place));
        member.ok_or_else(|| BundleError::Format(format!("{name} is missing")))
    }

    fn text(&self, name: &str) -> Result<&'a str, BundleError> {
        let bytes = self.member(name)?.bytes;
        std::str::from_utf8(bytes).map_err(|_| BundleError::Format(format!("{name} is no text")))
    }

    fn offset(&self, name: &str) -> u64 {
        self.member(name).map_or(0, |member| member.offset as u64)
    }

    /// The file that a byte of the archive lies in or before.
    fn at(&self, byte: usize) -> &'a str {
        let end = |member: &&Member<'_>| member.offset + member.bytes.len() > byte;
        self.list.iter().find(end).or(self.list.last()).map_or("", |member| member.name)
    }

    fn fault(&self, kind: FaultKind, name: &str, what: &str) -> Fault {
        Fault::file(kind, name, what).at(None, self.offset(name))
    }

    fn content(&self) -> Result<Content, BundleError> {
        let bad = |name: &str, what: String| BundleError::Format(format!("{name}: {what}"));
        let manifest: Manifest = serde_json::from_str(self.text(MANIFEST)?)
            .map_err(|error| bad(MANIFEST, error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(bad(MANIFEST, format!("the form {:?} is not known", manifest.format)));
        }
        if manifest.records.len() > MAX_RECORDS {
            return Err(BundleError::Records(manifest.records.len()));
        }
        let key = |name: &str, line: &str| {
            line.parse::<VerifierKey>().map_err(|error| bad(name, error.to_string()))
        };
        let witnesses = self.text(WITNESSES)?.lines().take(MAX_SIGNATURES);
        let policy = |named: &super::Named| {
            let text = self.text(&policy_file(&named.sha256))?.to_owned();
            Ok(Policy { name: named.name.clone(), text })
        };
        let item = |index: &u64| {
            let record = self.member(&record_file(*index))?.bytes.to_vec();
            let name = proof_file(*index);
            let path = path(self.text(&name)?).ok_or_else(|| bad(&name, "is no proof".into()))?;
            Ok(Item { index: *index, record, path })
        };
        Ok(Content {
            about: manifest.about,
            made: manifest.made,
            checkpoint: self.text(CHECKPOINT)?.to_owned(),
            vkey: key(VKEY, self.text(VKEY)?)?,
            witnesses: witnesses.map(|line| key(WITNESSES, line)).collect::<Result<_, _>>()?,
            policies: manifest.policies.iter().map(policy).collect::<Result<_, BundleError>>()?,
            items: manifest.records.iter().map(item).collect::<Result<_, BundleError>>()?,
        })
    }
}

/// The hashes of a tlog-proof. Its other lines are compared when the file is made anew.
fn path(proof: &str) -> Option<Vec<Digest>> {
    let (head, _) = proof.split_once("\n\n")?;
    let hash = |line: &str| Some(Digest(STANDARD.decode(line).ok()?.try_into().ok()?));
    head.split('\n').skip(2).take(MAX_PATH).map(hash).collect()
}
