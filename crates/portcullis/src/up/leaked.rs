//! Whether a password is in a list of leaked ones: a file of hashes in order, looked into by halves.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// The longest line that a list has.
const MAX_LINE: u64 = 128;

/// Whether a line of the file begins with these digits.
pub(super) fn holds(path: &Path, hash: &str) -> io::Result<bool> {
    let mut file = BufReader::new(File::open(path)?);
    let (mut from, mut to) = (0, file.get_ref().metadata()?.len());
    while from < to {
        let middle = from + (to - from) / 2;
        let (start, line) = line_after(&mut file, middle)?;
        match line.get(..hash.len()) {
            Some(found) if found.eq_ignore_ascii_case(hash.as_bytes()) => return Ok(true),
            Some(found) if found < hash.as_bytes() && start < to => from = start + 1,
            _ => to = middle,
        }
    }
    Ok(false)
}

/// The first line that begins at `at` or after it, and where.
fn line_after(file: &mut BufReader<File>, at: u64) -> io::Result<(u64, Vec<u8>)> {
    let mut start = at;
    let mut line = Vec::new();
    if at > 0 {
        // The line before ends with the byte before this one, if one begins here.
        file.seek(SeekFrom::Start(at - 1))?;
        let skipped = file.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
        start = at - 1 + skipped as u64;
        line.clear();
    } else {
        file.seek(SeekFrom::Start(0))?;
    }
    file.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
    Ok((start, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u32) -> String {
        format!("{:040X}", u128::from(number) * 0x1_0000_0001)
    }

    #[test]
    fn each_line_is_found_and_nothing_between_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        for size in [0, 1, 2, 3, 10, 101] {
            let lines: String = (0..size).map(|n| format!("{}:{n}\r\n", hash(n * 2 + 1))).collect();
            std::fs::write(&path, lines).unwrap();
            for number in 0..2 * size + 2 {
                let is_there = number % 2 == 1 && number < 2 * size;
                assert_eq!(holds(&path, &hash(number)).unwrap(), is_there, "{number} of {size}");
            }
        }
        assert!(holds(&folder.path().join("none"), &hash(1)).is_err());
    }
}
