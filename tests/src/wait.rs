//! Waiting for a condition, with a deadline. The pause between two looks is the only sleep there is.

use std::time::{Duration, Instant};

/// How long anything may take on a machine that builds at the same time.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Within this, what is to happen at once has happened, on any machine: a bound that tells it from what
/// waits for a time-out or the next message. The figures themselves are the benchmark's.
pub const AT_ONCE: Duration = Duration::from_secs(5);

/// Looks until `look` gives a value; panics with `what` after [`DEADLINE`].
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(Instant::now() < end, "waited {DEADLINE:?} for {what}");
        std::thread::sleep(Duration::from_millis(2)); // pause: between two looks
    }
}

/// As [`until`], for tests on a runtime.
pub async fn until_async<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(Instant::now() < end, "waited {DEADLINE:?} for {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
