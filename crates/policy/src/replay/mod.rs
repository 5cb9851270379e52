//! Recorded traffic, decided again by other policies.
//!
//! A [`Comparison`] puts the question that a record keeps to the policies in force and to a draft,
//! under the same grants, and a [`Simulation`] counts where they differ. Nothing is guessed: what a
//! record does not keep is counted as such.

mod asked;
mod simulation;
#[cfg(test)]
mod tests;

use model::{Agent, Effect, PolicyId, Record, RecordId, Timestamp};
use serde::{Deserialize, Serialize};

pub use asked::{ASKED, Asked, MAX_ASKED, Unasked};
pub use simulation::{Group, MAX_EXAMPLES, Simulation};

use crate::{Bundle, Verdict};

/// The policies in force, and a draft of others under the same grants.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'a> {
    pub in_force: &'a Bundle,
    pub draft: &'a Bundle,
}

/// What came of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    Alike {
        has_drifted: bool,
    },
    Changed {
        change: Box<Change>,
        has_drifted: bool,
        /// It was refused for another reason, and would be again.
        is_moot: bool,
    },
    Not(Unasked),
}

/// A call that the draft decides otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub record: RecordId,
    pub time: Timestamp,
    pub agent: String,
    pub resource: String,
    pub from: Effect,
    pub to: Effect,
    /// That decide now, and that would.
    pub decides: Vec<PolicyId>,
    pub would_decide: Vec<PolicyId>,
    pub reason: String,
}

impl Comparison<'_> {
    /// Decides a recorded call again, twice. `agent` is what is known of its agent now.
    pub fn replay(&self, record: &Record, agent: Option<&Agent>) -> Replayed {
        let asked = match Asked::read(record, agent) {
            Ok(asked) => asked,
            Err(why) => return Replayed::Not(why),
        };
        // What is asked once each would only push out what the gate remembers.
        let verdicts = asked.put(|q| (self.in_force.evaluate(q), self.draft.evaluate(q)));
        let Some((now, then)) = verdicts else { return Replayed::Not(Unasked::Incomplete) };
        let has_drifted = self.has_drifted(record, &asked, &now);
        if (now.effect, &now.obligations) == (then.effect, &then.obligations) {
            return Replayed::Alike { has_drifted };
        }
        let is_moot = is_refused_otherwise(record) && now.effect != Effect::Deny;
        let change = Box::new(change(record, now, then));
        Replayed::Changed { change, has_drifted, is_moot }
    }

    /// Whether the policies in force were in force then, and decide otherwise all the same: what they
    /// stand on has changed since, such as the grants of a role.
    fn has_drifted(&self, record: &Record, asked: &Asked, now: &Verdict) -> bool {
        let is_same = asked.version == self.in_force.short_version();
        is_same && !is_refused_otherwise(record) && record.decision.policies != now.policies
    }

    /// Whether either of them reads what a record does not hold: who answers for an agent, and what
    /// it is for. That is taken as it is now.
    pub fn reads_what_is_not_recorded(&self) -> bool {
        [self.in_force, self.draft].iter().any(|bundle| bundle.reads_who_and_why())
    }
}

/// Refused, and not by a policy: those name themselves, or say that nothing permits.
fn is_refused_otherwise(record: &Record) -> bool {
    let decision = &record.decision;
    decision.effect == Effect::Deny
        && decision.policies.is_empty()
        && !decision.reason.starts_with("no policy permits")
}

fn change(record: &Record, now: Verdict, then: Verdict) -> Change {
    Change {
        record: record.id,
        time: record.time,
        agent: record.agent.as_ref().map(ToString::to_string).unwrap_or_default(),
        resource: record.resource.as_ref().map(|one| one.name.clone()).unwrap_or_default(),
        from: now.effect,
        to: then.effect,
        decides: now.policies,
        would_decide: then.policies,
        reason: then.reason,
    }
}
