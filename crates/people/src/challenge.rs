//! Questions to passkeys that need no memory: what was asked says itself that we asked it, for what
//! and until when. That each is answered once is for whoever keeps what was answered.

use std::time::Duration;

use model::Timestamp;
use ring::hmac;

/// How long a question may be answered.
pub const ANSWERED_WITHIN: Duration = Duration::from_secs(5 * 60);

const RANDOM: usize = 16;
const TIME: usize = 8;
const TAG: usize = 32;

/// Makes and knows questions.
pub struct Challenges(hmac::Key);

impl Challenges {
    pub fn new(key: [u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// A question for one purpose, such as adding a key within one session.
    pub fn ask(&self, purpose: &str, random: [u8; RANDOM], now: Timestamp) -> Vec<u8> {
        let time = now.micros().to_be_bytes();
        let tag = hmac::sign(&self.0, &signed(purpose, &random, &time));
        [&random[..], &time, tag.as_ref()].concat()
    }

    /// Until when a question of ours for this purpose would have been taken; `None` where it is
    /// not ours, for something else, or too old.
    pub fn check(&self, purpose: &str, challenge: &[u8], now: Timestamp) -> Option<Timestamp> {
        let (random, rest) = challenge.split_first_chunk::<RANDOM>()?;
        let (time, tag) = rest.split_first_chunk::<TIME>()?;
        if tag.len() != TAG {
            return None;
        }
        hmac::verify(&self.0, &signed(purpose, random, time), tag).ok()?;
        let asked = Timestamp::from_micros(i64::from_be_bytes(*time));
        let ends = asked.plus(ANSWERED_WITHIN);
        (asked.minus(ANSWERED_WITHIN) <= now && now < ends).then_some(ends)
    }
}

fn signed(purpose: &str, random: &[u8], time: &[u8]) -> Vec<u8> {
    [random, time, purpose.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_known_for_its_purpose_and_time() {
        let (ours, others) = (Challenges::new([1; 32]), Challenges::new([2; 32]));
        let now = Timestamp::from_micros(1_000_000_000);
        let asked = ours.ask("log-in", [3; RANDOM], now);
        assert!(ours.check("log-in", &asked, now).is_some());
        assert!(ours.check("add/ann", &asked, now).is_none());
        assert!(others.check("log-in", &asked, now).is_none());
        assert!(ours.check("log-in", &asked, now.plus(ANSWERED_WITHIN)).is_none());
        for at in 0..asked.len() {
            let mut changed = asked.clone();
            changed[at] ^= 1;
            assert!(ours.check("log-in", &changed, now).is_none(), "{at}");
        }
        assert!(ours.check("log-in", &asked[1..], now).is_none());
    }
}
