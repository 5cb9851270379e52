//! Texts as the model sees them: candidates with their features, and which of them are attacks.

use inspect::injection::{Candidate, Reading, read};

use super::super::corpus::Text;

/// A candidate is an attack if this share of it, or of the attack, is in both.
const SHARE: f32 = 0.5;

/// What a candidate is known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Attack,
    Honest,
    /// It may be the attack, or only stand beside it.
    Unknown,
    /// It holds too little of the attack to be either.
    Neither,
}

/// A text that was read, with buffers that are used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Example {
    pub(crate) reading: Reading,
    grams: Vec<u32>,
    /// Where each sentence's features end.
    ends: Vec<usize>,
}

impl Example {
    pub(crate) fn read(&mut self, text: &str) {
        self.grams.clear();
        self.ends.clear();
        let (grams, ends) = (&mut self.grams, &mut self.ends);
        self.reading = read(text, |sentence, slot| {
            while ends.len() < sentence {
                ends.push(grams.len());
            }
            grams.push(u32::try_from(slot).unwrap_or(0));
        });
        self.ends.resize(self.reading.sentences.len().max(1), self.grams.len());
    }

    /// The hashed features of a candidate.
    pub(crate) fn grams(&self, candidate: &Candidate) -> &[u32] {
        let end =
            |at: usize| at.checked_sub(1).and_then(|at| self.ends.get(at)).copied().unwrap_or(0);
        self.grams
            .get(end(candidate.sentences.start)..end(candidate.sentences.end))
            .unwrap_or_default()
    }

    pub(crate) fn known(&self, text: &Text, candidate: &Candidate) -> Known {
        if text.label == 0 {
            return Known::Honest;
        }
        if text.planted.is_empty() {
            return Known::Unknown;
        }
        let range = self.reading.range(candidate);
        let shares = text.planted.iter().map(|&[from, to]| {
            let both = to.min(range.end).saturating_sub(from.max(range.start)) as f32;
            (both / range.len() as f32).max(both / (to - from).max(1) as f32)
        });
        match shares.fold(0.0, f32::max) {
            0.0 => Known::Honest,
            share if share >= SHARE => Known::Attack,
            _ => Known::Neither,
        }
    }
}
