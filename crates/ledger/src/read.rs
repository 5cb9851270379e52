//! Reading records back, for those who index them.

use std::ops::Range;

use crate::LogError;
use crate::files::{SharedFiles, read_optional};
use crate::segment::{self, Position, Reader, Step};
use crate::tile::{Entries, Level, Tile, WIDTH};

/// Remembers where the last read of the segments ended.
#[derive(Default)]
pub(crate) struct Cursor(Option<Reader>);

impl Cursor {
    /// Records of the range, at most `max`. `known` is the checkpoint's size and the position
    /// behind it: before it stand bundles, after it the segments are read. What stands before
    /// `first` may have been dropped.
    pub(crate) fn read(
        &mut self,
        files: &SharedFiles,
        known: impl Fn() -> (u64, Position),
        range: Range<u64>,
        max: usize,
        first: u64,
    ) -> Result<Vec<Vec<u8>>, LogError> {
        let end = range.end.min(range.start.saturating_add(max as u64));
        let mut records = Vec::new();
        let mut next = range.start;
        while next < end {
            let resumes = self.0.as_ref().is_some_and(|reader| reader.index() == next);
            let (signed, position) = known();
            if !resumes && next < signed {
                let bundle = bundle(files, next, signed).map_err(|e| dropped(e, next, first))?;
                // Gone: a larger checkpoint has made a full bundle of it meanwhile.
                let Some(bundle) = bundle else { continue };
                let wanted = Entries::of(&bundle).skip((next % WIDTH) as usize);
                let wanted = wanted.take((end - next) as usize).map(|(_, entry)| entry.to_vec());
                let before = records.len();
                records.extend(wanted);
                next += (records.len() - before) as u64;
                if records.len() == before {
                    return Err(damaged(next, signed));
                }
                continue;
            }
            if !resumes {
                self.0 = Some(Reader::new(files, signed, position));
            }
            let Some(reader) = &mut self.0 else { break };
            reader.refresh();
            next = read_segments(reader, next, end, &mut records)?;
        }
        Ok(records)
    }
}

/// A bundle that is missing because it was dropped is no damage.
fn dropped(error: LogError, index: u64, first: u64) -> LogError {
    if index < first { LogError::Dropped { first } } else { error }
}

fn place(index: u64, size: u64) -> Option<Tile> {
    Tile::in_tree(Level::Entries, index / WIDTH, size)
}

fn damaged(index: u64, size: u64) -> LogError {
    let path = place(index, size).map_or_else(String::new, |tile| tile.to_string());
    LogError::corrupt(&path, 0, "the bundle holds fewer entries than the checkpoint covers")
}

fn bundle(files: &SharedFiles, index: u64, size: u64) -> Result<Option<Vec<u8>>, LogError> {
    let Some(tile) = place(index, size) else { return Ok(None) };
    let bytes = read_optional(&**files, &tile.to_string())?;
    if bytes.is_none() && !tile.is_partial() {
        return Err(LogError::corrupt(&tile.to_string(), 0, "the bundle is missing"));
    }
    Ok(bytes)
}

fn read_segments(
    reader: &mut Reader,
    mut next: u64,
    end: u64,
    records: &mut Vec<Vec<u8>>,
) -> Result<u64, LogError> {
    while next < end {
        match reader.step()? {
            Step::Frame(frame, _) if frame.index == next => {
                records.push(frame.data.to_vec());
                next += 1;
            }
            Step::Frame(..) => {}
            Step::Stop(stop) => {
                let at = reader.position();
                return Err(LogError::corrupt(
                    &segment::path(at.segment),
                    at.offset,
                    &stop.to_string(),
                ));
            }
        }
    }
    Ok(next)
}
