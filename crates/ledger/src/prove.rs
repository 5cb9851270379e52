//! Proofs for the records of a log that lies in a folder or behind an address.

use std::collections::HashMap;

use model::Digest;

use crate::proof::{ProofError, Tiles};
use crate::tile::{Entries, Level, Tile, WIDTH, decode_hashes};
use crate::verify::{Source, SourceError};

/// Tiles kept in memory at most: a proof reads fewer than 20.
const MAX_TILES: usize = 64;

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    #[error(transparent)]
    Proof(#[from] ProofError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("{0} is missing or damaged; run a verification to see how far the log is intact")]
    Missing(String),
}

/// Reads the tiles of a tree of one size, as [`crate::proof`] wants them.
pub struct Prover<'a> {
    source: &'a mut dyn Source,
    size: u64,
    tiles: HashMap<(u8, u64), Vec<Digest>>,
}

impl<'a> Prover<'a> {
    /// `size` is that of a checkpoint of the log: the last one's, or an earlier one whose partial
    /// tiles are still there or have grown full.
    pub fn new(source: &'a mut dyn Source, size: u64) -> Self {
        Self { source, size, tiles: HashMap::new() }
    }

    /// The proof that a record is in the tree, and the record.
    pub fn inclusion(&mut self, index: u64) -> Result<(Vec<u8>, Vec<Digest>), ProveError> {
        let size = self.size;
        let path = crate::proof::inclusion(self, index, size)?;
        Ok((self.entry(index)?, path))
    }

    /// The proof that the tree of the first `old` records is the beginning of this one.
    pub fn consistency(&mut self, old: u64) -> Result<Vec<Digest>, ProveError> {
        let size = self.size;
        crate::proof::consistency(self, old, size)
    }

    /// A tile's bytes; those of the full one where the partial one is gone.
    fn read(&mut self, tile: Tile) -> Result<Option<Vec<u8>>, SourceError> {
        let found = self.source.read(&tile.to_string())?;
        if found.is_some() || !tile.is_partial() {
            return Ok(found);
        }
        self.source.read(&Tile::full(tile.level, tile.index).to_string())
    }

    /// A record, from its bundle.
    pub fn entry(&mut self, index: u64) -> Result<Vec<u8>, ProveError> {
        let tile = Tile::in_tree(Level::Entries, index / WIDTH, self.size);
        let tile = tile.ok_or(ProofError::Range)?;
        let (path, bundle) = (tile.to_string(), self.read(tile)?);
        let mut entries = Entries::of(bundle.as_deref().unwrap_or_default());
        let entry = entries.nth((index % WIDTH) as usize);
        entry.map(|(_, entry)| entry.to_vec()).ok_or(ProveError::Missing(path))
    }
}

impl Tiles for Prover<'_> {
    type Error = ProveError;

    fn tile(&mut self, level: u8, index: u64) -> Result<&[Digest], ProveError> {
        if !self.tiles.contains_key(&(level, index)) {
            let tile = Tile::in_tree(Level::Hashes(level), index, self.size);
            let tile = tile.ok_or(ProofError::Range)?;
            let path = tile.to_string();
            let mut bytes = self.read(tile)?;
            if let Some(bytes) = &mut bytes {
                // Of a tile that has grown meanwhile, what it was.
                bytes.truncate(usize::from(tile.width) * 32);
            }
            let hashes = bytes.as_deref().and_then(|bytes| decode_hashes(bytes, tile.width));
            if self.tiles.len() >= MAX_TILES {
                self.tiles.clear();
            }
            self.tiles.insert((level, index), hashes.ok_or(ProveError::Missing(path))?);
        }
        Ok(self.tiles.get(&(level, index)).map_or(&[], Vec::as_slice))
    }
}
