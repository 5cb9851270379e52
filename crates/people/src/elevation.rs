//! Time-limited access: what may be asked for, for how long, and what may be taken at once.
//!
//! A person asks for a role for some minutes, and somebody else says yes or no. Breaking glass takes a role
//! without waiting for anybody: only roles that were declared for it, for a short time, in front of
//! everybody.

use std::time::Duration;

use crate::Role;

/// The bounds of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elevation {
    /// The longest that a role may be asked for.
    pub longest: Duration,
    /// How long a request waits for somebody to decide.
    pub waits: Duration,
    /// The roles that may be taken at once; with none, nobody breaks glass.
    pub break_glass: Vec<Role>,
    /// The longest that one of them counts.
    pub break_glass_longest: Duration,
}

impl Default for Elevation {
    fn default() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 60 * 60);
        Self {
            longest: hours(8),
            waits: hours(24),
            break_glass: Vec::new(),
            break_glass_longest: hours(1),
        }
    }
}

/// The longest reason, in bytes.
pub const MAX_REASON: usize = 1_024;

/// Why something cannot be asked for.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ElevationError {
    #[error("say why: whoever decides reads it, and it stands in the record")]
    NoReason,
    #[error("a reason has at most {MAX_REASON} bytes")]
    LongReason,
    #[error("it is asked for at least a minute and at most {0} minutes")]
    Span(u64),
    #[error(
        "{0} may not be taken without asking; ask for it, or declare it under break_glass in [people.elevation]"
    )]
    NotDeclared(&'static str),
}

impl Elevation {
    /// Whether a role may be asked for.
    pub fn check_request(&self, span: Duration, reason: &str) -> Result<(), ElevationError> {
        check(span, self.longest, reason)
    }

    /// Whether a role may be taken at once.
    pub fn check_break_glass(
        &self,
        role: Role,
        span: Duration,
        reason: &str,
    ) -> Result<(), ElevationError> {
        if !self.break_glass.contains(&role) {
            return Err(ElevationError::NotDeclared(role.as_str()));
        }
        check(span, self.break_glass_longest, reason)
    }
}

fn check(span: Duration, longest: Duration, reason: &str) -> Result<(), ElevationError> {
    check_reason(reason)?;
    let is_within = span >= Duration::from_secs(60) && span <= longest;
    if is_within { Ok(()) } else { Err(ElevationError::Span(longest.as_secs() / 60)) }
}

/// Whether a text is a reason.
pub fn check_reason(reason: &str) -> Result<(), ElevationError> {
    match reason {
        text if text.trim().is_empty() => Err(ElevationError::NoReason),
        text if text.len() > MAX_REASON => Err(ElevationError::LongReason),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_request_says_why_and_ends() {
        let rules = Elevation::default();
        assert_eq!(rules.check_request(MINUTE, "the disk is full"), Ok(()));
        assert_eq!(rules.check_request(rules.longest, "x"), Ok(()));
        assert_eq!(rules.check_request(MINUTE, " \n"), Err(ElevationError::NoReason));
        let long = "x".repeat(MAX_REASON + 1);
        assert_eq!(rules.check_request(MINUTE, &long), Err(ElevationError::LongReason));
        for span in [Duration::ZERO, MINUTE - Duration::from_secs(1), rules.longest + MINUTE] {
            assert_eq!(rules.check_request(span, "x"), Err(ElevationError::Span(480)), "{span:?}");
        }
    }

    #[test]
    fn only_what_was_declared_is_taken_at_once() {
        let none = Elevation::default();
        let refused = none.check_break_glass(Role::Responder, MINUTE, "fire");
        assert_eq!(refused, Err(ElevationError::NotDeclared("responder")));
        let some = Elevation { break_glass: vec![Role::Responder], ..none };
        assert_eq!(some.check_break_glass(Role::Responder, MINUTE, "fire"), Ok(()));
        let two_hours = MINUTE * 120;
        let long = some.check_break_glass(Role::Responder, two_hours, "fire");
        assert_eq!(long, Err(ElevationError::Span(60)));
        let other = some.check_break_glass(Role::SecurityOfficer, MINUTE, "fire");
        assert_eq!(other, Err(ElevationError::NotDeclared("security_officer")));
    }
}
