//! Decides between candidates that overlap, the same way for whole texts and for streams.
//!
//! What blocks wins over what masks, and that over what is only recorded. Among equals the first
//! wins and a later one keeps what sticks out, so that no byte of a found value is left over.

use crate::action::{Action, STRENGTHS};
use crate::engine::{DetectorId, Match};
use crate::fingerprint::Fingerprint;

/// Something found, before overlaps are decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) rule: u16,
    /// Of a credential, where the engine has a key for it.
    pub(crate) fingerprint: Option<Fingerprint>,
}

impl Candidate {
    pub(crate) fn new(start: usize, end: usize, rule: u16) -> Self {
        Self { start, end, rule, fingerprint: None }
    }
}

/// Where the last kept match of each action ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Resolver {
    ends: [usize; STRENGTHS],
}

impl Resolver {
    /// Takes from the front of `found` (sorted by [`sort`]) what can be decided now that every
    /// candidate that begins before `frontier` is known, and appends it to `out`.
    pub(crate) fn resolve(
        &mut self,
        found: &mut Vec<Candidate>,
        frontier: usize,
        action: impl Fn(u16) -> Action,
        out: &mut Vec<Match>,
    ) {
        let decided = found.iter().position(|c| c.end > frontier).unwrap_or(found.len());
        for (at, candidate) in found.iter().enumerate().take(decided) {
            let level = action(candidate.rule).strength();
            let is_taken = self.ends[level + 1..].iter().any(|end| *end > candidate.start)
                || found[at + 1..]
                    .iter()
                    .take_while(|other| other.start < candidate.end)
                    .any(|other| action(other.rule).strength() > level);
            let start = candidate.start.max(self.ends[level]);
            if is_taken || start >= candidate.end {
                continue;
            }
            self.ends[level] = candidate.end;
            out.push(Match {
                detector: DetectorId(candidate.rule),
                range: start..candidate.end,
                fingerprint: candidate.fingerprint,
            });
        }
        found.drain(..decided);
    }
}

/// Sorts candidates as [`Resolver::resolve`] wants them: by start, then the stronger action, the
/// longer value, the surer detector.
pub(crate) fn sort(
    found: &mut [Candidate],
    action: impl Fn(u16) -> Action,
    confidence: impl Fn(u16) -> f64,
) {
    if found.len() > 1 {
        found.sort_unstable_by(|a, b| {
            let later = |c: &Candidate| (c.start, std::cmp::Reverse((action(c.rule), c.end)));
            let surer = confidence(b.rule).total_cmp(&confidence(a.rule));
            later(a).cmp(&later(b)).then(surer).then(a.rule.cmp(&b.rule))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIONS: [Action; 3] = [Action::Allow, Action::Mask, Action::Block];

    /// Rule 0 allows, 1 masks, 2 blocks.
    fn resolve(candidates: &[(usize, usize, u16)], frontier: usize) -> Vec<(usize, usize, u16)> {
        let action = |rule: u16| ACTIONS[usize::from(rule)];
        let mut found: Vec<Candidate> = candidates
            .iter()
            .map(|(start, end, rule)| Candidate::new(*start, *end, *rule))
            .collect();
        sort(&mut found, action, |_| 1.0);
        let mut out = Vec::new();
        Resolver::default().resolve(&mut found, frontier, action, &mut out);
        out.into_iter().map(|m| (m.range.start, m.range.end, m.detector.0)).collect()
    }

    #[test]
    fn the_stronger_action_wins() {
        assert_eq!(resolve(&[(0, 9, 0), (4, 8, 1)], 99), [(4, 8, 1)]);
        assert_eq!(resolve(&[(0, 9, 1), (4, 8, 2)], 99), [(4, 8, 2)]);
        assert_eq!(resolve(&[(0, 9, 2), (4, 20, 1)], 99), [(0, 9, 2)]);
    }

    #[test]
    fn no_byte_of_two_masked_values_is_left() {
        assert_eq!(resolve(&[(0, 6, 1), (4, 9, 1), (5, 8, 1)], 99), [(0, 6, 1), (6, 9, 1)]);
    }

    #[test]
    fn what_reaches_beyond_the_frontier_waits() {
        assert_eq!(resolve(&[(0, 6, 1), (7, 12, 1)], 10), [(0, 6, 1)]);
    }
}
