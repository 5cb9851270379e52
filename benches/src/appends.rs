//! Durable appends to the log beside inserts into an indexed table of SQLite: the same records, in
//! batches of the same size, each batch on the disk before the next begins.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use ledger::{Log, Options, SigningKey};
use model::Timestamp;
use rusqlite::{Connection, params};

use crate::samples::median;

/// Bytes of a record.
const RECORD: usize = 400;
/// Records whose disk is waited for together.
const BATCHES: [u64; 4] = [1, 8, 32, 256];

pub(crate) fn run(options: &crate::Options) -> Result<()> {
    println!("| batch | log, records a second | SQLite, records a second | times |");
    println!("| --- | --- | --- | --- |");
    let time = Duration::from_secs_f64(options.seconds);
    for batch in BATCHES {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            let folder = tempfile::tempdir()?;
            ours.push(append(&folder.path().join("log"), batch, time)?);
            theirs.push(insert(&folder.path().join("table.db"), batch, time)?);
        }
        let (ours, theirs) = median(ours).zip(median(theirs)).context("no rounds")?;
        println!("| {batch} | {ours:.0} | {theirs:.0} | {:.1} |", ours / theirs);
    }
    Ok(())
}

/// Records a second of the log.
fn append(folder: &Path, batch: u64, time: Duration) -> Result<f64> {
    let key = SigningKey::generate([7; 32]).context("a key")?;
    let clock = || Timestamp::from_system(SystemTime::now());
    let (log, _) = Log::open(folder, key, Options::new("portcullis/bench"), clock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (start, mut count) = (Instant::now(), 0);
    runtime.block_on(async {
        while start.elapsed() < time {
            let appends: Vec<_> =
                (count..count + batch).map(|number| log.append(record(number))).collect();
            for append in appends {
                append.await?;
            }
            count += batch;
        }
        anyhow::Ok(())
    })?;
    let rate = count as f64 / start.elapsed().as_secs_f64();
    log.close()?;
    Ok(rate)
}

/// The same of a table with what a search needs: who, what and when.
fn insert(file: &Path, batch: u64, time: Duration) -> Result<f64> {
    let mut connection = Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Durable when the transaction has ended.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE record (position INTEGER PRIMARY KEY, time INTEGER, agent TEXT, kind TEXT, body BLOB);
         CREATE INDEX by_time ON record (time);
         CREATE INDEX by_agent ON record (agent, time);
         CREATE INDEX by_kind ON record (kind, time);",
    )?;
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < time {
        let transaction = connection.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for number in count..count + batch {
                let agent = format!("agent-{}", number % 100);
                let now = Timestamp::from_system(SystemTime::now()).micros();
                insert.execute(params![
                    number.cast_signed(),
                    now,
                    agent,
                    "llm.call",
                    record(number)
                ])?;
            }
        }
        transaction.commit()?;
        count += batch;
    }
    Ok(count as f64 / start.elapsed().as_secs_f64())
}

fn record(number: u64) -> Vec<u8> {
    let mut bytes = vec![b'x'; RECORD];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes
}
