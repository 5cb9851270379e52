//! Keccak-256 as Ethereum has it: SHA-3's permutation (FIPS 202) with the padding from before the
//! standard.

/// Bytes of one block: 1600 bits less twice the digest's.
const RATE: usize = 136;

const ROUNDS: usize = 24;

/// How far each lane is turned (step rho), in the order in which step pi visits them.
const TURNS: [u32; 24] =
    [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];

/// Where step pi takes the lanes, one after the other.
const PLACES: [usize; 24] =
    [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];

/// The constants of step iota, from the shift register that defines them.
const CONSTANTS: [u64; ROUNDS] = {
    let mut constants = [0; ROUNDS];
    let mut register: u8 = 1;
    let mut round = 0;
    while round < ROUNDS {
        let mut bit = 0;
        while bit < 7 {
            if register & 1 == 1 {
                constants[round] |= 1 << ((1_u32 << bit) - 1);
            }
            let carries = register & 0x80 != 0;
            register <<= 1;
            if carries {
                register ^= 0x71;
            }
            bit += 1;
        }
        round += 1;
    }
    constants
};

/// The digest of a text.
pub(super) fn keccak256(text: &[u8]) -> [u8; 32] {
    let mut state = [0_u64; 25];
    let mut blocks = text.chunks_exact(RATE);
    blocks.by_ref().for_each(|block| absorb(&mut state, block));
    let mut last = [0; RATE];
    let rest = blocks.remainder();
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] |= 0x01;
    last[RATE - 1] |= 0x80;
    absorb(&mut state, &last);
    let mut digest = [0; 32];
    for (bytes, lane) in digest.chunks_exact_mut(8).zip(state) {
        bytes.copy_from_slice(&lane.to_le_bytes());
    }
    digest
}

fn absorb(state: &mut [u64; 25], block: &[u8]) {
    let lanes = block.as_chunks::<8>().0;
    state.iter_mut().zip(lanes).for_each(|(lane, bytes)| *lane ^= u64::from_le_bytes(*bytes));
    CONSTANTS.into_iter().for_each(|constant| round(state, constant));
}

fn round(state: &mut [u64; 25], constant: u64) {
    let columns: [u64; 5] =
        std::array::from_fn(|x| (0..5).fold(0, |sum, y| sum ^ state[x + 5 * y]));
    for (at, lane) in state.iter_mut().enumerate() {
        *lane ^= columns[(at + 4) % 5] ^ columns[(at + 1) % 5].rotate_left(1);
    }
    let mut carried = state[1];
    for (place, turn) in PLACES.into_iter().zip(TURNS) {
        (carried, state[place]) = (state[place], carried.rotate_left(turn));
    }
    for row in state.chunks_exact_mut(5) {
        let before: [u64; 5] = std::array::from_fn(|x| row[x]);
        for (x, lane) in row.iter_mut().enumerate() {
            *lane ^= !before[(x + 1) % 5] & before[(x + 2) % 5];
        }
    }
    state[0] ^= constant;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &[u8]) -> String {
        keccak256(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn published_vectors_come_out() {
        // Of nothing, and of the signature by which every token contract is called.
        assert_eq!(hex(b""), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
        assert!(hex(b"transfer(address,uint256)").starts_with("a9059cbb"));
        assert_eq!(CONSTANTS[0], 1);
        assert_eq!(CONSTANTS[23], 0x8000_0000_8000_8008);
    }

    #[test]
    fn every_length_around_a_block_has_its_own() {
        let text = [b'x'; 3 * RATE];
        let all: std::collections::BTreeSet<_> = (0..text.len()).map(|n| hex(&text[..n])).collect();
        assert_eq!(all.len(), text.len());
    }
}
