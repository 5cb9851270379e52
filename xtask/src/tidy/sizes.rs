//! How long the files are: mentioned, not enforced.

use super::tree::File;

/// A file beyond this is a place to ask whether it holds one thing.
const LONG: usize = 400;

pub(super) fn mention(files: &[File]) {
    let rust = files.iter().filter(|file| file.is_rust());
    let mut lengths: Vec<(usize, &str)> =
        rust.map(|file| (file.text.lines().count(), file.path.as_str())).collect();
    lengths.sort_unstable();
    let at =
        |share: usize| lengths.get(lengths.len() * share / 100).map_or(0, |(length, _)| *length);
    println!(
        "   Rust files: {}, median {} lines, nine in ten under {}",
        lengths.len(),
        at(50),
        at(90) + 1
    );
    for (length, path) in lengths.iter().filter(|(length, _)| *length > LONG) {
        println!("   long: {path}: {length} lines");
    }
}
