//! What a draft would have decided otherwise, counted, with examples.

use model::{Effect, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Change, Replayed, Unasked};

/// Records that are named for each kind of change, the first that were met.
pub const MAX_EXAMPLES: usize = 50;

/// What replaying came to. Two of them add up, so that a long time can be replayed in pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulation {
    /// Calls that were decided again.
    pub replayed: u64,
    /// Of these, calls that the draft decides as the policies in force do.
    pub alike: u64,
    /// What it decides otherwise, by how.
    pub changes: Vec<Group>,
    /// It decides them otherwise, which makes no difference: they were refused for another reason.
    pub moot: u64,
    /// The policies in force were in force then, and decide otherwise today: grants or zones, or the
    /// agent itself, have changed.
    pub drifted: u64,
    /// No policy was asked, or the record is of a program that kept no question.
    pub unasked: u64,
    /// The record does not keep the whole question.
    pub incomplete: u64,
    /// When the calls were that were looked at.
    pub oldest: Option<Timestamp>,
    pub newest: Option<Timestamp>,
}

/// Calls that change in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub from: Effect,
    pub to: Effect,
    pub count: u64,
    pub examples: Vec<Change>,
}

impl Group {
    /// What becomes of its calls, to be read after their number.
    pub fn says(&self) -> &'static str {
        use Effect::{Deny, Hold};
        match (self.from, self.to) {
            (Hold, Hold) => "held with other obligations",
            (Hold, Deny) => "refused instead of held",
            (Deny, Hold) => "held instead of refused",
            (_, Deny) => "more refused",
            (_, Hold) => "more held",
            (Deny, _) => "no longer refused",
            (Hold, _) => "no longer held",
            _ => "permitted with other obligations",
        }
    }
}

impl Simulation {
    pub fn add(&mut self, time: Timestamp, replayed: Replayed) {
        self.spans(time, time);
        match replayed {
            Replayed::Not(Unasked::Never) => self.unasked += 1,
            Replayed::Not(Unasked::Incomplete) => self.incomplete += 1,
            Replayed::Alike { has_drifted } => {
                self.again(has_drifted);
                self.alike += 1;
            }
            Replayed::Changed { change, has_drifted, is_moot } => {
                self.again(has_drifted);
                match is_moot {
                    true => self.moot += 1,
                    false => self.changed(1, vec![*change]),
                }
            }
        }
    }

    /// Adds what another piece came to.
    pub fn absorb(&mut self, other: Self) {
        self.replayed += other.replayed;
        self.alike += other.alike;
        self.moot += other.moot;
        self.drifted += other.drifted;
        self.unasked += other.unasked;
        self.incomplete += other.incomplete;
        if let (Some(oldest), Some(newest)) = (other.oldest, other.newest) {
            self.spans(oldest, newest);
        }
        for group in other.changes {
            self.changed(group.count, group.examples);
        }
    }

    /// Calls that the draft decides otherwise, to any effect.
    pub fn changed_calls(&self) -> u64 {
        self.changes.iter().map(|group| group.count).sum()
    }

    fn again(&mut self, has_drifted: bool) {
        self.replayed += 1;
        self.drifted += u64::from(has_drifted);
    }

    fn changed(&mut self, count: u64, examples: Vec<Change>) {
        let Some((from, to)) = examples.first().map(|change| (change.from, change.to)) else {
            return;
        };
        let at = self.changes.iter().position(|group| (group.from, group.to) == (from, to));
        let at = at.unwrap_or_else(|| {
            self.changes.push(Group { from, to, count: 0, examples: Vec::new() });
            self.changes.sort_by_key(|group| std::cmp::Reverse((group.to, group.from)));
            self.changes.iter().position(|g| (g.from, g.to) == (from, to)).unwrap_or_default()
        });
        let Some(group) = self.changes.get_mut(at) else { return };
        group.count += count;
        let room = MAX_EXAMPLES - group.examples.len();
        group.examples.extend(examples.into_iter().take(room));
    }

    fn spans(&mut self, oldest: Timestamp, newest: Timestamp) {
        self.oldest = Some(self.oldest.map_or(oldest, |time| time.min(oldest)));
        self.newest = Some(self.newest.map_or(newest, |time| time.max(newest)));
    }
}
