//! What agents may do: Cedar behind a small interface.
//!
//! [`Bundle::compile`] checks policies against the published [`SCHEMA`] and refuses whatever
//! could fail at run time; [`Bundle::decide`] answers a [`Question`] with a [`Verdict`]. Deny is
//! the default, and a forbid always wins. What roles may use is data ([`Grants`]), so that a
//! handful of policies serves any number of grants. [`testing`] runs cases from files, [`replay`]
//! decides recorded traffic again, [`difference`](fn@difference) compares, and [`Provable`] is what a solver is asked.
//!
//! Nothing here does input or output, or reads a clock.

mod baseline;
mod bundle;
mod compile;
mod diagnose;
mod difference;
mod grants;
mod inputs;
mod key;
mod lexer;
mod memo;
mod pattern;
mod provable;
mod question;
mod reason;
pub mod replay;
mod request;
mod scoped;
mod source;
mod staff;
pub mod testing;
#[cfg(test)]
mod tests;
mod time;
mod vocabulary;

pub use baseline::{baseline_sources, baseline_tests};
pub use bundle::{Bundle, MAX_PATTERNS};
pub use compile::{MAX_DESCRIPTION, MAX_POLICIES, MAX_SOURCES, OBLIGATIONS};
pub use difference::{Difference, difference};
pub use grants::{EVERYONE, Grants, OPEN_GRANT_NOTICE, RoleGrants, ZoneReach};
pub use lexer::{MAX_NESTING, MAX_SOURCE_BYTES, MAX_TOKENS};
pub use memo::MAX_VERDICTS;
pub use pattern::{Pattern, PatternError};
pub use provable::{Counterexample, Provable, Rule, baseline_rules};
pub use question::{Action, Context, Delegation, Question, Resource, Verdict};
pub use scoped::{Scoped, ScopedError};
pub use source::{Diagnostic, Source};
pub use staff::{STAFF_SCHEMA, Staff, StaffBundle, StaffVerdict, Thing, staff_sources};
pub use vocabulary::SCHEMA;
