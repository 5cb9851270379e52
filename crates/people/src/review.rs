//! Access reviews: how often everybody's access is looked at, and for how long.

use std::time::Duration;

use jiff::ToSpan;
use jiff::tz::TimeZone;
use model::Timestamp;

/// How often a review begins by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    Week,
    Month,
    Quarter,
    /// Only by hand.
    Never,
}

/// How an installation reviews its access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    pub every: Every,
    /// How long a review is open.
    pub lasts: Duration,
    /// Whether what is undecided at the deadline is put before a security officer; otherwise it is
    /// revoked.
    pub escalates: bool,
}

impl Default for Review {
    fn default() -> Self {
        Self { every: Every::Month, lasts: Duration::from_secs(14 * 24 * 60 * 60), escalates: true }
    }
}

impl Every {
    /// When the next one begins after one that began at `last`, by the calendar in UTC: a month after
    /// the 31st is the last of the next.
    pub fn next(self, last: Timestamp) -> Option<Timestamp> {
        let span = match self {
            Self::Week => 1.week(),
            Self::Month => 1.month(),
            Self::Quarter => 3.months(),
            Self::Never => return None,
        };
        let instant = jiff::Timestamp::from_microsecond(last.micros()).ok()?;
        let next = TimeZone::UTC.to_datetime(instant).checked_add(span).ok()?;
        let next = TimeZone::UTC.to_timestamp(next).ok()?;
        Some(Timestamp::from_micros(next.as_microsecond()))
    }

    /// Whether one is due; `last` is when the last began, or when there first was something to review.
    pub fn is_due(self, last: Timestamp, now: Timestamp) -> bool {
        self.next(last).is_some_and(|next| next <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        for (every, last, next) in [
            (Every::Month, "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
            (Every::Month, "2026-12-05T10:00:00Z", "2027-01-05T10:00:00Z"),
            (Every::Quarter, "2026-11-30T00:00:00Z", "2027-02-28T00:00:00Z"),
            (Every::Week, "2026-11-27T08:00:00Z", "2026-12-04T08:00:00Z"),
        ] {
            assert_eq!(every.next(at(last)), Some(at(next)), "{every:?} {last}");
            assert!(every.is_due(at(last), at(next)));
            assert!(!every.is_due(at(last), at(next).minus(Duration::from_secs(1))));
        }
        assert_eq!(Every::Never.next(at("2026-01-01T00:00:00Z")), None);
    }

    proptest! {
        #[test]
        fn the_next_is_always_later(micros in 0_i64..4_000_000_000_000_000) {
            let last = Timestamp::from_micros(micros);
            for every in [Every::Week, Every::Month, Every::Quarter] {
                let next = every.next(last).unwrap();
                prop_assert!(next > last.plus(Duration::from_secs(6 * 86_400)));
                prop_assert!(next < last.plus(Duration::from_secs(93 * 86_400)));
            }
        }

        #[test]
        fn no_moment_breaks_it(micros: i64) {
            let _ = Every::Month.next(Timestamp::from_micros(micros));
        }
    }
}
