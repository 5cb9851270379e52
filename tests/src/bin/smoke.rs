//! Feeds mutated seeds to the entry points of the fuzz targets for a bounded time: `smoke [SECONDS [SEED]]`.
//!
//! A failure names the entry and leaves its input in the system's temporary folder.

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use portcullis_tests::entry::{self, Entry};
use portcullis_tests::random::Random;

/// Inputs do not grow beyond this.
const MAX_BYTES: usize = 32 << 10;
/// Inputs between two looks at the clock.
const BATCH: usize = 16;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let time = Duration::from_secs(numbers.next().unwrap_or(20));
    let mut random = Random::seeded(numbers.next().unwrap_or(1));
    let entries = entry::all();
    let mut seeds: Vec<Vec<Vec<u8>>> = entries.iter().map(|entry| (entry.seeds)()).collect();
    let (end, mut counts) = (Instant::now() + time, vec![0_usize; entries.len()]);
    while Instant::now() < end {
        for (place, entry) in entries.iter().enumerate() {
            // The segments go through the disk, which takes longer.
            let batch = if entry.name == "segment" { 1 } else { BATCH };
            for _ in 0..batch {
                let input = mutate(random.pick(&seeds[place]).clone(), &mut random);
                if !survives(entry, &input) {
                    return ExitCode::FAILURE;
                }
                counts[place] += 1;
                // Mutations of mutations, now and then, reach further than those of the seeds.
                if random.chance(50) && seeds[place].len() < 64 {
                    seeds[place].push(input);
                }
            }
        }
    }
    let counted: Vec<String> = entries
        .iter()
        .zip(counts)
        .map(|(entry, count)| format!("{} {count}", entry.name))
        .collect();
    println!("smoke: {}", counted.join(", "));
    ExitCode::SUCCESS
}

fn survives(entry: &Entry, input: &[u8]) -> bool {
    if catch_unwind(|| (entry.run)(input)).is_ok() {
        return true;
    }
    let file = std::env::temp_dir().join(format!("portcullis-smoke-{}", entry.name));
    std::fs::write(&file, input).ok();
    eprintln!("{} failed; its input is in {}", entry.name, file.display());
    false
}

fn mutate(mut input: Vec<u8>, random: &mut Random) -> Vec<u8> {
    for _ in 0..=random.below(4) {
        let at = random.below(input.len() + 1);
        match random.below(6) {
            0 if at < input.len() => input[at] ^= 1 << random.below(8),
            1 if at < input.len() => input[at] = random.word() as u8,
            2 => input.insert(at, *random.pick(b"\"\\{}[],:\0\n\r \xff0u-e.")),
            3 => drop(input.drain(at..(at + random.below(20)).min(input.len()))),
            4 => {
                let end = (at + random.below(40)).min(input.len());
                let piece = input[at..end].to_vec();
                let to = random.below(input.len() + 1);
                input.splice(to..to, piece);
            }
            _ => input.truncate(at.max(1)),
        }
    }
    input.truncate(MAX_BYTES);
    input
}
