//! How long somebody who guesses wrong has to wait.
//!
//! Failures are counted for an account and for an address, each by itself. The wait doubles, so
//! that guessing comes to nothing, and ends, so that nobody can lock somebody else out for good.

use std::time::Duration;

use model::Timestamp;

/// Failures of an account that cost nothing: people mistype.
pub const FREE_OF_ACCOUNT: u32 = 5;
/// Failures of an address that cost nothing: many people may sit behind one.
pub const FREE_OF_ADDRESS: u32 = 20;
/// The first wait; each further failure doubles it.
const FIRST: Duration = Duration::from_secs(15);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Failures are forgotten this long after the last.
pub const FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);

/// Until when nothing is tried after `failures` in a row, the last of them `now`.
pub fn until(failures: u32, free: u32, now: Timestamp) -> Timestamp {
    let Some(beyond) = failures.checked_sub(free + 1) else { return now };
    let factor = 1_u32.checked_shl(beyond).filter(|factor| *factor > 0).unwrap_or(u32::MAX);
    now.plus(FIRST.saturating_mul(factor).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_wait_doubles_to_its_longest() {
        let now = Timestamp::from_micros(0);
        let wait = |failures| until(failures, FREE_OF_ACCOUNT, now).since(now).as_secs();
        let waits: Vec<u64> = (4..15).map(wait).collect();
        assert_eq!(waits, [0, 0, 15, 30, 60, 120, 240, 480, 900, 900, 900]);
    }

    proptest! {
        #[test]
        fn it_never_shrinks_and_never_overflows(failures: u32, free in 0_u32..100) {
            let now = Timestamp::from_micros(0);
            let wait = |failures| until(failures, free, now).since(now);
            prop_assert!(wait(failures) <= LONGEST);
            prop_assert!(wait(failures) <= wait(failures.saturating_add(1)));
        }
    }
}
