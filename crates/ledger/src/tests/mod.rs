//! Tests of the log as a whole: what a user does, what a disk does, and what a power cut does.

mod basic;
mod crash;
mod dropped;
mod faults;
mod gather;
mod verify;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use model::Timestamp;

use crate::files::Files;
use crate::files::memory::Memory;
use crate::{Log, LogError, Options, Recovery, SigningKey};

pub(crate) const ORIGIN: &str = "test.example/ledger/main";

pub(crate) fn key() -> SigningKey {
    SigningKey::generate([42; 32]).unwrap()
}

/// Small segments, and no checkpoint but those asked for.
pub(crate) fn options() -> Options {
    let every = Duration::from_secs(3600);
    Options { segment_bytes: 600, checkpoint_every: every, ..Options::new(ORIGIN) }
}

pub(crate) fn clock() -> Timestamp {
    static MICROS: AtomicI64 = AtomicI64::new(1_800_000_000_000_000);
    Timestamp::from_micros(MICROS.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn open_with(files: &Memory, options: Options) -> Result<(Log, Recovery), LogError> {
    Log::open_in(Arc::new(files.clone()) as Arc<dyn Files>, key(), options, clock)
}

pub(crate) fn open(files: &Memory) -> (Log, Recovery) {
    open_with(files, options()).unwrap()
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let limited = async { tokio::time::timeout(Duration::from_secs(60), future).await };
    runtime.block_on(limited).expect("done before the deadline")
}

pub(crate) fn append(log: &Log, record: &str) -> Result<u64, LogError> {
    block_on(log.append(record.as_bytes().to_vec()))
}

pub(crate) fn record(index: u64) -> String {
    format!("record {index} {}", "x".repeat(index as usize % 40))
}

pub(crate) fn fill(log: &Log, count: u64) {
    let from = log.size();
    for index in from..from + count {
        assert_eq!(append(log, &record(index)), Ok(index));
    }
}

/// The records as text.
pub(crate) fn all(log: &Log) -> Vec<String> {
    let records = log.read(0, usize::MAX).unwrap();
    records.into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect()
}

pub(crate) fn expected(count: u64) -> Vec<String> {
    (0..count).map(record).collect()
}
