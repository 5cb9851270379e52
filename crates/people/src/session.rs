//! Sessions: how far somebody has proved who they are, and how long that counts.

use std::time::Duration;

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// How far a log-in has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The password was right; a second factor is asked for.
    Password,
    /// Invited, and about to add a first second factor.
    Enrol,
    /// Whole: both factors.
    Full,
}

impl Stage {
    pub const ALL: [Self; 3] = [Self::Password, Self::Enrol, Self::Full];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Enrol => "enrol",
            Self::Full => "full",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }
}

/// How long sessions count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Without a request.
    pub idle: Duration,
    /// From the log-in on, whatever is done.
    pub whole: Duration,
    /// After a second factor, for what asks for a fresh one.
    pub fresh: Duration,
    /// From the first factor to the second.
    pub partial: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Self { idle: minutes(30), whole: minutes(12 * 60), fresh: minutes(5), partial: minutes(15) }
    }
}

/// The moments of a session that its end is reckoned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moments {
    pub created: Timestamp,
    pub seen: Timestamp,
    /// When a second factor was last shown.
    pub proved: Option<Timestamp>,
}

impl Lifetimes {
    /// Whether a session still counts. One from the future does not: a clock was set back.
    pub fn is_live(&self, stage: Stage, moments: Moments, now: Timestamp) -> bool {
        let whole = match stage {
            Stage::Full => self.whole,
            Stage::Password | Stage::Enrol => self.partial,
        };
        let is_past = moments.created.minus(SKEW) <= now;
        is_past && now < moments.created.plus(whole) && now < moments.seen.plus(self.idle)
    }

    /// Whether the second factor was shown so lately that what cannot be undone may be done.
    pub fn is_fresh(&self, moments: Moments, now: Timestamp) -> bool {
        let within = |proved: Timestamp| proved.minus(SKEW) <= now && now < proved.plus(self.fresh);
        moments.proved.is_some_and(within)
    }
}

/// How far clocks of two gates may be apart.
const SKEW: Duration = Duration::from_secs(60);

/// A session's last use is written down no more often than this.
pub const SEEN_EVERY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_micros(minutes * 60_000_000)
    }

    fn moments(created: i64, seen: i64, proved: Option<i64>) -> Moments {
        Moments { created: at(created), seen: at(seen), proved: proved.map(at) }
    }

    #[test]
    fn a_session_ends_idle_and_ends_at_last() {
        let lifetimes = Lifetimes::default();
        let live = |stage, moments, now| lifetimes.is_live(stage, moments, at(now));
        assert!(live(Stage::Full, moments(100, 100, None), 129));
        assert!(!live(Stage::Full, moments(100, 100, None), 130));
        assert!(live(Stage::Full, moments(100, 810, None), 819));
        assert!(!live(Stage::Full, moments(100, 819, None), 820));
        assert!(!live(Stage::Password, moments(100, 114, None), 115));
        assert!(!live(Stage::Full, moments(100, 100, None), 50));
    }

    #[test]
    fn a_proof_is_fresh_for_minutes() {
        let lifetimes = Lifetimes::default();
        let fresh = |proved, now| lifetimes.is_fresh(moments(0, 0, proved), at(now));
        assert!(fresh(Some(10), 14));
        assert!(!fresh(Some(10), 15));
        assert!(!fresh(Some(10), 5));
        assert!(!fresh(None, 5));
    }
}
