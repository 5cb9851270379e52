//! Verification of good and of damaged logs.

use model::{RecordId, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::note::{Checkpoint, VerifierKey};
use crate::verify::{FaultKind, Report, Source, SourceError, Verdict, verify};

impl Source for Memory {
    fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(Files::read(self, path).ok())
    }

    fn segments(&mut self) -> Result<Vec<u64>, SourceError> {
        Ok(crate::segment::list(self).unwrap())
    }
}

fn trusted() -> VerifierKey {
    VerifierKey::new(ORIGIN, key().public()).unwrap()
}

fn check(files: &Memory) -> Report {
    verify(&mut files.clone(), Some(&trusted()), &[]).unwrap()
}

/// A closed log with three checkpoints besides the empty one's.
fn closed(count: u64) -> Memory {
    let files = Memory::default();
    let (log, _) = open(&files);
    fill(&log, count / 3);
    block_on(log.checkpoint()).unwrap();
    fill(&log, count / 2 - count / 3);
    block_on(log.checkpoint()).unwrap();
    fill(&log, count - count / 2);
    log.close().unwrap();
    files.remove("segments/next").unwrap();
    files
}

#[test]
fn a_good_log_verifies() {
    for count in [0, 1, 20, 256, 700] {
        let report = check(&closed(count));
        assert_eq!(report.faults, [], "{count}");
        assert_eq!(report.verdict, Verdict::Verified);
        assert_eq!((report.proven, report.unproven, report.torn_bytes), (count, 0, 0));
        assert_eq!(report.compared_with_segments, count);
        assert!(report.checkpoints >= count.min(4), "{}", report.checkpoints);
        assert!(report.is_key_trusted);
    }
}

#[test]
fn without_segments_the_bundles_alone_are_checked() {
    struct Remote(Memory);
    impl Source for Remote {
        fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
            Source::read(&mut self.0, path)
        }
        fn segments(&mut self) -> Result<Vec<u64>, SourceError> {
            Ok(Vec::new())
        }
    }
    let report = verify(&mut Remote(closed(300)), Some(&trusted()), &[]).unwrap();
    assert_eq!((report.verdict, report.proven), (Verdict::Verified, 300));
    assert_eq!(report.compared_with_segments, 0);
}

#[test]
fn the_end_after_the_last_checkpoint_is_unproven() {
    let files = Memory::default();
    let (log, _) = open(&files);
    fill(&log, 9);
    block_on(log.checkpoint()).unwrap();
    fill(&log, 4);
    drop(log);
    let report = check(&files);
    assert_eq!(report.verdict, Verdict::EndUnproven);
    assert_eq!((report.proven, report.unproven, report.faults.len()), (9, 4, 0));
}

#[test]
fn an_action_that_was_begun_only_is_stated() {
    let files = Memory::default();
    let (log, _) = open(&files);
    let id = |n| RecordId::new(Timestamp::from_micros(1_800_000_000_000_000), n);
    let record = |n, status: &str| format!("{{\"id\":\"{}\",\"status\":\"{status}\"}}", id(n));
    for (n, status) in [(1, "begun"), (2, "begun"), (1, "ok")] {
        append(&log, &record(n, status)).unwrap();
    }
    log.close().unwrap();
    let report = check(&files);
    assert_eq!(report.verdict, Verdict::Verified);
    assert_eq!(report.unfinished, [id(2).to_string()]);
}

#[test]
fn another_key_and_another_origin_fail() {
    let files = closed(5);
    let other = VerifierKey::new(ORIGIN, SigningKey::generate([1; 32]).unwrap().public()).unwrap();
    let report = verify(&mut files.clone(), Some(&other), &[]).unwrap();
    assert_eq!((report.verdict, report.proven), (Verdict::Failed, 0));
    assert!(report.faults.iter().any(|fault| fault.kind == FaultKind::Key));
    let other = VerifierKey::new("other.example/log", key().public()).unwrap();
    let report = verify(&mut files.clone(), Some(&other), &[]).unwrap();
    assert_eq!(report.verdict, Verdict::Failed);
    let report = verify(&mut files.clone(), None, &[]).unwrap();
    assert_eq!((report.verdict, report.is_key_trusted), (Verdict::Verified, false));
}

#[test]
fn a_rolled_back_and_a_forked_log_fail_against_an_earlier_checkpoint() {
    let files = closed(12);
    let seen = Checkpoint::open(&Files::read(&files, "checkpoint").unwrap(), &trusted()).unwrap();
    let against = |files: &Memory| {
        verify(&mut files.clone(), Some(&trusted()), std::slice::from_ref(&seen)).unwrap()
    };
    assert_eq!(against(&files).verdict, Verdict::Verified);
    let shorter = closed(11);
    assert_eq!(check(&shorter).verdict, Verdict::Verified, "in itself it is whole");
    let report = against(&shorter);
    assert!(report.faults[0].message.contains("rolled back"), "{:?}", report.faults);
    let forked = Memory::default();
    let (log, _) = open(&forked);
    for index in 0..12 {
        append(&log, &format!("other {index}")).unwrap();
    }
    log.close().unwrap();
    let report = against(&forked);
    assert!(report.faults[0].message.contains("another root"), "{:?}", report.faults);
}

#[test]
fn checkpoints_of_two_histories_contradict_each_other() {
    let (files, other) = (closed(12), closed(9));
    let foreign = Files::read(&other, "checkpoint").unwrap();
    let forged = Checkpoint { size: 11, root: model::Digest([5; 32]), origin: ORIGIN.to_owned() };
    let forged = forged.sign(&key()).unwrap();
    files.edit("checkpoints", |bytes| {
        let last = crate::history::split(bytes).0.last().unwrap().to_vec();
        bytes.truncate(bytes.len() - last.len() - 1);
        for note in [&foreign[..], forged.as_bytes(), &last] {
            bytes.extend_from_slice(note);
            bytes.push(b'\n');
        }
    });
    let report = check(&files);
    assert_eq!(report.fault_count, 1, "9 fits, 11 does not: {:?}", report.faults);
    assert!(report.faults[0].message.contains("11 records"), "{:?}", report.faults);
    assert!(report.faults[0].offset.is_some());
}

/// The files that a verification stands on.
fn evidence(files: &Memory) -> Vec<String> {
    let mut paths = files.paths();
    paths.retain(|path| path != "state");
    paths
}

#[test]
fn every_missing_file_is_found_and_named() {
    let files = closed(600);
    // What a smaller checkpoint needed and the last one does not.
    let superseded =
        |path: &String| path.contains(".p/") && !path.ends_with(".p/88") && !path.ends_with(".p/2");
    for path in evidence(&files).into_iter().filter(|path| !superseded(path)) {
        let files = files.copy();
        files.remove(&path).unwrap();
        let report = check(&files);
        assert_eq!(report.verdict, Verdict::Failed, "{path}");
        let is_segment = path.starts_with("segments/");
        let named = report.faults.iter().any(|fault| fault.file == path || is_segment);
        assert!(named, "{path}: {:?}", report.faults);
    }
}

#[test]
fn every_flipped_byte_is_found_and_named() {
    let files = closed(7);
    let current = |path: &String| !path.contains(".p/") || path.ends_with(".p/7");
    for path in evidence(&files).into_iter().filter(current) {
        for at in 0..Files::read(&files, &path).unwrap().len() {
            let damaged = files.copy();
            damaged.edit(&path, |bytes| bytes[at] ^= 0x10);
            let report = check(&damaged);
            if path.starts_with("segments/") && report.verdict == Verdict::EndUnproven {
                // Behind the last record: what is there belongs to no record.
                assert!(report.torn_bytes > 0, "{path} {at}");
                continue;
            }
            assert_eq!(report.verdict, Verdict::Failed, "{path} {at}");
            let fault = report.faults.iter().find(|fault| fault.file == path);
            let fault = fault.unwrap_or_else(|| panic!("{path} {at}: {:?}", report.faults));
            if path.starts_with("tile/entries/") || path.starts_with("segments/") {
                assert!(fault.offset.unwrap() <= at as u64, "{path} {at}: {fault:?}");
                assert!(fault.index.is_some(), "{path} {at}: {fault:?}");
            }
        }
    }
}

#[test]
fn every_cut_is_found_and_named() {
    let files = closed(7);
    let current = |path: &String| !path.contains(".p/") || path.ends_with(".p/7");
    for path in evidence(&files).into_iter().filter(current) {
        let bytes = Files::read(&files, &path).unwrap();
        let written = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        for length in 0..written {
            let damaged = files.copy();
            damaged.edit(&path, |bytes| bytes.truncate(length));
            let report = check(&damaged);
            assert_eq!(report.verdict, Verdict::Failed, "{path} cut to {length}");
            let named = report.faults.iter().any(|fault| fault.file == path);
            assert!(named, "{path} cut to {length}: {:?}", report.faults);
        }
    }
}

/// Takes a segment or a bundle apart into records, lets them be changed, and puts them together.
fn rearrange(path: &str, bytes: &mut Vec<u8>, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let is_segment = path.starts_with("segments/");
    let start = if is_segment { crate::segment::HEADER } else { 0 };
    let (mut records, mut at) = (Vec::new(), start);
    loop {
        let rest = &bytes[at..];
        let length = if is_segment {
            crate::frame::decode(rest).map_or(0, |frame| frame.size())
        } else {
            rest.first_chunk().map_or(0, |length| 2 + usize::from(u16::from_be_bytes(*length)))
        };
        if length == 0 {
            break;
        }
        records.push(rest[..length].to_vec());
        at += length;
    }
    change(&mut records);
    let tail = bytes.split_off(at);
    bytes.truncate(start);
    bytes.extend(records.concat());
    bytes.extend(tail);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn records_that_are_dropped_doubled_swapped_or_exchanged_are_found(
        what in 0..4_u8, one in 0..14_usize, other in 0..14_usize, in_segment: bool,
    ) {
        let files = closed(14);
        let segment = |path: &String| path.starts_with("segments/");
        let paths = evidence(&files);
        let path = if in_segment {
            let segments: Vec<_> = paths.into_iter().filter(segment).collect();
            segments[one % segments.len()].clone()
        } else {
            "tile/entries/000.p/14".to_owned()
        };
        let before = Files::read(&files, &path).unwrap();
        files.edit(&path, |bytes| rearrange(&path, bytes, |records| {
            let (one, other) = (one % records.len(), other % records.len());
            match what {
                0 => { records.remove(one); }
                1 => { let copy = records[one].clone(); records.insert(other, copy); }
                2 => records.swap(one, other),
                _ => records[one] = records[other].clone(),
            }
        }));
        if Files::read(&files, &path).unwrap() != before {
            let report = check(&files);
            if report.verdict == Verdict::EndUnproven {
                // The last record once more after itself: bytes beyond the end, which are said to be unproven.
                prop_assert!(what == 1 && in_segment && one == other, "{:?}", report);
                return Ok(());
            }
            prop_assert_eq!(report.verdict, Verdict::Failed);
            let fault = report.faults.iter().find(|fault| fault.file == path);
            prop_assert!(fault.is_some_and(|f| f.index.is_some() && f.offset.is_some()), "{:?}", report.faults);
        }
    }
}

#[test]
fn proofs_are_made_from_the_files_and_hold() {
    let mut files = closed(700);
    let note = Files::read(&files, "checkpoint").unwrap();
    let head = Checkpoint::open(&note, &trusted()).unwrap();
    let history = Files::read(&files, "checkpoints").unwrap();
    let mut prover = crate::prove::Prover::new(&mut files, head.size);
    for index in [0, 255, 256, 511, 512, 699] {
        let (entry, path) = prover.inclusion(index).unwrap();
        assert_eq!(entry, record(index).into_bytes());
        let leaf = crate::merkle::leaf_hash(&entry);
        let held = crate::proof::verify_inclusion(&leaf, index, head.size, &path, &head.root);
        assert_eq!(held, Ok(()), "{index}");
    }
    for note in crate::history::split(&history).0 {
        let old = Checkpoint::open(note, &trusted()).unwrap();
        let path = prover.consistency(old.size).unwrap();
        let heads = ((old.size, &old.root), (head.size, &head.root));
        assert_eq!(crate::proof::verify_consistency(heads.0, heads.1, &path), Ok(()));
    }
    assert!(prover.inclusion(700).is_err());
    files.remove("tile/1/000.p/2").unwrap();
    let missing = crate::prove::Prover::new(&mut files, head.size).inclusion(699);
    assert!(matches!(missing, Err(crate::prove::ProveError::Missing(_))), "{missing:?}");
}
