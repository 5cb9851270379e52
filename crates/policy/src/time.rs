//! Time as policies see it: UTC, to the minute.

use model::Timestamp;

const MINUTE: i64 = 60;

/// The fields of `context.time`. Times outside the years -9999 to 9999 read as their ends.
pub(crate) struct CivilTime {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    /// 1 is Monday.
    pub(crate) weekday: i64,
    pub(crate) minute_of_week: i64,
    pub(crate) epoch_seconds: i64,
}

impl CivilTime {
    pub(crate) fn new(time: Timestamp) -> Self {
        let (first, last) = (jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
        let epoch_seconds = minute(time).clamp(first / MINUTE, last / MINUTE) * MINUTE;
        let instant = jiff::Timestamp::from_second(epoch_seconds).unwrap_or_default();
        let civil = jiff::tz::Offset::UTC.to_datetime(instant);
        let (hour, minute) = (i64::from(civil.hour()), i64::from(civil.minute()));
        let weekday = i64::from(civil.weekday().to_monday_one_offset());
        Self {
            year: i64::from(civil.year()),
            month: i64::from(civil.month()),
            day: i64::from(civil.day()),
            hour,
            minute,
            weekday,
            minute_of_week: ((weekday - 1) * 24 + hour) * 60 + minute,
            epoch_seconds,
        }
    }
}

/// Whole minutes since the epoch, rounded down.
pub(crate) fn minute(time: Timestamp) -> i64 {
    time.seconds().div_euclid(MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> [i64; 8] {
        let t = CivilTime::new(text.parse().unwrap());
        let week = [t.weekday, t.minute_of_week, t.epoch_seconds];
        [t.year, t.month, t.day, t.hour, t.minute, week[0], week[1], week[2]]
    }

    #[test]
    fn fields_are_utc_to_the_minute() {
        // A Monday.
        let monday = [2026, 11, 23, 14, 5, 1, 845, 1_795_442_700];
        assert_eq!(fields("2026-11-23T14:05:59.999999Z"), monday);
        assert_eq!(fields("2026-11-22T23:59:00Z")[5..7], [7, 10_079]);
    }

    #[test]
    fn times_beyond_the_calendar_are_clamped() {
        assert_eq!(CivilTime::new(Timestamp::from_micros(i64::MAX)).year, 9999);
        assert_eq!(CivilTime::new(Timestamp::from_micros(i64::MIN)).year, -9999);
    }
}
