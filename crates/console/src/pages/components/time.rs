//! Moments and spans. A page says UTC; the script puts the reader's own zone in its place and keeps
//! UTC at hand.

use std::time::Duration;

use maud::{Markup, html};
use model::Timestamp;

/// A moment, to the second.
pub(crate) fn moment(at: Timestamp) -> Markup {
    let exact = at.to_string();
    let shown = format!("{} UTC", exact.get(..19).unwrap_or(&exact).replace('T', " "));
    html! { time datetime=(exact) title=(exact) { (shown) } }
}

/// How long, in the greatest two units that say something.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, ..) => format!("{hours} h {minutes} min"),
        (_, 0, _) => format!("{days} d"),
        _ => format!("{days} d {hours} h"),
    }
}

/// How long ago, or in how long.
pub(crate) fn distance(at: Timestamp, now: Timestamp) -> String {
    if at > now {
        format!("in {}", span(at.since(now)))
    } else {
        format!("{} ago", span(now.since(at)))
    }
}

/// Milliseconds as people read them.
pub(crate) fn millis(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.2} ms")
    } else if ms < 10_000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1e3)
    }
}
