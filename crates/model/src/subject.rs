//! Whose data something is, and of which month: what a data key is for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{AgentName, IdError, Timestamp, UserName};

/// Whose data a payload is: the person's on whose behalf it was sent, or else the agent's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", content = "name", rename_all = "lowercase")]
pub enum DataSubject {
    Agent(AgentName),
    Person(UserName),
}

impl DataSubject {
    /// `agent` or `person`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Agent(_) => "agent",
            Self::Person(_) => "person",
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Agent(name) => name.as_str(),
            Self::Person(name) => name.as_str(),
        }
    }
}

impl fmt::Display for DataSubject {
    /// Such as `agent:support-bot`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.name())
    }
}

impl FromStr for DataSubject {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.split_once(':') {
            Some(("agent", name)) => AgentName::new(name).map(Self::Agent),
            Some(("person", name)) => UserName::new(name).map(Self::Person),
            _ => Err(IdError::Character(text.chars().take(40).collect())),
        }
    }
}

/// A month of the calendar, UTC.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month {
    year: u16,
    month: u8,
}

/// A text that is no month.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a month looks like 2026-11; {0:?} does not")]
pub struct MonthError(String);

impl Month {
    pub fn of(time: Timestamp) -> Self {
        let (year, month, _) = time.civil();
        Self { year: u16::try_from(year.clamp(0, 9999)).unwrap_or(0), month: month as u8 }
    }

    /// The first moment that is no longer in it.
    pub fn end(self) -> Timestamp {
        let (year, month) = match self.month {
            12 => (self.year + 1, 1),
            month => (self.year, month + 1),
        };
        Timestamp::from_date(i64::from(year), i64::from(month), 1)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, MonthError> {
        let number = |part: &str| part.parse::<u16>().ok();
        let parse = || {
            let (year, month) = text.split_once('-')?;
            let found = Self { year: number(year)?, month: u8::try_from(number(month)?).ok()? };
            // No other spelling of the same month.
            ((1..=12).contains(&found.month) && found.to_string() == text).then_some(found)
        };
        parse().ok_or_else(|| MonthError(text.chars().take(16).collect()))
    }
}

crate::text::as_text!(Month);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_reads_back_and_nothing_else_is_one() {
        for text in ["agent:support-bot", "person:ann@example.com", "agent:a:b"] {
            let subject: DataSubject = text.parse().unwrap();
            assert_eq!(subject.to_string(), text);
        }
        for bad in ["", "agent", "agent:", "Person:x", "bot:x", "person:a b"] {
            assert!(bad.parse::<DataSubject>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_month_is_that_of_its_moments() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let december = Month::of(time("2026-12-31T23:59:59.999999Z"));
        assert_eq!(december.to_string(), "2026-12");
        assert_eq!(december.end(), time("2027-01-01T00:00:00Z"));
        assert_eq!(Month::of(december.end()).to_string(), "2027-01");
        assert_eq!("2026-12".parse(), Ok(december));
        for bad in ["", "2026", "2026-13", "2026-00", "2026-1", "+026-01", "2026-01-01"] {
            assert!(bad.parse::<Month>().is_err(), "{bad}");
        }
    }
}
