//! What tests of several modules share.

use std::time::{Duration, Instant};

use proptest::test_runner::Config;

/// At least so many cases; more where `PROPTEST_CASES` asks for more, as a long search does.
pub(crate) fn cases(least: u32) -> Config {
    let asked = Config::default();
    Config { failure_persistence: None, cases: asked.cases.max(least), ..asked }
}

/// What is added to every bound, for what the clock itself gets wrong.
const SLACK: Duration = Duration::from_millis(200);

/// Linear work may take so many times as long as its length says: caches, tables, allocations.
const MARGIN: u32 = 10;

/// Work that seems too slow is measured so many times: only what is slow every time is slow.
const ATTEMPTS: usize = 5;

/// Holds work over a text to linear time: over `long` bytes it may take [`MARGIN`] times as long as
/// over `short` bytes for each of them; quadratic work takes `long / short` times as long.
///
/// Other programs do not count, since the thread's own time on a processor is measured where the
/// system tells it.
pub(crate) fn assert_linear(what: &str, lengths: (usize, usize), work: impl Fn(usize)) {
    let seems_slow = |_: &usize| exceeds(lengths, &work).is_some();
    let slow = (0..ATTEMPTS).take_while(seems_slow).count();
    assert!(slow < ATTEMPTS, "{what}: {:?} for {lengths:?} bytes", exceeds(lengths, &work));
}

/// What work took over the short and the long text, if that was more than linear.
fn exceeds((short, long): (usize, usize), work: impl Fn(usize)) -> Option<(Duration, Duration)> {
    let ratio = (long / short) as u32;
    assert!(ratio >= 3 * MARGIN, "quadratic work would pass");
    let least = (0..3).map(|_| cost(|| work(short))).min()?;
    let most = cost(|| work(long));
    (most > least * ratio * MARGIN + SLACK).then_some((least, most))
}

fn cost(work: impl Fn()) -> Duration {
    let begun = (Instant::now(), on_processor());
    work();
    match (begun.1, on_processor()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => begun.0.elapsed(),
    }
}

/// How long this thread has run, without the time that others ran in its place.
fn on_processor() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

#[test]
fn quadratic_work_is_told_from_linear() {
    let sum = |length: usize| (0..length).map(std::hint::black_box).sum::<usize>();
    assert_linear("a sum", (1_000, 64_000), |length| {
        std::hint::black_box(sum(length));
    });
    let squares = exceeds((1_000, 64_000), |length| {
        std::hint::black_box((0..length / 8).map(|_| sum(length)).sum::<usize>());
    });
    assert!(squares.is_some());
}
