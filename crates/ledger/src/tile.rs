//! Tiles and entry bundles: where they lie and what is in them (C2SP tlog-tiles).

use std::fmt;

use model::Digest;

/// Hashes of a full tile, entries of a full bundle (section "Merkle Tree").
pub const WIDTH: u64 = 256;

/// The folder of the entry bundles.
pub(crate) const ENTRIES: &str = "tile/entries";

/// What a path below `tile/` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// An entry bundle (section "Log entries").
    Entries,
    /// Hashes of subtrees of `256^level` leaves.
    Hashes(u8),
}

/// One tile or bundle: place and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    pub level: Level,
    pub index: u64,
    /// 1 to 256; less than 256 is a partial tile.
    pub width: u16,
}

impl Tile {
    pub fn full(level: Level, index: u64) -> Self {
        Self { level, index, width: WIDTH as u16 }
    }

    /// The tile as a tree of this size has it; `None` where it has none.
    pub fn in_tree(level: Level, index: u64, size: u64) -> Option<Self> {
        let height = match level {
            Level::Entries => 0,
            Level::Hashes(level) => u32::from(level) * 8,
        };
        let hashes = size.checked_shr(height).unwrap_or(0);
        let width = hashes.saturating_sub(index.checked_mul(WIDTH)?).min(WIDTH);
        (width > 0).then_some(Self { level, index, width: width as u16 })
    }

    pub fn is_partial(self) -> bool {
        u64::from(self.width) < WIDTH
    }

    /// The path with all its partial tiles' folder in place of a width.
    pub(crate) fn partials_folder(self) -> String {
        format!("{}.p", Self { width: WIDTH as u16, ..self })
    }
}

impl fmt::Display for Tile {
    /// The path, such as `tile/0/x001/x234/067.p/5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Level::Entries => write!(f, "{ENTRIES}/")?,
            Level::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        let mut divisor = 1;
        while self.index / divisor >= 1000 {
            divisor *= 1000;
        }
        while divisor > 1 {
            write!(f, "x{:03}/", self.index / divisor % 1000)?;
            divisor /= 1000;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.is_partial() { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// A tile's bytes: the hashes one after the other.
pub(crate) fn encode_hashes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// A tile's hashes, if the bytes are that many.
pub fn decode_hashes(bytes: &[u8], width: u16) -> Option<Vec<Digest>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    let fits = rest.is_empty() && hashes.len() == usize::from(width);
    fits.then(|| hashes.iter().copied().map(Digest).collect())
}

/// Appends an entry to a bundle: length as big-endian `u16`, then the record.
pub(crate) fn encode_entry(bundle: &mut Vec<u8>, record: &[u8]) {
    let length = u16::try_from(record.len()).unwrap_or(u16::MAX);
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(record);
}

/// A bundle's entries, each with the offset of its length.
pub struct Entries<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Entries<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Bytes taken in so far.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = (usize, &'a [u8]);

    /// Ends at the end of the bytes and at an entry that is cut short: compare
    /// [`Entries::offset`] with the length.
    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.bytes.get(self.offset..)?.split_first_chunk::<2>()?;
        let entry = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
        let at = self.offset;
        self.offset += 2 + entry.len();
        Some((at, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        // The examples of the section "Merkle Tree".
        let path = |index, width| Tile { level: Level::Hashes(0), index, width }.to_string();
        assert_eq!(path(1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(0, 256), "tile/0/000");
        assert_eq!(path(999, 1), "tile/0/999.p/1");
        assert_eq!(path(1000, 255), "tile/0/x001/000.p/255");
        assert_eq!(Tile::full(Level::Entries, 5).to_string(), "tile/entries/005");
    }

    #[test]
    fn widths_are_those_of_the_specification() {
        // "a tree of size 70,000 will be represented by 273 full level 0 tiles, one partial
        // level 0 tile of width 112, one full level 1 tile, one partial level 1 tile of width
        // 17, and one partial level 2 tile of width 1"
        let width = |level, index| {
            Tile::in_tree(Level::Hashes(level), index, 70_000).map(|tile| tile.width)
        };
        assert_eq!((width(0, 272), width(0, 273), width(0, 274)), (Some(256), Some(112), None));
        assert_eq!((width(1, 0), width(1, 1), width(2, 0)), (Some(256), Some(17), Some(1)));
        assert_eq!((width(2, 1), width(3, 0), width(63, 0)), (None, None, None));
    }

    #[test]
    fn a_bundle_reads_back_and_a_cut_one_is_noticed() {
        let mut bundle = Vec::new();
        for entry in [&b"a"[..], b"", b"ccc"] {
            encode_entry(&mut bundle, entry);
        }
        let entries: Vec<_> = Entries::of(&bundle).collect();
        assert_eq!(entries, [(0, &b"a"[..]), (3, b""), (5, b"ccc")]);
        let mut cut = Entries::of(&bundle[..9]);
        assert_eq!(cut.by_ref().count(), 2);
        assert_eq!(cut.offset(), 5);
    }
}
