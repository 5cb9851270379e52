//! The body of `add-checkpoint`: old size, consistency proof, checkpoint.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::Digest;

use super::Refusal;
use crate::note::MAX_NOTE_BYTES;

/// Proof lines at most; a proof between trees of 2^63 leaves needs no more.
pub const MAX_PROOF: usize = 63;
/// A longer request is not looked at.
pub const MAX_REQUEST_BYTES: usize = MAX_NOTE_BYTES + 4096;

/// A submitted checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    pub old: u64,
    pub proof: Vec<Digest>,
    pub note: &'a str,
}

impl<'a> Request<'a> {
    /// Reads a body; no other spelling of the same passes.
    pub fn parse(body: &'a [u8]) -> Result<Self, Refusal> {
        if body.len() > MAX_REQUEST_BYTES {
            return Err(Refusal::Format("it is too long"));
        }
        let text = std::str::from_utf8(body).map_err(|_| Refusal::Format("it is no text"))?;
        let (head, note) =
            text.split_once("\n\n").ok_or(Refusal::Format("no empty line ends the proof"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(number);
        let old = old.ok_or(Refusal::Format("the first line is no old size"))?;
        let proof: Option<Vec<Digest>> = lines.take(MAX_PROOF + 1).map(hash).collect();
        let proof = proof.ok_or(Refusal::Format("a line of the proof is no hash"))?;
        if proof.len() > MAX_PROOF {
            return Err(Refusal::Format("the proof has more than 63 lines"));
        }
        Ok(Self { old, proof, note })
    }

    /// The body that says this.
    pub fn encode(&self) -> String {
        let proof: String =
            self.proof.iter().map(|hash| format!("{}\n", STANDARD.encode(hash.0))).collect();
        format!("old {}\n{proof}\n{}", self.old, self.note)
    }
}

/// A decimal number without leading zeros.
pub(super) fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn hash(line: &str) -> Option<Digest> {
    Some(Digest(STANDARD.decode(line).ok()?.try_into().ok()?))
}
