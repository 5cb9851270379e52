//! Power cuts at every single step: whatever was acknowledged is there afterwards.

use super::*;
use crate::files::memory::{Fault, Left};

/// Opens, appends, signs and closes until the power goes; returns what was acknowledged.
fn work(files: &Memory) -> u64 {
    let mut acknowledged = 0;
    let Ok((log, recovery)) = open_with(files, options()) else { return acknowledged };
    for index in recovery.size..recovery.size + 12 {
        match append(&log, &record(index)) {
            Ok(at) => {
                assert_eq!(at, index);
                acknowledged += 1;
            }
            Err(_) => break,
        }
        if index % 5 == 4 && block_on(log.checkpoint()).is_err() {
            break;
        }
    }
    let _ = log.close();
    acknowledged
}

/// How many steps a whole run takes; threads make it vary a little.
fn steps(files: &Memory) -> u64 {
    let files = files.copy();
    let before = files.steps();
    work(&files);
    files.steps() - before
}

fn cut_everywhere(start: &Memory, left: Left) {
    let before = start.paths().len();
    let already = if before == 0 { 0 } else { open(&start.copy()).1.size };
    for step in 0..steps(start) + 3 {
        let files = start.copy();
        files.inject(Fault::PowerCut, step);
        let acknowledged = work(&files);
        let files = files.after_power_cut(left);
        let (log, recovery) = open_with(&files, options())
            .unwrap_or_else(|error| panic!("step {step}, {left:?}: {error}"));
        let least = already + acknowledged;
        assert!(recovery.size >= least, "step {step}, {left:?}: {} < {least}", recovery.size);
        assert_eq!(all(&log), expected(recovery.size), "step {step}, {left:?}");
        fill(&log, 3);
        log.close().unwrap();
        let (log, recovery) = open(&files);
        assert!(recovery.is_clean, "step {step}, {left:?}");
        assert_eq!(all(&log), expected(recovery.size));
    }
}

#[test]
fn a_power_cut_at_any_step_of_a_new_log_loses_nothing_acknowledged() {
    for left in [Left::Nothing, Left::Everything, Left::Torn] {
        cut_everywhere(&Memory::default(), left);
        cut_everywhere(&Memory::default().with_synced_writes(), left);
    }
}

#[test]
fn a_power_cut_at_any_step_of_an_old_log_loses_nothing_acknowledged() {
    let files = Memory::default();
    let (log, _) = open(&files);
    fill(&log, 250);
    log.close().unwrap();
    for left in [Left::Nothing, Left::Everything, Left::Torn] {
        cut_everywhere(&files, left);
    }
}
