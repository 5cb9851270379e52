//! Rows of labelled data: JSON Lines, plain or gzipped.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::Context;
use flate2::read::MultiGzDecoder;
use serde::de::DeserializeOwned;

/// Reads every row of a file whose name ends in `.jsonl` or `.jsonl.gz`.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("{name} cannot be read"))?;
    let is_gzip = path.extension().is_some_and(|end| end == "gz");
    let text: Box<dyn Read> =
        if is_gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let row = |(at, line): (usize, std::io::Result<String>)| {
        let line = line.with_context(|| format!("{name} cannot be read"))?;
        serde_json::from_str(&line).with_context(|| format!("{name}, line {}", at + 1))
    };
    BufReader::new(text).lines().enumerate().map(row).collect()
}
