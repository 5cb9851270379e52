//! Merkle tree hashing (RFC 6962, section 2.1), and the growing right edge of a tree.

use model::Digest;

use crate::tile::WIDTH;

/// Hash of a leaf: SHA-256(0x00 ‖ record).
pub fn leaf_hash(record: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], record])
}

/// Hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut bytes = [1; 65];
    let (_, sides) = bytes.split_at_mut(1);
    let (first, second) = sides.split_at_mut(32);
    first.copy_from_slice(&left.0);
    second.copy_from_slice(&right.0);
    Digest::of(&bytes)
}

/// Root of the empty tree: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// The largest power of two smaller than `n`; `n` is at least 2 (RFC 6962: `k < n <= 2k`).
pub(crate) fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// Merkle tree hash over hashes that are already those of leaves or of equal subtrees; the
/// last may be that of a smaller one, because the tree leans left either way.
pub(crate) fn root_of(hashes: &[Digest]) -> Digest {
    // A stack of subtrees of falling size: the binary digits of how many were taken in.
    let mut stack: Vec<Digest> = Vec::with_capacity(9);
    for (taken, hash) in hashes.iter().enumerate() {
        let mut hash = *hash;
        for _ in 0..taken.trailing_ones() {
            if let Some(left) = stack.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        stack.push(hash);
    }
    let joined = stack.into_iter().rev().reduce(|right, left| node_hash(&left, &right));
    joined.unwrap_or_else(empty_root)
}

/// The right edge of a tree in tiles: for each level the hashes of the tile that is not full.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Edge {
    size: u64,
    levels: Vec<Vec<Digest>>,
}

/// A tile that has just become full.
pub(crate) struct FullTile {
    pub(crate) level: u8,
    pub(crate) index: u64,
    pub(crate) hashes: Vec<Digest>,
}

impl Edge {
    /// Takes up a tree of this size from its partial tiles, lowest level first.
    pub(crate) fn resume(size: u64, levels: Vec<Vec<Digest>>) -> Self {
        Self { size, levels }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Partial tiles, lowest level first; some may be empty.
    pub(crate) fn levels(&self) -> &[Vec<Digest>] {
        &self.levels
    }

    /// Adds a leaf; hands over each tile that it fills.
    pub(crate) fn push(&mut self, leaf: Digest, mut full: impl FnMut(FullTile)) {
        self.size += 1;
        let mut hash = leaf;
        let mut span = WIDTH;
        for level in 0.. {
            if self.levels.len() <= level {
                self.levels.push(Vec::with_capacity(WIDTH as usize));
            }
            let Some(hashes) = self.levels.get_mut(level) else { return };
            hashes.push(hash);
            if hashes.len() < WIDTH as usize {
                return;
            }
            let hashes = std::mem::replace(hashes, Vec::with_capacity(WIDTH as usize));
            hash = root_of(&hashes);
            full(FullTile { level: level as u8, index: self.size / span - 1, hashes });
            span = span.saturating_mul(WIDTH);
        }
    }

    /// Root of the tree as it stands.
    pub(crate) fn root(&self) -> Digest {
        let mut below: Option<Digest> = None;
        for hashes in &self.levels {
            let mut row = hashes.clone();
            row.extend(below);
            below = (!row.is_empty()).then(|| root_of(&row));
        }
        below.unwrap_or_else(empty_root)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The definition in RFC 6962, word for word, to hold the rest against.
    pub(crate) fn definition(leaves: &[Vec<u8>]) -> Digest {
        match leaves {
            [] => empty_root(),
            [leaf] => leaf_hash(leaf),
            many => {
                let (left, right) = many.split_at(split(many.len() as u64) as usize);
                node_hash(&definition(left), &definition(right))
            }
        }
    }

    /// The leaves of the RFC 6962 reference implementation's test.
    pub(crate) fn known_leaves() -> Vec<Vec<u8>> {
        [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ]
        .iter()
        .map(|text| hex::decode(text).unwrap())
        .collect()
    }

    #[test]
    fn known_roots_come_out() {
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let leaves = known_leaves();
        let mut edge = Edge::default();
        for (size, root) in roots.iter().enumerate() {
            assert_eq!(edge.root().to_string(), *root, "size {size}");
            assert_eq!(definition(&leaves[..size]).to_string(), *root, "size {size}");
            if let Some(leaf) = leaves.get(size) {
                edge.push(leaf_hash(leaf), |_| {});
            }
        }
    }

    #[test]
    fn the_edge_agrees_with_the_definition_across_tile_borders() {
        let leaves: Vec<Vec<u8>> = (0..1030_u32).map(|n| n.to_le_bytes().to_vec()).collect();
        let mut edge = Edge::default();
        let mut tiles = Vec::new();
        for (index, leaf) in leaves.iter().enumerate() {
            edge.push(leaf_hash(leaf), |tile| tiles.push((tile.level, tile.index)));
            let size = index + 1;
            if size % 127 == 0 || size % 256 < 2 || size > 1020 {
                assert_eq!(edge.root(), definition(&leaves[..size]), "size {size}");
            }
        }
        assert_eq!(tiles, [(0, 0), (0, 1), (0, 2), (0, 3)]);
        assert_eq!(edge.levels()[1].len(), 4);
    }
}
