//! SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash made for short inputs.

/// The state, after its key.
struct State([u64; 4]);

/// Hashes a text under a key.
pub(super) struct Sip;

impl Sip {
    pub(super) fn of(key: [u64; 2], text: &[u8]) -> u64 {
        let mut state = State([
            key[0] ^ 0x736f_6d65_7073_6575,
            key[1] ^ 0x646f_7261_6e64_6f6d,
            key[0] ^ 0x6c79_6765_6e65_7261,
            key[1] ^ 0x7465_6462_7974_6573,
        ]);
        let words = text.chunks_exact(8);
        let rest = words.remainder();
        for word in words {
            state.take(number(word));
        }
        state.take((text.len() as u64) << 56 | number(rest));
        state.finish()
    }
}

/// Bytes, the least significant first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

impl State {
    fn take(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.round();
        self.0[0] ^= word;
    }

    fn finish(mut self) -> u64 {
        self.0[2] ^= 0xff;
        (0..4).for_each(|_| self.round());
        self.0.iter().fold(0, |sum, part| sum ^ part)
    }

    fn round(&mut self) {
        let [a, b, c, d] = &mut self.0;
        *a = a.wrapping_add(*b);
        *b = b.rotate_left(13) ^ *a;
        *a = a.rotate_left(32);
        *c = c.wrapping_add(*d);
        *d = d.rotate_left(16) ^ *c;
        *a = a.wrapping_add(*d);
        *d = d.rotate_left(21) ^ *a;
        *c = c.wrapping_add(*b);
        *b = b.rotate_left(17) ^ *c;
        *c = c.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paper's appendix: the key counts from 0, the text is fifteen bytes that do, too.
    #[test]
    fn the_papers_value_comes_out() {
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        let text: Vec<u8> = (0..15).collect();
        assert_eq!(Sip::of(key, &text), 0xa129_ca61_49be_45e5);
    }
}
