//! When a grant counts: from a moment, to a moment, and only in some hours of the week.

use std::str::FromStr;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use model::Timestamp;

/// Windows of one week that a grant may have.
const MAX_WINDOWS: usize = 14;

/// Hours of a week in a time zone: `mon-fri 08:00-18:00; sat 09:00-12:00 Europe/Berlin`. Without a
/// zone, UTC. A window ends before its last minute; one over midnight is written as two.
#[derive(Clone, Debug)]
pub struct Hours {
    windows: Vec<Window>,
    zone: TimeZone,
}

#[derive(Clone, Debug)]
struct Window {
    days: [bool; 7],
    from: Time,
    to: Time,
}

/// What is wrong with a text of hours.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum HoursError {
    #[error("hours look like \"mon-fri 08:00-18:00 Europe/Berlin\"; {0:?} does not")]
    Form(String),
    #[error("there is no time zone {0:?}; use one such as Europe/Berlin, or UTC")]
    Zone(String),
    #[error("a week has at most {MAX_WINDOWS} windows")]
    TooMany,
}

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let (windows, zone) = match text.trim().rsplit_once(' ') {
            Some((windows, zone)) if !zone.contains(':') => (windows, zone),
            _ => (text.trim(), "UTC"),
        };
        let zone = TimeZone::get(zone).map_err(|_| HoursError::Zone(short(zone)))?;
        let windows: Result<Vec<_>, _> = windows.split(';').map(window).collect();
        let windows = windows?;
        if windows.len() > MAX_WINDOWS {
            Err(HoursError::TooMany)
        } else {
            Ok(Self { windows, zone })
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn window(text: &str) -> Result<Window, HoursError> {
    let wrong = || HoursError::Form(short(text));
    let (days, hours) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let (from, to) = hours.trim().split_once('-').ok_or_else(wrong)?;
    let (from, to) = (time(from).ok_or_else(wrong)?, time(to).ok_or_else(wrong)?);
    let days = self::days(days).ok_or_else(wrong)?;
    if from < to { Ok(Window { days, from, to }) } else { Err(wrong()) }
}

/// `24:00` is the end of a day.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    match (hour.parse().ok()?, minute.parse().ok()?) {
        (24, 0) => Some(Time::MAX),
        (hour, minute) => Time::new(hour, minute, 0, 0).ok(),
    }
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn days(text: &str) -> Option<[bool; 7]> {
    let number = |name: &str| DAYS.iter().position(|day| day.eq_ignore_ascii_case(name));
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        // `sat-mon` goes over the end of the week.
        let length = (last + 7 - first) % 7;
        for day in first..=first + length {
            *days.get_mut(day % 7)? = true;
        }
    }
    Some(days)
}

impl Hours {
    /// Whether a moment lies within.
    pub fn covers(&self, now: Timestamp) -> bool {
        let Ok(instant) = jiff::Timestamp::from_microsecond(now.micros()) else { return false };
        let local = self.zone.to_datetime(instant);
        let day = number(local.weekday());
        let time = local.time();
        self.windows.iter().any(|window| {
            let is_day = window.days.get(day).copied().unwrap_or(false);
            is_day && window.from <= time && time < window.to
        })
    }
}

fn number(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)
}

/// Whether a grant of these terms counts now. Hours that cannot be read cover nothing.
pub fn is_in_force(
    starts: Option<Timestamp>,
    ends: Option<Timestamp>,
    hours: Option<&str>,
    now: Timestamp,
) -> bool {
    let begun = starts.is_none_or(|starts| starts <= now);
    let lasts = ends.is_none_or(|ends| now < ends);
    let covered = |text: &str| text.parse::<Hours>().is_ok_and(|hours| hours.covers(now));
    begun && lasts && hours.is_none_or(covered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_week_has_hours_in_a_zone() {
        let hours: Hours = "mon-fri 08:00-18:00; sat 09:00-12:00 Europe/Berlin".parse().unwrap();
        // A Monday in winter: Berlin is an hour ahead; in summer it is two.
        for (time, covers) in [
            ("2026-11-23T06:59:00Z", false),
            ("2026-11-23T07:00:00Z", true),
            ("2026-11-23T16:59:59Z", true),
            ("2026-11-23T17:00:00Z", false),
            ("2026-07-06T06:00:00Z", true),
            ("2026-11-28T08:30:00Z", true),
            ("2026-11-29T08:30:00Z", false),
        ] {
            assert_eq!(hours.covers(at(time)), covers, "{time}");
        }
        let week: Hours = "sat-mon 00:00-24:00".parse().unwrap();
        assert!(week.covers(at("2026-11-23T23:59:59Z")));
        assert!(!week.covers(at("2026-11-24T00:00:00Z")));
    }

    #[test]
    fn what_are_no_hours_says_so() {
        for wrong in [
            "",
            "always",
            "mon",
            "mon 8:00-9:00",
            "mon 09:00-08:00",
            "mon 09:00-09:00",
            "mun 08:00-09:00",
            "mon 08:00-25:00",
            "mon 08:00-09:00 Mars/Olympus",
            "mon 08:00-09:00;",
            "mon 08:00-24:01",
        ] {
            assert!(wrong.parse::<Hours>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_grant_counts_between_its_ends_and_in_its_hours() {
        let now = at("2026-11-23T12:00:00Z");
        let (before, after) = (at("2026-11-23T11:00:00Z"), at("2026-11-23T13:00:00Z"));
        assert!(is_in_force(None, None, None, now));
        assert!(is_in_force(Some(now), Some(after), None, now));
        assert!(!is_in_force(Some(after), None, None, now));
        assert!(!is_in_force(None, Some(now), None, now));
        assert!(!is_in_force(Some(before), Some(before), None, now));
        assert!(is_in_force(None, None, Some("mon 11:00-13:00"), now));
        assert!(!is_in_force(None, None, Some("tue 11:00-13:00"), now));
        assert!(!is_in_force(None, None, Some("whenever"), now));
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,60}", micros: i64) {
            if let Ok(hours) = text.parse::<Hours>() {
                hours.covers(Timestamp::from_micros(micros));
            }
        }
    }
}
