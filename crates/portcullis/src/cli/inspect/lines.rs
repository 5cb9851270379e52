//! Reads a list of any length, a line at a time, and says how far it is.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use zeroize::Zeroizing;

use crate::cli::{Failure, Output};

/// Longer lines are refused.
const MAX_LINE_BYTES: u64 = 4096;

/// How often it says how far it is.
const EVERY: Duration = Duration::from_secs(1);

/// Lines between two looks at the clock.
const LOOK: u64 = 4096;

/// Refused lines that are named.
const NAMED: usize = 5;

/// How many lines there were.
#[derive(Debug, Default)]
pub(super) struct Count {
    pub(super) lines: u64,
    pub(super) refused: u64,
    /// Numbers of the first refused lines.
    pub(super) first: Vec<u64>,
}

impl Count {
    /// What is said of refused lines; never what stands in them.
    pub(super) fn note(&self, output: &mut Output) {
        if self.refused == 0 {
            return;
        }
        let first: Vec<String> = self.first.iter().map(u64::to_string).collect();
        let more = if self.refused as usize > self.first.len() { ", …" } else { "" };
        let lines = if self.refused == 1 { "line was" } else { "lines were" };
        output.note(format_args!(
            "{} {lines} left out: too short, too long, or no such thing (line {}{more})",
            self.refused,
            first.join(", ")
        ));
    }
}

/// Hands over every line that is not empty, without its end. `take` says whether it could be used.
pub(super) fn each(
    file: &Path,
    output: &mut Output,
    count: &mut Count,
    mut take: impl FnMut(&str) -> bool,
) -> Result<(), Failure> {
    let shown = || format!("{} cannot be read", file.display());
    let mut input = BufReader::with_capacity(1 << 16, File::open(file).with_context(shown)?);
    let mut line = Zeroizing::new(Vec::new());
    let mut said = Instant::now();
    loop {
        line.clear();
        let read = input.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
        if read.with_context(shown)? == 0 {
            return Ok(());
        }
        count.lines += 1;
        let is_whole = line.ends_with(b"\n") || (line.len() as u64) < MAX_LINE_BYTES;
        let text = std::str::from_utf8(&line).map(str::trim);
        let is_taken = is_whole && text.is_ok_and(|text| text.is_empty() || take(text));
        if !is_whole {
            input.skip_until(b'\n').with_context(shown)?;
        }
        if !is_taken {
            count.refused += 1;
            if count.first.len() < NAMED {
                count.first.push(count.lines);
            }
        }
        if count.lines.is_multiple_of(LOOK) && said.elapsed() >= EVERY {
            said = Instant::now();
            output.note(format_args!("{} lines read", count.lines));
        }
    }
}
