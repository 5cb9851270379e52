//! Inclusion and consistency proofs: made from tiles, checked by anyone
//! (RFC 9162, sections 2.1.3 and 2.1.4).

use model::Digest;

use crate::merkle::{node_hash, root_of, split};

/// Why a proof is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("the proof has the wrong number of hashes for these sizes")]
    Length,
    #[error("the proof leads to another root")]
    Root,
    #[error("no such proof: the index or the smaller size lies outside of the tree")]
    Range,
}

/// Reads the hashes of complete subtrees: `256^level` leaves each, from the tile `index`.
pub trait Tiles {
    type Error: From<ProofError>;
    /// The hashes of a tile as the tree that is proved about has it.
    fn tile(&mut self, level: u8, index: u64) -> Result<&[Digest], Self::Error>;
}

/// The hash of the complete subtree of `2^height` leaves that is the `index`th of that height.
fn subtree<T: Tiles>(tiles: &mut T, height: u32, index: u64) -> Result<Digest, T::Error> {
    let inside = height % 8;
    let first = index << inside;
    let hashes = tiles.tile((height / 8) as u8, first / 256)?;
    let start = (first % 256) as usize;
    let hashes = hashes.get(start..start + (1 << inside)).ok_or(ProofError::Range)?;
    Ok(root_of(hashes))
}

/// MTH(D[start:end]) for a range that a left-leaning tree cuts.
fn range<T: Tiles>(tiles: &mut T, start: u64, end: u64) -> Result<Digest, T::Error> {
    let length = end - start;
    if length.is_power_of_two() && start.is_multiple_of(length) {
        return subtree(tiles, length.trailing_zeros(), start / length);
    }
    let middle = start + split(length);
    Ok(node_hash(&range(tiles, start, middle)?, &range(tiles, middle, end)?))
}

/// The root of the tree of the first `size` leaves.
pub fn root<T: Tiles>(tiles: &mut T, size: u64) -> Result<Digest, T::Error> {
    if size == 0 { Ok(crate::merkle::empty_root()) } else { range(tiles, 0, size) }
}

/// PATH(index, D_size) of RFC 9162, section 2.1.3.1.
pub fn inclusion<T: Tiles>(tiles: &mut T, index: u64, size: u64) -> Result<Vec<Digest>, T::Error> {
    if index >= size {
        return Err(ProofError::Range.into());
    }
    let (mut start, mut end, mut path) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range(tiles, middle, end)?);
            end = middle;
        } else {
            path.push(range(tiles, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// PROOF(old, D_new) of RFC 9162, section 2.1.4.1.
pub fn consistency<T: Tiles>(tiles: &mut T, old: u64, new: u64) -> Result<Vec<Digest>, T::Error> {
    if old > new {
        return Err(ProofError::Range.into());
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut start, mut end, mut path) = (0, new, Vec::new());
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(range(tiles, middle, end)?);
            end = middle;
        } else {
            path.push(range(tiles, start, middle)?);
            start = middle;
        }
    }
    if start != 0 {
        path.push(range(tiles, start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// RFC 9162, section 2.1.3.2.
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Range);
    }
    let (mut fnode, mut snode, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if snode == 0 {
            return Err(ProofError::Length);
        }
        if fnode & 1 == 1 || fnode == snode {
            hash = node_hash(sibling, &hash);
            while fnode & 1 == 0 && fnode != 0 {
                fnode >>= 1;
                snode >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        fnode >>= 1;
        snode >>= 1;
    }
    if snode != 0 {
        return Err(ProofError::Length);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// RFC 9162, section 2.1.4.2. An empty old tree is consistent with every tree.
pub fn verify_consistency(
    (old, old_root): (u64, &Digest),
    (new, new_root): (u64, &Digest),
    path: &[Digest],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Range);
    }
    if old == new || old == 0 {
        let is_empty = |root: &Digest| *root == crate::merkle::empty_root();
        let same = (old > 0 || is_empty(old_root)) && (old < new || old_root == new_root);
        let fits = if path.is_empty() { Ok(()) } else { Err(ProofError::Length) };
        return if same { fits } else { Err(ProofError::Root) };
    }
    // Step 2: a complete old tree is its own first node.
    let (first, rest) = match (old.is_power_of_two(), path) {
        (true, rest) => (old_root, rest),
        (false, [first, rest @ ..]) => (first, rest),
        (false, []) => return Err(ProofError::Length),
    };
    let shift = (old - 1).trailing_ones();
    let (mut fnode, mut snode) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut old_hash, mut new_hash) = (*first, *first);
    for hash in rest {
        if snode == 0 {
            return Err(ProofError::Length);
        }
        if fnode & 1 == 1 || fnode == snode {
            old_hash = node_hash(hash, &old_hash);
            new_hash = node_hash(hash, &new_hash);
            while fnode & 1 == 0 && fnode != 0 {
                fnode >>= 1;
                snode >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, hash);
        }
        fnode >>= 1;
        snode >>= 1;
    }
    if snode != 0 {
        return Err(ProofError::Length);
    }
    if old_hash == *old_root && new_hash == *new_root { Ok(()) } else { Err(ProofError::Root) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::leaf_hash;
    use crate::merkle::tests::{definition, known_leaves};

    struct Built(Vec<Vec<Digest>>);

    impl Built {
        fn of(leaves: &[Vec<u8>]) -> Self {
            let mut levels = vec![leaves.iter().map(|leaf| leaf_hash(leaf)).collect::<Vec<_>>()];
            while levels.last().is_some_and(|level| level.len() >= 256) {
                let below = levels.last().unwrap();
                levels.push(below.chunks_exact(256).map(root_of).collect());
            }
            Self(levels)
        }
    }

    impl Tiles for Built {
        type Error = ProofError;
        fn tile(&mut self, level: u8, index: u64) -> Result<&[Digest], ProofError> {
            let hashes = self.0.get(level as usize).ok_or(ProofError::Range)?;
            hashes.chunks(256).nth(index as usize).ok_or(ProofError::Range)
        }
    }

    fn hexes(path: &[Digest]) -> Vec<String> {
        path.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn known_proofs_come_out() {
        // The reference implementation's vectors for its eight leaves.
        let mut tiles = Built::of(&known_leaves());
        assert_eq!(
            hexes(&inclusion(&mut tiles, 5, 8).unwrap()),
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        );
        assert_eq!(
            hexes(&consistency(&mut tiles, 6, 8).unwrap()),
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        );
    }

    fn leaves(count: u32) -> Vec<Vec<u8>> {
        (0..count).map(|n| n.to_be_bytes().to_vec()).collect()
    }

    #[test]
    fn every_proof_of_small_trees_holds_and_every_changed_one_fails() {
        let leaves = leaves(20);
        let mut tiles = Built::of(&leaves);
        let roots: Vec<Digest> = (0..=20).map(|size| definition(&leaves[..size])).collect();
        for size in 1..=20_u64 {
            let root = &roots[size as usize];
            for index in 0..size {
                let leaf = leaf_hash(&leaves[index as usize]);
                let path = inclusion(&mut tiles, index, size).unwrap();
                assert_eq!(verify_inclusion(&leaf, index, size, &path, root), Ok(()));
                assert!(verify_inclusion(&roots[0], index, size, &path, root).is_err());
                assert!(verify_inclusion(&leaf, index + 1, size, &path, root).is_err());
                for_each_damage(&path, |bad| {
                    assert!(verify_inclusion(&leaf, index, size, bad, root).is_err());
                });
            }
            for old in 0..=size {
                let path = consistency(&mut tiles, old, size).unwrap();
                let (old_head, new_head) = ((old, &roots[old as usize]), (size, root));
                assert_eq!(verify_consistency(old_head, new_head, &path), Ok(()), "{old} {size}");
                for_each_damage(&path, |bad| {
                    assert!(verify_consistency(old_head, new_head, bad).is_err());
                });
                let forked = verify_consistency((old, &Digest([7; 32])), new_head, &path);
                assert!(forked.is_err(), "{old} {size}");
            }
        }
    }

    fn for_each_damage(path: &[Digest], check: impl Fn(&[Digest])) {
        for at in 0..path.len() {
            let mut bad = path.to_vec();
            bad[at].0[at % 32] ^= 1;
            check(&bad);
            bad.remove(at);
            check(&bad);
        }
        let mut long = path.to_vec();
        long.push(Digest([0; 32]));
        check(&long);
    }

    #[test]
    fn proofs_reach_across_tiles() {
        let leaves = leaves(70_000);
        let mut tiles = Built::of(&leaves);
        let root_now = root(&mut tiles, 70_000).unwrap();
        assert_eq!(root_now, definition(&leaves));
        for index in [0, 255, 256, 65_535, 65_536, 69_999] {
            let path = inclusion(&mut tiles, index, 70_000).unwrap();
            let leaf = leaf_hash(&leaves[index as usize]);
            assert_eq!(verify_inclusion(&leaf, index, 70_000, &path, &root_now), Ok(()));
        }
        let old = definition(&leaves[..65_537]);
        let path = consistency(&mut tiles, 65_537, 70_000).unwrap();
        let heads = ((65_537, &old), (70_000, &root_now));
        assert_eq!(verify_consistency(heads.0, heads.1, &path), Ok(()));
        assert_eq!(inclusion(&mut tiles, 5, 5), Err(ProofError::Range));
    }
}
