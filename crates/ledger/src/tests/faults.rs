//! What a disk does: full, failing, short, damaged, rolled back.

use super::*;
use crate::Health;
use crate::files::memory::{Fault, Left};

fn stopped(result: &Result<u64, LogError>) -> bool {
    matches!(result, Err(LogError::Stopped { .. }))
}

#[test]
fn a_sync_that_fails_stops_the_log_for_good() {
    sync_fails(Memory::default());
    sync_fails(Memory::default().with_synced_writes());
}

fn sync_fails(files: Memory) {
    let (log, _) = open(&files);
    fill(&log, 3);
    files.inject(Fault::SyncFails, 0);
    let failed = append(&log, "lost");
    assert!(stopped(&failed), "{failed:?}");
    // Later syncs would succeed; they are not tried.
    assert!(stopped(&append(&log, "refused")));
    assert!(matches!(log.health(), Health::Stopped(_)));
    assert_eq!(log.size(), 3);
    let message = failed.unwrap_err().to_string();
    assert!(message.contains(" segments/") && message.contains("mend the disk"), "{message}");
    assert!(log.close().is_err());
    files.mend();
    let (log, recovery) = open(&files);
    assert!(!recovery.is_clean);
    assert_eq!(all(&log)[..3], expected(3));
}

#[test]
fn what_a_failed_sync_left_in_the_cache_alone_is_written_again_before_it_counts() {
    for files in [Memory::default(), Memory::default().with_synced_writes()] {
        let (log, _) = open(&files);
        fill(&log, 3);
        files.inject(Fault::SyncFails, 0);
        assert!(stopped(&append(&log, &record(3))));
        drop(log);
        files.mend();
        // The record reads well, so it is taken up, signed, and must outlive a power cut.
        let (log, recovery) = open(&files);
        assert_eq!(recovery.size, 4);
        drop(log);
        let files = files.after_power_cut(Left::Nothing);
        assert_eq!(all(&open(&files).0), expected(4));
    }
}

#[test]
fn a_full_disk_stops_the_log_and_it_goes_on_once_mended() {
    for nth in 0..12 {
        let files = Memory::default();
        let (log, _) = open(&files);
        fill(&log, 3);
        files.inject(Fault::NoSpace, nth);
        let mut index = 3;
        let refused = loop {
            match append(&log, &record(index)) {
                Ok(_) => index += 1,
                Err(refused) => break refused,
            }
        };
        assert!(refused.to_string().contains("failed"), "{refused}");
        drop(log);
        files.mend();
        let (log, _) = open(&files);
        assert_eq!(all(&log)[..index as usize], expected(index));
        assert_eq!(append(&log, "again").unwrap(), log.size() - 1);
        log.close().unwrap();
    }
}

/// Breaks the disk at the nth operation of its kind, mends it, and goes on with the same handle.
fn revives(files: Memory, fault: Fault, nth: u64) {
    let (log, _) = open(&files);
    fill(&log, 3);
    files.inject(fault, nth);
    let mut index = 3;
    while append(&log, &record(index)).is_ok() {
        index += 1;
        if index % 4 == 0 && block_on(log.checkpoint()).is_err() {
            break;
        }
        if index > 40 {
            return;
        }
    }
    assert!(matches!(log.health(), Health::Stopped(_)), "{fault:?} {nth}");
    let is_still_broken = fault == Fault::NoSpace;
    assert_eq!(log.revive().is_err(), is_still_broken, "{fault:?} {nth}");
    files.mend();
    log.revive().unwrap();
    assert_eq!(log.health(), Health::Running);
    assert_eq!(log.size(), index, "nothing lost, nothing invented: {fault:?} {nth}");
    fill(&log, 5);
    assert_eq!(all(&log), expected(index + 5), "{fault:?} {nth}");
    block_on(log.checkpoint()).unwrap();
    let found = files.after_power_cut(Left::Nothing);
    assert_eq!(all(&open(&found).0), expected(index + 5), "{fault:?} {nth}");
    log.close().unwrap();
    assert_eq!(all(&open(&files).0), expected(index + 5), "{fault:?} {nth}");
}

#[test]
fn a_log_goes_on_without_a_restart_once_its_disk_is_mended() {
    for nth in 0..12 {
        for fault in [Fault::NoSpace, Fault::SyncFails] {
            revives(Memory::default(), fault, nth);
            revives(Memory::default().with_synced_writes(), fault, nth);
        }
    }
}

#[test]
fn a_running_log_has_nothing_to_revive_and_a_closed_one_does_not() {
    let files = Memory::default();
    let (log, _) = open(&files);
    let other = log.clone();
    assert_eq!(log.revive(), Ok(()));
    fill(&log, 2);
    log.close().unwrap();
    assert_eq!(other.revive(), Err(LogError::Closed));
}

#[test]
fn short_writes_are_completed() {
    let files = Memory::default();
    files.short_writes();
    let (log, _) = open(&files);
    fill(&log, 30);
    log.close().unwrap();
    assert_eq!(all(&open(&files).0), expected(30));
}

/// A log of three segments whose last records no checkpoint covers.
fn unclosed() -> Memory {
    let files = Memory::default();
    let (log, _) = open(&files);
    fill(&log, 20);
    block_on(log.checkpoint()).unwrap();
    fill(&log, 4);
    drop(log);
    files
}

fn last_segment(files: &Memory) -> String {
    files.paths().into_iter().rfind(|path| path.ends_with(".seg")).unwrap()
}

#[test]
fn damage_to_what_was_acknowledged_is_an_error_and_no_torn_tail() {
    let files = unclosed();
    let path = last_segment(&files);
    let bytes = files.read(&path).unwrap();
    let target = record(22).into_bytes();
    let at = bytes.windows(target.len()).position(|window| window == target).unwrap();
    files.edit(&path, |bytes| bytes[at] ^= 1);
    match open_with(&files, options()).map(drop) {
        Err(LogError::Corrupt { file, offset, .. }) => {
            assert_eq!(file, path);
            assert_eq!(offset, (at - crate::frame::HEADER) as u64);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(files.read(&path).unwrap()[at], bytes[at] ^ 1, "left as it is");
}

#[test]
fn a_torn_tail_is_cut_off_and_counted() {
    let files = unclosed();
    let path = last_segment(&files);
    let size = files.read(&path).unwrap().iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let torn = &record(24).into_bytes();
    let mut frame = Vec::new();
    crate::frame::encode(&mut frame, 24, 24, torn);
    for length in 1..frame.len() {
        let files = files.copy();
        files.edit(&path, |bytes| {
            bytes.resize(bytes.len().max(size + length), 0);
            bytes[size..size + length].copy_from_slice(&frame[..length]);
        });
        let (log, recovery) = open(&files);
        let written = frame[..length].iter().rposition(|byte| *byte != 0).unwrap() + 1;
        assert_eq!((recovery.size, recovery.truncated_bytes), (24, written as u64));
        assert!(!recovery.is_clean);
        assert_eq!(recovery.rescanned, 4);
        fill(&log, 2);
        assert_eq!(all(&log), expected(26));
    }
}

#[test]
fn segments_that_end_before_the_checkpoint_are_a_rolled_back_copy() {
    let files = Memory::default();
    let (log, _) = open(&files);
    fill(&log, 5);
    let old = files.copy();
    fill(&log, 5);
    log.close().unwrap();
    let path = "segments/00000000000000000000.seg";
    let bytes = old.read(path).unwrap();
    files.edit(path, |now| *now = bytes);
    let later: Vec<String> =
        files.paths().into_iter().filter(|name| name.ends_with(".seg") && name != path).collect();
    for name in &later {
        files.remove(name).unwrap();
    }
    let opened = open_with(&files, options()).map(drop);
    assert_eq!(opened, Err(LogError::RolledBack { signed: 10 }));
}

#[test]
fn tiles_that_are_lost_are_made_again_from_the_segments() {
    let files = Memory::default();
    let (log, _) = open(&files);
    fill(&log, 300);
    log.close().unwrap();
    let tiles: Vec<String> =
        files.paths().into_iter().filter(|path| path.starts_with("tile/")).collect();
    for path in &tiles {
        let damaged = files.copy();
        damaged.remove(path).unwrap();
        let (log, recovery) = open(&damaged);
        // What the right edge does not need is for the verifier to miss.
        assert_eq!(recovery.rebuilt_tiles, path.contains(".p/"), "{path}");
        log.close().unwrap();
        if recovery.rebuilt_tiles {
            assert_eq!(damaged.read(path).unwrap(), files.read(path).unwrap());
        }
    }
}

#[test]
fn without_the_state_file_the_log_is_found_all_the_same() {
    let files = unclosed();
    for change in [b"".as_slice(), b"00000000 {}"] {
        let files = files.copy();
        files.edit("state", |bytes| *bytes = change.to_vec());
        let (log, recovery) = open(&files);
        assert_eq!(recovery.size, 24);
        assert_eq!(all(&log), expected(24));
    }
}
