//! A log whose beginning retention dropped.

use super::*;
use crate::dropped::PATH;
use crate::note::VerifierKey;
use crate::verify::{Report, Trust, Verdict, verify};

fn check(files: &Memory) -> Report {
    let key = VerifierKey::new(ORIGIN, key().public()).unwrap();
    verify(&mut files.clone(), &Trust::in_key(&key)).unwrap()
}

/// A log of 700 records in many segments, and what it was before the first 600 were dropped.
fn dropped() -> (Memory, Memory, u64) {
    let files = Memory::default();
    let (log, _) = open(&files);
    fill(&log, 700);
    block_on(log.checkpoint()).unwrap();
    let before = files.copy();
    let first = log.drop_before(600).unwrap();
    assert!((580..=600).contains(&first) && log.first() == first, "{first}");
    log.close().unwrap();
    (files, before, first)
}

#[test]
fn what_is_left_verifies_and_what_is_gone_is_said() {
    let (files, _, first) = dropped();
    let report = check(&files);
    assert_eq!((report.verdict, report.faults), (Verdict::Retained, vec![]));
    // The bundle that holds the first record stays whole.
    assert_eq!((report.dropped, report.by_hash, report.proven), (512, 512, 700 - 512));
    assert_eq!(report.compared_with_segments, 700 - first);
    assert!(
        report.not_proved.iter().any(|what| what.contains("before 512")),
        "{:?}",
        report.not_proved
    );
    assert!(!files.paths().contains(&"tile/entries/001".to_owned()));
    assert!(files.paths().contains(&"tile/0/000".to_owned()), "hashes stay");
}

#[test]
fn it_goes_on_and_drops_more() {
    let (files, _, first) = dropped();
    let (log, recovery) = open(&files);
    assert!(recovery.is_clean && !recovery.rebuilt_tiles && log.first() == first);
    assert_eq!(log.read(0, 1), Err(LogError::Dropped { first }));
    let last = first as usize % 256;
    assert_eq!(log.read(512, last + 1).unwrap().len(), last + 1, "from the bundle that stays");
    assert_eq!(log.read(699, 9).unwrap(), [record(699).into_bytes()]);
    fill(&log, 400);
    assert_eq!(log.drop_before(100).unwrap(), first, "what is gone is gone");
    // What no checkpoint covers stays, however old.
    let limit = log.drop_before(u64::MAX).unwrap();
    assert!(limit < 700, "{limit}");
    block_on(log.checkpoint()).unwrap();
    assert!(log.drop_before(1000).unwrap() > 900);
    log.close().unwrap();
    assert_eq!(check(&files).verdict, Verdict::Retained);
    assert_eq!(check(&files).faults, []);
}

#[test]
fn a_drop_that_was_cut_short_is_finished_at_the_next_start() {
    let (files, before, first) = dropped();
    // The note is there, and all that it speaks of too.
    before.edit_or_make(PATH, &files.read(PATH).unwrap());
    let (log, _) = open(&before);
    assert_eq!(log.first(), first);
    log.close().unwrap();
    let without = |files: &Memory| {
        let mut paths = files.paths();
        paths.retain(|path| path.starts_with("tile/entries/00") || path.ends_with(".seg"));
        paths
    };
    assert_eq!(without(&before), without(&files));
    assert_eq!(check(&before).verdict, Verdict::Retained);
}

#[test]
fn a_beginning_that_is_merely_missing_is_a_fault() {
    let (files, before, first) = dropped();
    let note = String::from_utf8(files.read(PATH).unwrap()).unwrap();
    let failed = |change: &dyn Fn(&Memory)| {
        let changed = files.copy();
        change(&changed);
        assert_eq!(check(&changed).verdict, Verdict::Failed);
    };
    failed(&|files| files.remove(PATH).unwrap());
    // A note of the same log that says less, and one of another key.
    failed(&|files| {
        let less = note.replacen(&first.to_string(), &(first - 1).to_string(), 1);
        files.edit_or_make(PATH, less.as_bytes());
    });
    // More than the log says is gone.
    failed(&|files| files.remove("tile/entries/002.p/188").unwrap());
    let next = files.paths().into_iter().find(|path| path.ends_with(".seg")).unwrap();
    failed(&|files| files.remove(&next).unwrap());
    // A hash that does not fit what is left.
    failed(&|files| files.edit("tile/0/001", |bytes| bytes[40] ^= 1));
    for at in 0..note.len() {
        let changed = before.copy();
        let mut bytes = note.clone().into_bytes();
        bytes[at] ^= 1;
        changed.edit_or_make(PATH, &bytes);
        assert_eq!(check(&changed).verdict, Verdict::Failed, "byte {at} of the note");
    }
}
