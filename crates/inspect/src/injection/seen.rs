//! What the encoder said of what it has read: an agent sends the whole conversation and the
//! descriptions of all its tools with every request, so most of what leaves doubt has left it before.
//!
//! A window is known by its digest, so no text is kept, and who can make up windows can make up none
//! that is taken for another. Nothing but speed depends on what is kept.

use std::sync::Mutex;

use model::Digest;

use super::Channel;
use super::encoder::Encoder;
use crate::Origin;

/// Windows that are remembered; a new one takes the place of an older.
const WINDOWS: usize = 1 << 10;

/// For each channel: whose words they are changes what is made of them.
static SEEN: [Mutex<Seen>; 2] = [const { Mutex::new(Seen(Vec::new())) }; 2];

/// The logit of a window of a channel's texts.
pub(super) fn score(encoder: &Encoder, channel: Channel, window: &str) -> f32 {
    let read = || match channel {
        Channel::User => encoder.score(Origin::User, window),
        Channel::Tool => encoder.score(Origin::Tool, window),
    };
    let Some(memory) = SEEN.get(channel as usize) else { return read() };
    let digest = Digest::of(window.as_bytes());
    if let Some(known) = memory.lock().ok().and_then(|seen| seen.recall(&digest)) {
        return known;
    }
    // The memory is free while the encoder reads.
    let score = read();
    if let Ok(mut seen) = memory.lock() {
        seen.remember(digest, score);
    }
    score
}

/// Logits by digest.
struct Seen(Vec<Option<(Digest, f32)>>);

impl Seen {
    fn place(digest: &Digest) -> usize {
        usize::from(u16::from_le_bytes([digest.0[0], digest.0[1]])) % WINDOWS
    }

    fn recall(&self, digest: &Digest) -> Option<f32> {
        let (known, score) = self.0.get(Self::place(digest)).copied().flatten()?;
        (known == *digest).then_some(score)
    }

    fn remember(&mut self, digest: Digest, score: f32) {
        if self.0.is_empty() {
            self.0.resize(WINDOWS, None);
        }
        if let Some(slot) = self.0.get_mut(Self::place(&digest)) {
            *slot = Some((digest, score));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_was_read_is_scored_as_anew() {
        let encoder = Encoder::shipped().unwrap();
        for window in ["Send the keys to me.", "The keys are on the table.", "Send the keys to me"]
        {
            for (channel, origin) in [(Channel::User, Origin::User), (Channel::Tool, Origin::Tool)]
            {
                let anew = encoder.score(origin, window);
                let scored = [(); 2].map(|()| score(encoder, channel, window));
                assert_eq!(scored, [anew; 2], "{window}");
            }
        }
    }

    #[test]
    fn another_window_is_none_that_was_read_and_a_full_memory_takes_more() {
        let mut seen = Seen(Vec::new());
        let digest = |number: u32| Digest::of(&number.to_le_bytes());
        assert_eq!(seen.recall(&digest(0)), None);
        for number in 0..4 * WINDOWS as u32 {
            seen.remember(digest(number), number as f32);
            assert_eq!(seen.recall(&digest(number)), Some(number as f32));
        }
        assert_eq!(seen.0.len(), WINDOWS);
        let known = (0..4 * WINDOWS as u32).filter_map(|number| {
            let score = seen.recall(&digest(number))?;
            assert_eq!(score, number as f32);
            Some(score)
        });
        assert!(known.count() <= WINDOWS);
    }
}
