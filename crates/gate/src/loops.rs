//! Loops: the same call over and over, and sessions that never end.
//!
//! An agent that is stuck repeats itself word for word. What counts as one run of calls is a
//! session: what an agent names as such, or else all that it does for one person. The number of
//! sessions that are remembered is bounded; the longest idle are forgotten first.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use model::{Digest, SessionId, Timestamp};

use crate::identify::Caller;

const SHARDS: usize = 32;
/// Sessions that are remembered; at about a hundred bytes each.
const MAX_SESSIONS: usize = 131_072;
/// A session that did nothing for so long begins anew.
const IDLE: Duration = Duration::from_secs(600);

/// What is let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoopRules {
    /// The same call in a row.
    pub repeats: Option<u32>,
    /// Calls of one session.
    pub session_calls: Option<u64>,
}

/// The call that would go on with a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looping {
    Repeats(u32),
    SessionCalls(u64),
}

#[derive(Default)]
pub struct Loops {
    shards: [Mutex<HashMap<u64, Session, RandomState>>; SHARDS],
    hasher: RandomState,
}

struct Session {
    last: Digest,
    repeats: u32,
    calls: u64,
    at: Timestamp,
}

impl Loops {
    /// Counts a call, or says why it is cut. `call` is the digest of all that makes it this call.
    pub fn count(
        &self,
        rules: LoopRules,
        caller: &Caller,
        session: Option<&SessionId>,
        call: Digest,
        now: Timestamp,
    ) -> Result<(), Looping> {
        if rules == LoopRules::default() {
            return Ok(());
        }
        let key =
            self.hasher.hash_one((&caller.tenant.id, &caller.agent.name, &caller.person, session));
        let Some(shard) = self.shards.get(key as usize % SHARDS) else { return Ok(()) };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= MAX_SESSIONS / SHARDS && !shard.contains_key(&key) {
            forget(&mut shard, now);
        }
        let fresh = || Session { last: call, repeats: 0, calls: 0, at: now };
        let entry = shard.entry(key).or_insert_with(fresh);
        if now.since(entry.at) > IDLE {
            *entry = fresh();
        }
        entry.count(rules, call, now)
    }
}

/// Makes room: what is idle goes; where nothing is, the half that did something longest ago.
fn forget(shard: &mut HashMap<u64, Session, RandomState>, now: Timestamp) {
    shard.retain(|_, session| now.since(session.at) <= IDLE);
    if shard.len() < MAX_SESSIONS / SHARDS {
        return;
    }
    let mut times: Vec<Timestamp> = shard.values().map(|session| session.at).collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    shard.retain(|_, session| session.at > median);
}

impl Session {
    fn count(&mut self, rules: LoopRules, call: Digest, now: Timestamp) -> Result<(), Looping> {
        self.at = now;
        let repeats = if self.last == call { self.repeats.saturating_add(1) } else { 1 };
        if let Some(allowed) = rules.repeats.filter(|allowed| repeats > *allowed) {
            return Err(Looping::Repeats(allowed));
        }
        if let Some(allowed) = rules.session_calls.filter(|allowed| self.calls >= *allowed) {
            return Err(Looping::SessionCalls(allowed));
        }
        self.last = call;
        self.repeats = repeats;
        self.calls += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session { last: Digest::of(b""), repeats: 0, calls: 0, at: Timestamp::default() }
    }

    #[test]
    fn the_same_call_is_cut_and_another_begins_anew() {
        let rules = LoopRules { repeats: Some(2), session_calls: None };
        let mut session = session();
        let mut call = |what: &[u8]| session.count(rules, Digest::of(what), Timestamp::default());
        assert_eq!(call(b"a"), Ok(()));
        assert_eq!(call(b"a"), Ok(()));
        assert_eq!(call(b"a"), Err(Looping::Repeats(2)));
        assert_eq!(call(b"a"), Err(Looping::Repeats(2)));
        assert_eq!(call(b"b"), Ok(()));
        assert_eq!(call(b"a"), Ok(()));
    }

    #[test]
    fn a_session_ends_at_its_last_call() {
        let rules = LoopRules { repeats: None, session_calls: Some(2) };
        let mut session = session();
        let mut call = |what: u8| session.count(rules, Digest::of(&[what]), Timestamp::default());
        assert_eq!((call(1), call(2)), (Ok(()), Ok(())));
        assert_eq!(call(3), Err(Looping::SessionCalls(2)));
    }

    #[test]
    fn room_is_made_by_forgetting_the_longest_idle() {
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
        let mut shard = HashMap::default();
        for number in 0..MAX_SESSIONS / SHARDS {
            shard.insert(number as u64, Session { at: at(number as i64 / 1000), ..session() });
        }
        forget(&mut shard, at(5));
        assert!(shard.len() <= MAX_SESSIONS / SHARDS / 2);
        assert!(shard.contains_key(&(MAX_SESSIONS as u64 / SHARDS as u64 - 1)));
    }
}
