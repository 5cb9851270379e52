//! What a user of the log does.

use std::time::Duration;

use super::*;
use crate::note::{Checkpoint, VerifierKey};
use crate::{Durability, Health};

#[test]
fn records_read_back_before_and_after_checkpoints_and_restarts() {
    let files = Memory::default();
    let (log, recovery) = open(&files);
    assert!(recovery.is_new && recovery.is_clean);
    fill(&log, 40);
    assert_eq!(all(&log), expected(40), "from segments");
    let checkpoint = block_on(log.checkpoint()).unwrap();
    assert_eq!(checkpoint.size, 40);
    fill(&log, 300);
    assert_eq!(all(&log), expected(340), "from bundles and segments");
    assert_eq!(log.read(339, 5).unwrap(), [record(339).into_bytes()]);
    assert_eq!(log.read(340, 5).unwrap(), Vec::<Vec<u8>>::new());
    log.close().unwrap();
    let (log, recovery) = open(&files);
    assert!(recovery.is_clean && !recovery.is_new, "{recovery:?}");
    assert_eq!((recovery.size, recovery.rescanned, recovery.truncated_bytes), (340, 0, 0));
    assert!(!recovery.rebuilt_tiles);
    assert_eq!(all(&log), expected(340));
    fill(&log, 1);
    assert_eq!(log.read(330, 11).unwrap().len(), 11);
}

#[test]
fn a_checkpoint_is_signed_kept_and_published() {
    let files = Memory::default();
    let (log, _) = open(&files);
    fill(&log, 3);
    let checkpoint = block_on(log.checkpoint()).unwrap();
    assert_eq!(log.latest_checkpoint(), Some(checkpoint.clone()));
    let vkey = String::from_utf8(files.read("vkey").unwrap()).unwrap();
    let vkey: VerifierKey = vkey.parse().unwrap();
    let published = files.read("checkpoint").unwrap();
    assert_eq!(Checkpoint::open(&published, &vkey), Ok(checkpoint));
    let history = files.read("checkpoints").unwrap();
    assert_eq!(crate::history::split(&history).0.len(), 2, "the empty log's and this one");
}

#[test]
fn the_interval_brings_a_checkpoint_without_asking() {
    let files = Memory::default();
    let every = Duration::from_millis(1);
    let (log, _) = open_with(&files, Options { checkpoint_every: every, ..options() }).unwrap();
    fill(&log, 3);
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while log.latest_checkpoint().is_none_or(|checkpoint| checkpoint.size < 3) {
        assert!(std::time::Instant::now() < deadline, "no checkpoint came");
        std::thread::yield_now();
    }
}

#[test]
fn many_runtimes_append_at_once_and_every_index_is_given_once() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(folder.path(), key(), options(), clock).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let log = log.clone();
            std::thread::spawn(move || {
                block_on(async move {
                    let mut indexes = Vec::new();
                    for round in 0..25 {
                        let pending: Vec<_> = (0..8)
                            .map(|n| log.append(format!("{thread} {round} {n}").into()))
                            .collect();
                        for append in pending {
                            indexes.push(append.await.unwrap());
                        }
                    }
                    indexes
                })
            })
        })
        .collect();
    let mut indexes: Vec<u64> =
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    indexes.sort_unstable();
    assert_eq!(indexes, (0..800).collect::<Vec<u64>>());
    assert_eq!(log.size(), 800);
    log.close().unwrap();
}

#[test]
fn a_dropped_append_is_written_all_the_same() {
    let files = Memory::default();
    let (log, _) = open(&files);
    drop(log.append(b"nobody waits".to_vec()));
    drop(log.append_unwaited(b"nor here".to_vec()));
    log.close().unwrap();
    assert_eq!(all(&open(&files).0), ["nobody waits", "nor here"]);
}

#[test]
fn a_full_pool_pushes_back_and_loses_nothing() {
    let files = Memory::default();
    let options = Options { max_pending_bytes: 300, ..options() };
    let (log, _) = open_with(&files, options).unwrap();
    block_on(async {
        let appends: Vec<_> = (0..200).map(|index| log.append(record(index).into())).collect();
        assert!(appends.iter().any(|append| !append.is_accepted()), "200 records fit 300 bytes");
        for append in appends {
            append.await.unwrap();
        }
    });
    let mut records = all(&log);
    records.sort();
    let mut wanted = expected(200);
    wanted.sort();
    assert!(records == wanted, "{} records, {} wanted", records.len(), wanted.len());
}

#[test]
fn those_who_cannot_wait_are_refused_aloud_when_the_reserve_is_used_up() {
    let files = Memory::default();
    let options = Options { max_pending_bytes: 300, ..options() };
    let (log, _) = open_with(&files, options).unwrap();
    block_on(async {
        let appends: Vec<_> = (0..2000).map(|_| log.append_unwaited(vec![b'x'; 50])).collect();
        let mut accepted = 0;
        for append in appends {
            match append.await {
                Ok(_) => accepted += 1,
                Err(error) => assert_eq!(error, LogError::Full(300)),
            }
        }
        assert_eq!(log.size(), accepted);
    });
}

#[test]
fn records_of_no_or_too_much_length_are_refused() {
    let (log, _) = open(&Memory::default());
    assert_eq!(append(&log, ""), Err(LogError::RecordSize(0)));
    let long = "x".repeat(model::MAX_RECORD_BYTES + 1);
    assert_eq!(append(&log, &long), Err(LogError::RecordSize(65_536)));
    assert_eq!(append(&log, &long[1..]), Ok(0));
}

#[test]
fn interval_durability_answers_at_once_and_syncs_by_itself() {
    let files = Memory::default();
    let durability = Durability::Interval(Duration::from_millis(1));
    let (log, _) = open_with(&files, Options { durability, ..options() }).unwrap();
    for index in 0..20 {
        assert_eq!(append(&log, &record(index)), Ok(index));
    }
    let mut durable = log.durable();
    block_on(async { durable.wait_for(|size| *size == 20).await.map(|size| *size) }).unwrap();
    assert_eq!(all(&log), expected(20));
    log.close().unwrap();
}

#[test]
fn a_closed_log_refuses() {
    let files = Memory::default();
    let (log, _) = open(&files);
    let other = log.clone();
    log.close().unwrap();
    assert_eq!(append(&other, "late"), Err(LogError::Closed));
    assert_eq!(block_on(other.checkpoint()), Err(LogError::Closed));
    assert_eq!(other.health(), Health::Closed);
}

#[test]
fn a_second_writer_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Log::open(folder.path(), key(), options(), clock);
    let (log, _) = open().unwrap();
    let second = open().map(drop);
    assert_eq!(second, Err(LogError::Locked(folder.path().display().to_string())));
    drop(log);
    open().unwrap();
}

#[test]
fn another_key_or_origin_is_refused() {
    let files = Memory::default();
    let (log, _) = open(&files);
    log.close().unwrap();
    let other = Options { origin: "other.example/ledger/main".to_owned(), ..options() };
    assert!(matches!(open_with(&files, other).map(drop), Err(LogError::Checkpoint { .. })));
    let files: Arc<dyn Files> = Arc::new(files);
    let key = SigningKey::generate([1; 32]).unwrap();
    let opened = Log::open_in(files, key, options(), clock).map(drop);
    assert!(matches!(opened, Err(LogError::Checkpoint { .. })), "{opened:?}");
}

#[test]
fn a_clock_that_went_back_is_told() {
    let files = Memory::default();
    let (log, _) = open(&files);
    log.close().unwrap();
    let early = || Timestamp::from_micros(1_700_000_000_000_000);
    let (_log, recovery) =
        Log::open_in(Arc::new(files) as Arc<dyn Files>, key(), options(), early).unwrap();
    assert!(recovery.clock_went_back > Duration::from_secs(1_000_000), "{recovery:?}");
}
