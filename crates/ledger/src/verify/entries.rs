//! Entry bundles and tiles, held against hashes made anew, and against the segments.

use std::collections::VecDeque;

use model::Digest;

use super::segments::Segments;
use super::{Fault, FaultKind, Report, Source, SourceError, Walk};
use crate::merkle::{FullTile, leaf_hash};
use crate::tile::{Entries, Level, Tile, WIDTH, decode_hashes};

/// Goes through all entries that the published checkpoint covers.
pub(super) fn check(
    source: &mut dyn Source,
    walk: &mut Walk,
    segments: &mut Segments,
    report: &mut Report,
) -> Result<(), SourceError> {
    for index in 0..walk.size.div_ceil(WIDTH) {
        let Some(tile) = Tile::in_tree(Level::Entries, index, walk.size) else { break };
        let full = bundle(source, tile, walk, segments, report)?;
        for tile in full {
            let place = Tile::full(Level::Hashes(tile.level), tile.index);
            // Level 0 was compared entry by entry.
            if tile.level > 0 {
                compare_tile(source, place, &tile.hashes, report)?;
            }
        }
    }
    for level in 1..walk.edge.levels().len() {
        let position = (walk.size >> (8 * level)) / WIDTH;
        let hashes = walk.edge.levels().get(level).map_or(&[][..], Vec::as_slice);
        if let Some(tile) = Tile::in_tree(Level::Hashes(level as u8), position, walk.size) {
            compare_tile(source, tile, hashes, report)?;
        }
    }
    let read = walk.size.saturating_sub(report.by_hash);
    report.proven = if report.fault_count == 0 { read } else { 0 };
    if walk.edge.size() != walk.size && report.fault_count == 0 {
        // Cannot be where every tile had its width; said rather than trusted.
        report.fault(Fault::file(FaultKind::Tile, "tile", "the tiles hold fewer records"));
        report.proven = 0;
    }
    Ok(())
}

fn bundle(
    source: &mut dyn Source,
    tile: Tile,
    walk: &mut Walk,
    segments: &mut Segments,
    report: &mut Report,
) -> Result<VecDeque<FullTile>, SourceError> {
    let first = tile.index * WIDTH;
    let leaves = leaves(source, tile.index, walk.size, report)?;
    let mut full = VecDeque::new();
    let is_text_here = first + u64::from(tile.width) > walk.text_from;
    let found = if walk.text_from == u64::MAX { None } else { fetch(source, tile)? };
    let present = found.is_some();
    if !present && !is_text_here {
        let leaves = leaves.unwrap_or_default();
        report.by_hash += leaves.len() as u64;
        carry_on(&leaves, 0, walk, report, &mut full);
        segments.skip(source, u64::from(tile.width), report)?;
        return Ok(full);
    }
    let found = found.unwrap_or_else(|| Found::missing(tile));
    let (file, bytes) = (&found.file, &found.bytes);
    let mut entries = Entries::of(bytes);
    for place in 0..u64::from(tile.width) {
        let index = first + place;
        let expected = leaves.as_ref().and_then(|leaves| leaves.get(place as usize));
        let offset = entries.offset() as u64;
        let Some((_, entry)) = entries.next() else {
            let what = if present {
                "the bundle ends before this record"
            } else {
                "the bundle is missing"
            };
            report.fault(Fault::file(FaultKind::Entry, file, what).at(Some(index), offset));
            // The tile's hashes carry the tree on, so that later faults are named too.
            carry_on(leaves.as_deref().unwrap_or_default(), place, walk, report, &mut full);
            segments.skip(source, u64::from(tile.width) - place, report)?;
            break;
        };
        let leaf = leaf_hash(entry);
        let witness = segments.compare(source, entry, (file, offset), report)?;
        if expected.is_some_and(|expected| *expected != leaf) {
            blame(witness, (file, offset), (tile.index, place, walk.size), report);
        }
        walk.phases.take(index, entry, (file, offset), report);
        walk.push(leaf, report, |tile| full.push_back(tile));
    }
    let is_more = entries.offset() < bytes.len() && !found.is_outgrown;
    if present && is_more && full_width_read(bytes, tile.width) {
        let what = "more bytes follow the bundle's last record";
        let at = entries.offset() as u64;
        report.fault(
            Fault::file(FaultKind::Entry, file, what).at(Some(first + u64::from(tile.width)), at),
        );
    }
    Ok(full)
}

/// The bytes of a tile or bundle.
struct Found {
    file: String,
    bytes: Vec<u8>,
    /// The full one, which begins with the partial one that was asked for.
    is_outgrown: bool,
}

impl Found {
    fn missing(tile: Tile) -> Self {
        Self { file: tile.to_string(), bytes: Vec::new(), is_outgrown: false }
    }
}

/// Reads a tile; where a partial one is gone, the full one that it has grown into (tlog-tiles,
/// section "Partial tiles"), as may happen with a log that runs meanwhile.
fn fetch(source: &mut dyn Source, tile: Tile) -> Result<Option<Found>, SourceError> {
    let file = tile.to_string();
    if let Some(bytes) = source.read(&file)? {
        return Ok(Some(Found { file, bytes, is_outgrown: false }));
    }
    if !tile.is_partial() {
        return Ok(None);
    }
    let file = Tile::full(tile.level, tile.index).to_string();
    let bytes = source.read(&file)?;
    Ok(bytes.map(|bytes| Found { file, bytes, is_outgrown: true }))
}

/// A record and its hash in the tile do not fit. The segment's copy of the record tells which of
/// the two is the bad one; where there is none, both are named.
fn blame(
    is_record_good: Option<bool>,
    (file, offset): (&str, u64),
    (bundle, place, size): (u64, u64, u64),
    report: &mut Report,
) {
    let index = Some(bundle * WIDTH + place);
    if is_record_good != Some(true) {
        let what = "the record does not have the hash that its tile gives it";
        report.fault(Fault::file(FaultKind::Entry, file, what).at(index, offset));
    }
    let tile = Tile::in_tree(Level::Hashes(0), bundle, size);
    if let (Some(tile), None | Some(true)) = (tile, is_record_good) {
        let what = "the tile's hash is not that of the record";
        let fault = Fault::file(FaultKind::Tile, &tile.to_string(), what);
        report.fault(fault.at(index, place * 32));
    }
}

/// Whether the bundle held all its entries: otherwise what follows has been reported already.
fn full_width_read(bytes: &[u8], width: u16) -> bool {
    Entries::of(bytes).take(usize::from(width)).count() == usize::from(width)
}

fn carry_on(
    leaves: &[Digest],
    from: u64,
    walk: &mut Walk,
    report: &mut Report,
    full: &mut VecDeque<FullTile>,
) {
    for leaf in leaves.iter().skip(from as usize) {
        walk.push(*leaf, report, |tile| full.push_back(tile));
    }
}

/// The level 0 tile beside a bundle.
fn leaves(
    source: &mut dyn Source,
    index: u64,
    size: u64,
    report: &mut Report,
) -> Result<Option<Vec<Digest>>, SourceError> {
    let Some(tile) = Tile::in_tree(Level::Hashes(0), index, size) else { return Ok(None) };
    read_tile(source, tile, report)
}

fn read_tile(
    source: &mut dyn Source,
    tile: Tile,
    report: &mut Report,
) -> Result<Option<Vec<Digest>>, SourceError> {
    let mut found = fetch(source, tile)?;
    if let Some(found) = found.as_mut().filter(|found| found.is_outgrown) {
        found.bytes.truncate(usize::from(tile.width) * 32);
    }
    let hashes = found.as_ref().and_then(|found| decode_hashes(&found.bytes, tile.width));
    if hashes.is_none() {
        let what =
            if found.is_some() { "the tile has the wrong length" } else { "the tile is missing" };
        let file = found.map_or_else(|| tile.to_string(), |found| found.file);
        report.fault(Fault::file(FaultKind::Tile, &file, what).at(Some(start_of(tile, 0)), 0));
    }
    Ok(hashes)
}

/// The first record below a tile's hash.
fn start_of(tile: Tile, place: u64) -> u64 {
    match tile.level {
        Level::Entries => tile.index * WIDTH + place,
        Level::Hashes(level) => (tile.index * WIDTH + place) << (8 * u32::from(level)),
    }
}

fn compare_tile(
    source: &mut dyn Source,
    tile: Tile,
    hashes: &[Digest],
    report: &mut Report,
) -> Result<(), SourceError> {
    let Some(found) = read_tile(source, tile, report)? else { return Ok(()) };
    let differs = found.iter().zip(hashes).position(|(found, made)| found != made);
    if let Some(place) = differs {
        let what = "the tile's hash is not that of the records below it";
        let fault = Fault::file(FaultKind::Tile, &tile.to_string(), what);
        report.fault(fault.at(Some(start_of(tile, place as u64)), place as u64 * 32));
    }
    Ok(())
}
