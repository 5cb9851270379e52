//! Points in time: microseconds since the Unix epoch, UTC, written as RFC 3339.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Why a text is no timestamp.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a time looks like 2026-11-23T14:05:00.000000Z; {0:?} does not")]
pub struct TimestampError(String);

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

const DAY: i64 = 86_400_000_000;

impl Timestamp {
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// A clock before 1970 reads as 1970.
    pub fn from_system(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    /// Zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The first moment of a day.
    pub(crate) fn from_date(year: i64, month: i64, day: i64) -> Self {
        Self(days_from_civil(year, month, day) * DAY)
    }

    /// Year, month and day in the proleptic Gregorian calendar (H. Hinnant's `civil_from_days`).
    pub(crate) fn civil(self) -> (i64, i64, i64) {
        let days = self.0.div_euclid(DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }
}

/// Days since the epoch of a civil date (H. Hinnant's `days_from_civil`).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        let micros = self.0.rem_euclid(DAY);
        let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let fields = [
            (0, 4, year),
            (5, 2, month),
            (8, 2, day),
            (11, 2, hour),
            (14, 2, minute),
            (17, 2, second),
            (20, 6, fraction),
        ];
        for (start, width, mut value) in fields {
            for slot in text[start..start + width].iter_mut().rev() {
                *slot = b'0' + (value % 10).unsigned_abs() as u8;
                value /= 10;
            }
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Timestamp {
    type Err = TimestampError;

    /// Reads RFC 3339 in UTC (`Z`), with up to six digits of a second's fraction.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        parse(text).ok_or_else(|| TimestampError(text.chars().take(40).collect()))
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let digits = |part: &str, width: usize| -> Option<i64> {
        let plain = part.len() == width && part.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| part.parse().ok()).flatten()
    };
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-');
    let year = digits(date.next()?, 4)?;
    let month = digits(date.next()?, 2).filter(|m| (1..=12).contains(m))?;
    let day = digits(date.next()?, 2).filter(|d| (1..=31).contains(d))?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut clock = clock.splitn(3, ':');
    let hour = digits(clock.next()?, 2).filter(|h| *h < 24)?;
    let minute = digits(clock.next()?, 2).filter(|m| *m < 60)?;
    let second = digits(clock.next()?, 2).filter(|s| *s < 60)?;
    let width = fraction.len();
    if !(1..=6).contains(&width) {
        return None;
    }
    let micros = digits(fraction, width)? * 10_i64.pow(6 - width as u32);
    let seconds = hour * 3600 + minute * 60 + second;
    let parsed = Timestamp(days_from_civil(year, month, day) * DAY + seconds * 1_000_000 + micros);
    // 31 February would come out as a day of March.
    (parsed.civil() == (year, month, day)).then_some(parsed)
}

crate::text::as_text!(Timestamp);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_times_are_written_as_rfc_3339() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400_000_001, "2000-02-29T00:00:00.000001Z"),
            (1_795_442_700_000_000, "2026-11-23T14:05:00.000000Z"),
        ] {
            assert_eq!(Timestamp(micros).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "",
            "2026-02-30T00:00:00Z",
            "2026-11-23 14:05:00Z",
            "2026-11-23T14:05:00+01:00",
            "2026-11-23T24:00:00Z",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_time_reads_back(micros in 0_i64..253_402_300_799_999_999) {
            let time = Timestamp(micros);
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }
    }
}
