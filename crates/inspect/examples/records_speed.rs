//! What a set of own records costs: its size, how long it takes to make and to read, and a look-up.
//! `cargo run --release -p portcullis-inspect --example records_speed -- 10000000`.
//!
//! Figures are of processor time.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

mod measured;

use std::error::Error;
use std::hint::black_box;
use std::time::Duration;

use inspect::exact::{Builder, MAX_VALUES, Set};
use measured::processor_time;

const KEY: [u8; 32] = [17; 32];

/// Words that are looked up, none of them of the set.
const WORDS: usize = 4_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).map_or(Ok(MAX_VALUES), |text| text.parse())?;
    let start = processor_time();
    let mut builder = Builder::new(&KEY);
    for number in 0..count {
        builder.add(&format!("cust-{number:09}"));
    }
    let set = builder.finish();
    let built = spent_since(start);
    let bytes = set.to_bytes();
    drop(set);
    let before = resident();
    let start = processor_time();
    let set = Set::from_bytes(&KEY, &bytes)?;
    let read = spent_since(start);
    println!(
        "{} values: built in {built:.1?}, file {:.1} MB, read in {read:.2?}, memory {:.1} MB",
        set.len(),
        bytes.len() as f64 / 1e6,
        (resident() - before) as f64 * 1024.0 / 1e6,
    );
    let other: String = (0..WORDS).map(|n| format!("user{n:09} ")).collect();
    look("words of no record", &set, &other, WORDS);
    let prose = "The committee met on Tuesday to discuss the budget for the coming year. ";
    look("words of prose", &set, &prose.repeat(WORDS / 13), WORDS / 13 * 13);
    let own: String = (0..WORDS).map(|n| format!("cust{:09} ", n % count)).collect();
    look("records", &set, &own, WORDS);
    Ok(())
}

fn look(what: &str, set: &Set, text: &str, words: usize) {
    let mut found = Vec::new();
    let start = processor_time();
    set.find(black_box(text.as_bytes()), 0, text.len(), &mut found);
    let spent = spent_since(start);
    println!(
        "{what}: {:.0} ns each, {:.0} MB/s, {} of {words} found",
        spent.as_nanos() as f64 / words as f64,
        text.len() as f64 / spent.as_secs_f64() / 1e6,
        found.len()
    );
}

fn spent_since(start: Duration) -> Duration {
    processor_time().saturating_sub(start)
}

/// KiB of memory of its own that the process has touched, where Linux says it.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
