//! Cosignatures of witnesses (C2SP tlog-cosignature, the Ed25519 form `cosignature/v1`).
//!
//! A cosignature says that at a time the witness had seen this tree head, that it grew from all
//! that the witness saw of the log before, and that it was the largest.

use crate::SigningKey;
use crate::note::{KeyKind, NoteError, VerifierKey, parts, signature, signature_line};

/// Bytes of a timestamped signature: seconds since the epoch, and the Ed25519 signature.
const LENGTH: usize = 8 + 64;
/// The latest time that a cosignature may carry.
const MAX_TIME: u64 = i64::MAX as u64;

/// The signed message (section "Ed25519 signed message").
fn message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// The signature line of a witness for the text of a note, at a time in seconds since the epoch.
pub fn cosign(text: &str, name: &str, key: &SigningKey, time: u64) -> Result<String, NoteError> {
    let witness = VerifierKey::witness(name, key.public())?;
    let mut bytes = time.min(MAX_TIME).to_be_bytes().to_vec();
    bytes.extend_from_slice(&key.sign(message(time.min(MAX_TIME), text).as_bytes()));
    Ok(signature_line(name, witness.id(), &bytes))
}

/// The time that a witness's cosignature on a note carries; the latest where it has several.
/// Lines of other keys are ignored, a line of this key that does not fit is an error.
pub fn verify(note: &[u8], witness: &VerifierKey) -> Result<u64, NoteError> {
    let (text, lines) = parts(note)?;
    if witness.kind() != KeyKind::Witness {
        return Err(NoteError::Key);
    }
    let mut latest = None;
    for line in lines.lines() {
        let (name, id, bytes) = signature(line)?;
        if name == witness.name() && id == witness.id() {
            let time = checked(text, witness, &bytes);
            latest = latest.max(Some(time.ok_or(NoteError::Signature(name.to_owned()))?));
        }
    }
    latest.ok_or_else(|| NoteError::Unsigned(witness.name().to_owned()))
}

fn checked(text: &str, witness: &VerifierKey, bytes: &[u8]) -> Option<u64> {
    let (time, signature) = bytes.split_first_chunk::<8>().filter(|_| bytes.len() == LENGTH)?;
    let time = Some(u64::from_be_bytes(*time)).filter(|time| *time <= MAX_TIME)?;
    witness.accepts(message(time, text).as_bytes(), signature).then_some(time)
}

/// The note with those lines of an answer added that are cosignatures of the witness and fit.
/// An error where there is none.
pub fn join(note: &str, answer: &str, witness: &VerifierKey) -> Result<String, NoteError> {
    let mut joined = note.to_owned();
    let mut refusal = NoteError::Unsigned(witness.name().to_owned());
    for line in answer.lines().take(crate::note::MAX_SIGNATURES) {
        match verify(format!("{note}{line}\n").as_bytes(), witness) {
            Ok(_) if !joined.contains(line) => joined.push_str(&format!("{line}\n")),
            Ok(_) => {}
            Err(NoteError::Unsigned(_)) => {}
            Err(error) => refusal = error,
        }
    }
    if joined == note { Err(refusal) } else { Ok(joined) }
}

#[cfg(test)]
mod tests {
    use model::Digest;

    use super::*;
    use crate::note::Checkpoint;

    const NAME: &str = "witness.example/w1";

    fn keys() -> (SigningKey, VerifierKey) {
        let key = SigningKey::generate([5; 32]).unwrap();
        let verifier = VerifierKey::witness(NAME, key.public()).unwrap();
        (key, verifier)
    }

    fn signed() -> (String, VerifierKey) {
        let log = SigningKey::generate([1; 32]).unwrap();
        let checkpoint =
            Checkpoint { origin: "example.com/log".to_owned(), size: 7, root: Digest([3; 32]) };
        let key = VerifierKey::new("example.com/log", log.public()).unwrap();
        (checkpoint.sign(&log).unwrap(), key)
    }

    #[test]
    fn a_cosigned_checkpoint_opens_with_both_keys_and_every_changed_byte_is_noticed() {
        let ((key, witness), (note, log)) = (keys(), signed());
        let text = note.split_once("\n\n").unwrap().0.to_owned() + "\n";
        let line = cosign(&text, NAME, &key, 1_679_315_147).unwrap();
        let joined = join(&note, &line, &witness).unwrap();
        assert_eq!(verify(joined.as_bytes(), &witness), Ok(1_679_315_147));
        assert_eq!(Checkpoint::open(joined.as_bytes(), &log).unwrap().size, 7);
        for at in 0..text.len() {
            let mut bad = joined.clone().into_bytes();
            bad[at] ^= 1;
            assert!(verify(&bad, &witness).is_err(), "byte {at} of the text");
        }
        for at in joined.len() - line.len()..joined.len() {
            let mut bad = joined.clone().into_bytes();
            bad[at] ^= 1;
            assert!(verify(&bad, &witness).is_err(), "byte {at} of the cosignature");
        }
    }

    #[test]
    fn a_key_is_good_for_its_own_kind_of_signature_alone() {
        let ((key, witness), (note, log)) = (keys(), signed());
        assert_eq!(verify(note.as_bytes(), &log), Err(NoteError::Key));
        assert_eq!(Checkpoint::open(note.as_bytes(), &witness), Err(NoteError::Key));
        // A witness that signed as a log does, under the same name and key.
        let as_log = VerifierKey::new(NAME, key.public()).unwrap();
        assert_ne!(as_log.id(), witness.id());
        let text = note.split_once("\n\n").unwrap().0.to_owned() + "\n";
        let line = signature_line(NAME, witness.id(), &key.sign(text.as_bytes()));
        assert!(matches!(join(&note, &line, &witness), Err(NoteError::Signature(_))));
    }

    #[test]
    fn an_answer_with_nothing_of_the_witness_adds_nothing() {
        let ((key, witness), (note, _)) = (keys(), signed());
        for answer in ["", "no signature", "\u{2014} other AAAAAA==\n"] {
            assert!(join(&note, answer, &witness).is_err(), "{answer}");
        }
        let other = cosign("another\n1\ntext\n", NAME, &key, 5).unwrap();
        assert!(matches!(join(&note, &other, &witness), Err(NoteError::Signature(_))));
    }

    #[test]
    fn a_verifier_key_of_a_witness_reads_back() {
        let (_, witness) = keys();
        assert_eq!(witness.to_string().parse::<VerifierKey>(), Ok(witness.clone()));
        assert!(witness.to_string().contains("+B"), "type 4: {witness}");
    }
}
