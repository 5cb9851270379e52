//! Records in two phases: one says `begun`, a later one of the same id how it ended.
//!
//! This is the one place that looks into a record, and only at its `id` and `status`. Records in
//! another form are left alone.

use std::collections::BTreeMap;

use memchr::memmem::Finder;
use model::RecordId;

use super::report::MAX_FAULTS;
use super::{Fault, FaultKind, Report};

/// Actions open at one time, at most; beyond it the oldest are no longer followed.
pub const MAX_OPEN: usize = 1 << 20;

/// What stands before an id, and before the status of a record that begins an action.
const ID_KEY: &[u8] = b"\"id\":\"";
const BEGUN: &[u8] = b"\"status\":\"begun\"";
/// The length of an id.
const ID_BYTES: usize = 40;

pub(crate) struct Phases {
    /// Begun and not completed: id, and the index of its record.
    open: BTreeMap<u128, u64>,
    /// More were open at one time than are followed.
    is_incomplete: bool,
    ids: Finder<'static>,
    begun: Finder<'static>,
}

impl Default for Phases {
    fn default() -> Self {
        Self {
            open: BTreeMap::new(),
            is_incomplete: false,
            ids: Finder::new(ID_KEY),
            begun: Finder::new(BEGUN),
        }
    }
}

impl Phases {
    pub(crate) fn take(
        &mut self,
        index: u64,
        record: &[u8],
        (file, offset): (&str, u64),
        report: &mut Report,
    ) {
        if self.cannot_matter(record) {
            return;
        }
        let Some((id, status)) = id_and_status(record) else { return };
        if status != b"begun" {
            self.open.remove(&id);
            return;
        }
        if self.open.len() >= MAX_OPEN {
            self.open.pop_first();
            self.is_incomplete = true;
        }
        if self.open.insert(id, index).is_some() {
            let fault =
                Fault::file(FaultKind::Phase, file, "an action that is open was begun again");
            report.fault(fault.at(Some(index), offset));
        }
    }

    /// Whether a record neither begins an action nor has the id of one that is open, told without
    /// reading it whole. What looks as if it did is read.
    fn cannot_matter(&self, record: &[u8]) -> bool {
        if self.begun.find(record).is_some() {
            return false;
        }
        // Nothing can be closed where nothing is open, which is so for most of most logs.
        if self.open.is_empty() {
            return true;
        }
        let ids = self.ids.find_iter(record).map(|at| record.get(at + ID_KEY.len()..));
        !ids.flatten().any(|rest| {
            let text = rest.get(..ID_BYTES).and_then(|id| std::str::from_utf8(id).ok());
            let id = text.and_then(|text| text.parse::<RecordId>().ok());
            // An id of another length is no id, and closes nothing.
            id.is_some_and(|id| self.open.contains_key(&id.as_u128()))
        })
    }

    pub(crate) fn state(&self, report: &mut Report) {
        report.unfinished_count = self.open.len() as u64;
        if self.is_incomplete {
            let what = format!("of actions beyond {MAX_OPEN} at one time, that each was completed");
            report.unproved(what);
        }
        let ids = self.open.keys().take(MAX_FAULTS);
        report.unfinished = ids.map(|id| RecordId::from_u128(*id).to_string()).collect();
    }
}

/// The top-level members `id` and `status` of a canonical record.
///
/// Walks strings and nesting without building anything.
fn id_and_status(record: &[u8]) -> Option<(u128, &[u8])> {
    let (mut id, mut status, mut depth, mut at) = (None, None, 0_u32, 0);
    while let Some(byte) = record.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let text = string(record, at)?;
                let after = at + text.len() + 2;
                let is_key = depth == 1 && record.get(after) == Some(&b':');
                if is_key && record.get(after + 1) == Some(&b'"') {
                    let value = string(record, after + 1)?;
                    match text {
                        b"id" => id = Some(value),
                        b"status" => status = Some(value),
                        _ => {}
                    }
                    at = after + value.len() + 3;
                    continue;
                }
                at = after;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    let id: RecordId = std::str::from_utf8(id?).ok()?.parse().ok()?;
    Some((id.as_u128(), status?))
}

/// The raw text of the string whose quote stands at `at`.
fn string(record: &[u8], at: usize) -> Option<&[u8]> {
    let mut end = at + 1;
    loop {
        match record.get(end)? {
            b'"' => return record.get(at + 1..end),
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "act_0190c2f0-0000-7000-8000-000000000001";

    #[test]
    fn only_the_top_level_members_count() {
        let record = format!(
            r#"{{"detail":{{"id":"x","status":"begun"}},"id":"{ID}","labels":["\",\"status\":\"begun"],"status":"ok"}}"#
        );
        let (id, status) = id_and_status(record.as_bytes()).unwrap();
        assert_eq!(RecordId::from_u128(id).to_string(), ID);
        assert_eq!(status, b"ok");
        assert_eq!(id_and_status(b"{\"id\":\"act_"), None);
        assert_eq!(id_and_status(b"not json"), None);
    }

    proptest::proptest! {
        /// Looking before reading changes nothing: not where ids and statuses stand in the detail, or
        /// are no ids at all.
        #[test]
        fn what_is_passed_over_could_not_have_mattered(
            steps in proptest::collection::vec((0..4_u8, 0..4_u8, 0..6_usize), 1..40),
        ) {
            let text = |number: u8| format!("act_0190c2f0-0000-7000-8000-00000000000{number}");
            let statuses = ["begun", "ok", "begun\\\"", "", "refused", "begu"];
            let (mut phases, mut open) = (Phases::default(), BTreeMap::new());
            let mut report = Report::default();
            for (index, (id, other, status)) in steps.iter().enumerate() {
                let record = format!(
                    r#"{{"detail":{{"id":"{}","status":"{}"}},"id":"{}","labels":["\"id\":\"x"],"status":"{}"}}"#,
                    text(*other), statuses[(status + 1) % 6], text(*id), statuses[*status],
                );
                phases.take(index as u64, record.as_bytes(), ("f", 0), &mut report);
                let (id, status) = id_and_status(record.as_bytes()).unwrap();
                if status == b"begun" {
                    open.insert(id, index as u64);
                } else {
                    open.remove(&id);
                }
            }
            proptest::prop_assert_eq!(phases.open, open);
        }
    }

    #[test]
    fn what_was_begun_and_not_ended_is_stated() {
        let record = |status: &str| format!(r#"{{"id":"{ID}","status":"{status}"}}"#);
        let (mut phases, mut report) = (Phases::default(), Report::default());
        phases.take(0, record("begun").as_bytes(), ("f", 0), &mut report);
        phases.state(&mut report);
        assert_eq!((report.unfinished_count, report.unfinished.clone()), (1, vec![ID.to_owned()]));
        phases.take(1, record("begun").as_bytes(), ("f", 9), &mut report);
        assert_eq!(report.faults[0].index, Some(1));
        phases.take(2, record("ok").as_bytes(), ("f", 18), &mut report);
        phases.state(&mut report);
        assert_eq!(report.unfinished_count, 0);
    }
}
