//! How a record refers to a payload.

use std::fmt;
use std::str::FromStr;

use model::Month;

use crate::ReadError;

/// Where the last piece of a payload stands: `2026-11/3/8192` is byte 8192 of the third volume of
/// that month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    pub month: Month,
    pub volume: u32,
    pub offset: u64,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.month, self.volume, self.offset)
    }
}

impl FromStr for Reference {
    type Err = ReadError;

    fn from_str(text: &str) -> Result<Self, ReadError> {
        let parse = || {
            let mut parts = text.splitn(3, '/');
            let found = Self {
                month: parts.next()?.parse().ok()?,
                volume: parts.next()?.parse().ok()?,
                offset: parts.next()?.parse().ok()?,
            };
            // No other spelling of the same place.
            (found.to_string() == text).then_some(found)
        };
        parse().ok_or_else(|| ReadError::Reference(model::clip(text, 64).to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_one_spelling() {
        let text = "2026-11/3/8192";
        assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        for bad in
            ["", "2026-11", "2026-11/3", "2026-11/03/1", "2026-11/3/-1", "../1/2", "2026-11/3/1/2"]
        {
            assert!(bad.parse::<Reference>().is_err(), "{bad}");
        }
    }
}
