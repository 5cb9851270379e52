//! Measures how fast a log of 400-byte records opens and verifies.
//!
//! `cargo run --release -p portcullis-ledger --example verify_bench -- [FOLDER] [RECORDS]`
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use ledger::verify::{Folder, Trust, verify};
use ledger::{Log, Options, SigningKey};
use model::{RecordId, Timestamp};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn clock() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let folder =
        arguments.next().map_or_else(|| std::env::temp_dir().join("ledger-bench"), PathBuf::from);
    let count: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let _ = std::fs::remove_dir_all(&folder);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let open = || {
        let key = SigningKey::generate([7; 32]).ok_or("no key")?;
        Ok::<_, Box<dyn Error + Send + Sync>>(Log::open(
            &folder,
            key,
            Options::new("bench.example/ledger/main"),
            clock,
        )?)
    };
    let (log, _) = open()?;
    let start = Instant::now();
    runtime.block_on(fill(&log, count))?;
    println!("appended {count} records in {:?}", start.elapsed());
    log.close()?;
    println!("with the last checkpoint {:?}", start.elapsed());
    let start = Instant::now();
    let (log, recovery) = open()?;
    println!("opened in {:?}: {recovery:?}", start.elapsed());
    runtime.block_on(fill(&log, 1000))?;
    drop(log);
    let start = Instant::now();
    let (log, recovery) = open()?;
    println!("opened after an unannounced end in {:?}: {recovery:?}", start.elapsed());
    log.close()?;
    let (start, cpu) = (Instant::now(), processor_seconds()?);
    let report = verify(&mut Folder::new(&folder), &Trust::default())?;
    let elapsed = start.elapsed();
    let rate = report.proven as f64 / (processor_seconds()? - cpu);
    println!(
        "verified {} records in {elapsed:?}, {rate:.0} a second of one core: {:?}",
        report.proven, report.verdict
    );
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}

async fn fill(log: &Log, count: u64) -> Outcome<()> {
    let mut pending = std::collections::VecDeque::new();
    for index in 0..count {
        pending.push_back(log.append(record(index)));
        if let Some(append) = pending.pop_front_if(|_| index >= 4096) {
            append.await?;
        }
    }
    for append in pending {
        append.await?;
    }
    Ok(())
}

fn record(index: u64) -> Vec<u8> {
    let id = RecordId::new(Timestamp::from_micros(1_800_000_000_000_000), u128::from(index));
    let mut text = format!(
        r#"{{"agent":"support-bot","decision":{{"effect":"permit","policies":["models"],"reason":"allowed"}},"id":"{id}","kind":"llm.call","resource":{{"name":"openai/gpt-4o","type":"model"}},"status":"ok","tenant":"main","time":"2026-11-23T14:05:00.000000Z","usage":{{"added_ms":0.25,"input_tokens":3}},"zone":"#
    );
    text.push('"');
    text.extend(std::iter::repeat_n('z', 398_usize.saturating_sub(text.len())));
    text.push_str("\"}");
    text.into_bytes()
}

/// User and system time of this process, from `/proc/self/stat` in ticks of 10 ms.
fn processor_seconds() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(") ").ok_or("no stat")?.1;
    let ticks =
        fields.split(' ').skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(ticks as f64 / 100.0)
}
