//! Signed notes (C2SP signed-note) and the checkpoints in them (C2SP tlog-checkpoint).

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::Digest;
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::SigningKey;

/// A note longer than this is not looked at.
pub const MAX_NOTE_BYTES: usize = 64 << 10;
/// Signature type of plain Ed25519 (signed-note, section "Signature types").
const ED25519_TYPE: u8 = 1;
/// Signature type of timestamped Ed25519 cosignatures (tlog-cosignature, section "Format").
const COSIGNATURE_TYPE: u8 = 4;
/// Signature lines of one note, at most: the log's and those of its witnesses.
pub const MAX_SIGNATURES: usize = 64;

/// Why a note or a key is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("this is no signed note")]
    Format,
    #[error("the note's text is no checkpoint")]
    Checkpoint,
    #[error("a verifier key looks like name+01234567+base64; this one does not")]
    Key,
    #[error("no signature by the key {0}")]
    Unsigned(String),
    #[error("the signature by {0} does not fit the text")]
    Signature(String),
    #[error("the checkpoint is of the log {found:?}, not of {expected:?}")]
    Origin { expected: String, found: String },
}

/// What a key signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A log its own checkpoints.
    Log,
    /// A witness the checkpoints of logs, with the time.
    Witness,
}

impl KeyKind {
    fn code(self) -> u8 {
        match self {
            Self::Log => ED25519_TYPE,
            Self::Witness => COSIGNATURE_TYPE,
        }
    }
}

/// A key that signatures are checked with: name, key id and public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    kind: KeyKind,
    public: [u8; 32],
}

impl VerifierKey {
    /// The key of a log.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, NoteError> {
        Self::of_kind(name, KeyKind::Log, public)
    }

    /// The key of a witness.
    pub fn witness(name: &str, public: [u8; 32]) -> Result<Self, NoteError> {
        Self::of_kind(name, KeyKind::Witness, public)
    }

    fn of_kind(name: &str, kind: KeyKind, public: [u8; 32]) -> Result<Self, NoteError> {
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(NoteError::Key);
        }
        let hash = Digest::of_parts(&[name.as_bytes(), b"\n", &[kind.code()], &public]);
        let [a, b, c, d, ..] = hash.0;
        Ok(Self { name: name.to_owned(), id: u32::from_be_bytes([a, b, c, d]), kind, public })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public).verify(message, signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    /// The encoding of the section "Ed25519 signatures": `name+id+base64(type ‖ key)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![self.kind.code()];
        bytes.extend_from_slice(&self.public);
        write!(f, "{}+{:08x}+{}", self.name, self.id, STANDARD.encode(bytes))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim_end().splitn(3, '+');
        let mut part = || parts.next().ok_or(NoteError::Key);
        let (name, id, key) = (part()?, part()?, part()?);
        let bytes = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
        let (kind, public) = match bytes.split_first() {
            Some((&ED25519_TYPE, public)) => (KeyKind::Log, public),
            Some((&COSIGNATURE_TYPE, public)) => (KeyKind::Witness, public),
            _ => return Err(NoteError::Key),
        };
        let key = Self::of_kind(name, kind, public.try_into().map_err(|_| NoteError::Key)?)?;
        if format!("{:08x}", key.id) == id { Ok(key) } else { Err(NoteError::Key) }
    }
}

/// A tree head: which log, how many records, which root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: String,
    pub size: u64,
    pub root: Digest,
}

impl Checkpoint {
    /// The note's text (tlog-checkpoint, section "Note text").
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0))
    }

    /// Reads a note's text. Extension lines are allowed and not looked at.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let body = text.strip_suffix('\n').ok_or(NoteError::Checkpoint)?;
        let mut lines = body.split('\n');
        let mut line = || lines.next().filter(|line| !line.is_empty()).ok_or(NoteError::Checkpoint);
        let (origin, size, root) = (line()?, line()?, line()?);
        let number: u64 = size.parse().map_err(|_| NoteError::Checkpoint)?;
        let root = STANDARD.decode(root).map_err(|_| NoteError::Checkpoint)?;
        let root = Digest(root.try_into().map_err(|_| NoteError::Checkpoint)?);
        if number.to_string() != size || lines.any(str::is_empty) {
            return Err(NoteError::Checkpoint);
        }
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }

    /// The signed note. The key's name is the origin.
    pub fn sign(&self, key: &SigningKey) -> Result<String, NoteError> {
        let verifier = VerifierKey::new(&self.origin, key.public())?;
        let text = self.text();
        let line = signature_line(&self.origin, verifier.id, &key.sign(text.as_bytes()));
        Ok(format!("{text}\n{line}"))
    }

    /// Reads a signed checkpoint of the log that the key is named after.
    pub fn open(note: &[u8], key: &VerifierKey) -> Result<Self, NoteError> {
        let checkpoint = Self::parse(open(note, key)?)?;
        if checkpoint.origin != key.name {
            let (expected, found) = (key.name.clone(), checkpoint.origin);
            return Err(NoteError::Origin { expected, found });
        }
        Ok(checkpoint)
    }
}

/// The note's text, once the key's signature on it has been checked (signed-note, section
/// "Signatures"). Signatures by unknown keys are ignored.
pub fn open<'a>(note: &'a [u8], key: &VerifierKey) -> Result<&'a str, NoteError> {
    let (text, signatures) = parts(note)?;
    // A cosignature signs another message, and is no signature of the log.
    if key.kind != KeyKind::Log {
        return Err(NoteError::Key);
    }
    let mut found = false;
    for line in signatures.lines() {
        let (name, id, signature) = signature(line)?;
        if name != key.name || id != key.id {
            continue;
        }
        if !key.accepts(text.as_bytes(), &signature) {
            return Err(NoteError::Signature(name.to_owned()));
        }
        found = true;
    }
    if found { Ok(text) } else { Err(NoteError::Unsigned(key.name.clone())) }
}

/// One signature line: the name, and the key id with the signature.
pub(crate) fn signature_line(name: &str, id: u32, signature: &[u8]) -> String {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend_from_slice(signature);
    format!("\u{2014} {name} {}\n", STANDARD.encode(bytes))
}

/// Text and signature lines (section "Format").
pub(crate) fn parts(note: &[u8]) -> Result<(&str, &str), NoteError> {
    let note = std::str::from_utf8(note).map_err(|_| NoteError::Format)?;
    let control = |c: char| c < ' ' && c != '\n';
    if note.len() > MAX_NOTE_BYTES || note.contains(control) || !note.ends_with('\n') {
        return Err(NoteError::Format);
    }
    let at = note.rfind("\n\n").ok_or(NoteError::Format)?;
    let (text, signatures) = note.split_at(at + 1);
    let signatures = signatures.strip_prefix('\n').ok_or(NoteError::Format)?;
    let count = signatures.lines().count();
    let fits = (1..=MAX_SIGNATURES).contains(&count);
    if fits { Ok((text, signatures)) } else { Err(NoteError::Format) }
}

pub(crate) fn signature(line: &str) -> Result<(&str, u32, Vec<u8>), NoteError> {
    let rest = line.strip_prefix("\u{2014} ").ok_or(NoteError::Format)?;
    let (name, encoded) = rest.split_once(' ').ok_or(NoteError::Format)?;
    let mut bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Format)?;
    let id: [u8; 4] = bytes.get(..4).and_then(|id| id.try_into().ok()).ok_or(NoteError::Format)?;
    bytes.drain(..4);
    Ok((name, u32::from_be_bytes(id), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "example.com/log".to_owned(), size: 7, root: Digest([3; 32]) }
    }

    fn key() -> (SigningKey, VerifierKey) {
        let key = SigningKey::generate([1; 32]).unwrap();
        let verifier = VerifierKey::new("example.com/log", key.public()).unwrap();
        (key, verifier)
    }

    #[test]
    fn the_key_of_the_go_implementation_is_read_and_checks_its_note() {
        // The example of golang.org/x/mod/sumdb/note, which the specification grew from.
        let verifier: VerifierKey =
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let note = format!(
            "{text}\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
        );
        assert_eq!(open(note.as_bytes(), &verifier), Ok(text));
        assert_eq!(
            verifier.to_string(),
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        );
    }

    #[test]
    fn every_changed_byte_of_a_signed_checkpoint_is_noticed() {
        let (key, verifier) = key();
        let note = checkpoint().sign(&key).unwrap().into_bytes();
        assert_eq!(Checkpoint::open(&note, &verifier), Ok(checkpoint()));
        for at in 0..note.len() {
            let mut bad = note.clone();
            bad[at] ^= 1;
            assert!(Checkpoint::open(&bad, &verifier).is_err(), "byte {at}");
            assert!(Checkpoint::open(&note[..at], &verifier).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn another_key_and_another_origin_are_refused() {
        let (key, verifier) = key();
        let note = checkpoint().sign(&key).unwrap();
        let other = SigningKey::generate([2; 32]).unwrap();
        let other = VerifierKey::new("example.com/log", other.public()).unwrap();
        assert!(matches!(Checkpoint::open(note.as_bytes(), &other), Err(NoteError::Unsigned(_))));
        // Signed by the right key, but for another log.
        let text = checkpoint().text().replace("/log", "/other");
        let mut signature = verifier.id.to_be_bytes().to_vec();
        signature.extend_from_slice(&key.sign(text.as_bytes()));
        let forged = format!("{text}\n\u{2014} {} {}\n", verifier.name, STANDARD.encode(signature));
        let opened = Checkpoint::open(forged.as_bytes(), &verifier);
        assert!(matches!(opened, Err(NoteError::Origin { .. })), "{opened:?}");
    }

    #[test]
    fn a_foreign_signature_beside_ours_is_ignored() {
        let (key, verifier) = key();
        let foreign = SigningKey::generate([9; 32]).unwrap();
        let line = checkpoint().sign(&foreign).unwrap();
        let line = line.lines().last().unwrap().replace("example.com/log", "witness.example");
        let note = format!("{}{line}\n", checkpoint().sign(&key).unwrap());
        assert_eq!(Checkpoint::open(note.as_bytes(), &verifier), Ok(checkpoint()));
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let root = STANDARD.encode([3; 32]);
        for bad in [
            String::new(),
            "a\n1\n".to_owned(),
            format!("a\n01\n{root}\n"),
            format!("\n1\n{root}\n"),
            format!("a\n-1\n{root}\n"),
            format!("a\n1\n{}\n", &root[1..]),
            format!("a\n1\n{root}"),
            format!("a\n1\n{root}\n\n"),
        ] {
            assert!(Checkpoint::parse(&bad).is_err(), "{bad:?}");
        }
        assert!(Checkpoint::parse(&format!("a\n1\n{root}\nextension\n")).is_ok());
    }
}
