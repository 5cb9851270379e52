//! The 2,048 English words of BIP 39, by their places in its list, which is sorted.

use std::sync::LazyLock;

use model::Digest;

/// Letters of the shortest and of the longest word.
pub(super) const SHORTEST: usize = 3;
pub(super) const LONGEST: usize = 8;

/// How many words a phrase may have, the longest first.
pub(super) const COUNTS: [usize; 5] = [24, 21, 18, 15, 12];

/// Bits that a word says.
const WORD_BITS: usize = 11;

/// The words without anything between them, each with a capital.
static ENGLISH: &str = include_str!("english.txt");

/// Each word's letters as a number, so that the order of numbers is that of words.
static WORDS: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let mut words: Vec<u64> = Vec::with_capacity(1 << WORD_BITS);
    let mut start = 0;
    let letters: Vec<u8> = ENGLISH.bytes().filter(u8::is_ascii_alphabetic).collect();
    for at in 1..=letters.len() {
        if letters.get(at).is_none_or(u8::is_ascii_uppercase) {
            words.push(number(&letters[start..], at - start));
            start = at;
        }
    }
    words
});

/// A bit for each word, hashed: dismisses most of what is none.
static SIEVE: LazyLock<[u64; SIEVE_BITS / 64]> = LazyLock::new(|| {
    let mut sieve = [0; SIEVE_BITS / 64];
    for word in WORDS.iter() {
        let (place, bit) = sieve_bit(*word);
        sieve[place] |= bit;
    }
    sieve
});
const SIEVE_BITS: usize = 1 << 15;

/// The same for what words begin with.
static BEGINNINGS: LazyLock<[u64; SIEVE_BITS / 64]> = LazyLock::new(|| {
    let mut sieve = [0; SIEVE_BITS / 64];
    for word in WORDS.iter() {
        for length in 1..=LONGEST {
            let (place, bit) = sieve_bit(number(&word.to_be_bytes(), length));
            sieve[place] |= bit;
        }
    }
    sieve
});

fn sieve_bit(word: u64) -> (usize, u64) {
    let hash = word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SIEVE_BITS.ilog2());
    ((hash >> 6) as usize, 1 << (hash & 63))
}

/// The first letters of a text, at most [`LONGEST`], small, as a number.
fn number(text: &[u8], length: usize) -> u64 {
    let unsaid = 8 * LONGEST.saturating_sub(length) as u32;
    (eight(text) | SMALL) & u64::MAX.checked_shl(unsaid).unwrap_or(0)
}

/// A blank in each byte: what makes letters small.
const SMALL: u64 = 0x2020_2020_2020_2020;

/// The first bytes of a text as a number; zeros behind.
#[inline]
fn eight(text: &[u8]) -> u64 {
    match text.first_chunk() {
        Some(head) => u64::from_be_bytes(*head),
        None => {
            let mut bytes = [0; LONGEST];
            bytes.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
            u64::from_be_bytes(bytes)
        }
    }
}

/// The highest bit of each byte that is a letter.
#[inline]
fn letters(bytes: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let low = (bytes | SMALL) & (EACH * 0x7f);
    let from_a = low + EACH * (0x80 - b'a' as u64);
    let after_z = low + EACH * (0x7f - b'z' as u64);
    from_a & !after_z & !bytes & (EACH * 0x80)
}

/// How many letters a text begins with, at most one more than [`LONGEST`]; eight are looked at in
/// one step, since where words end is not foreseen.
#[inline]
pub(super) fn letters_at(text: &[u8]) -> usize {
    match (!letters(eight(text)) & SMALL << 2).leading_zeros() / 8 {
        8 => LONGEST + usize::from(text.get(LONGEST).is_some_and(u8::is_ascii_alphabetic)),
        count => count as usize,
    }
}

/// How many letters a text ends with, at most [`LONGEST`].
#[inline]
pub(super) fn letters_before(text: &[u8]) -> usize {
    let last = match text.last_chunk() {
        Some(tail) => u64::from_be_bytes(*tail),
        None => eight(text).checked_shr(8 * (LONGEST - text.len()) as u32).unwrap_or(0),
    };
    ((!letters(last) & SMALL << 2).trailing_zeros() / 8) as usize
}

/// Whether the letters that a text begins with may be a word of the list: one in twenty others may,
/// too.
#[inline]
pub(super) fn may_be(text: &[u8], length: usize) -> bool {
    (SHORTEST..=LONGEST).contains(&length) && {
        let (place, bit) = sieve_bit(number(text, length));
        SIEVE[place] & bit != 0
    }
}

/// The place in the list of a word that a text begins with.
pub(super) fn place(text: &[u8], length: usize) -> Option<u16> {
    let word = may_be(text, length).then(|| number(text, length))?;
    WORDS.binary_search(&word).ok().map(|at| at as u16)
}

/// Whether some word begins with these letters, as far as a sieve tells.
#[inline]
pub(super) fn may_seem_to_become(letters: &[u8]) -> bool {
    (1..=LONGEST).contains(&letters.len()) && {
        let (place, bit) = sieve_bit(number(letters, letters.len()));
        BEGINNINGS[place] & bit != 0
    }
}

/// Whether some word begins with these letters.
pub(super) fn may_become(letters: &[u8]) -> bool {
    if !may_seem_to_become(letters) {
        return false;
    }
    let beginning = number(letters, letters.len());
    let first = WORDS.partition_point(|word| *word < beginning);
    let unsaid = 8 * (LONGEST - letters.len());
    WORDS.get(first).is_some_and(|word| word >> unsaid == beginning >> unsaid)
}

/// Whether words are a phrase: the bits behind the last say what SHA-256 says of those before.
/// Words in the list's own order are the list, and one word over and over is a manual's example.
pub(super) fn is_phrase(places: &[u16]) -> bool {
    let checked = places.len() / 3;
    let is_list = places.windows(2).all(|two| two[0] < two[1]);
    let bytes = pack(places);
    let entropy = places.len() * 4 / 3;
    let is_drawn = places.iter().filter(|place| **place == places[0]).count() < checked;
    is_drawn && !is_list && {
        let said = bytes.get(entropy).copied().unwrap_or_default();
        let digest = Digest::of(&bytes[..entropy]).0;
        (said ^ digest[0]) >> (8 - checked) == 0
    }
}

/// Eleven bits a word, one after the other; zeros behind.
fn pack(places: &[u16]) -> Vec<u8> {
    let bit = |at: usize| {
        let place = places.get(at / WORD_BITS).copied().unwrap_or_default();
        (place >> (WORD_BITS - 1 - at % WORD_BITS) & 1) as u8
    };
    let bytes = (places.len() * WORD_BITS).div_ceil(8);
    (0..bytes).map(|byte| (0..8).fold(0, |sum, at| sum << 1 | bit(byte * 8 + at))).collect()
}

/// The phrase that says these bytes: 16, 20, 24, 28 or 32 of them.
pub(crate) fn phrase(entropy: &[u8]) -> String {
    let check = Digest::of(entropy).0[0];
    let bytes = [entropy, &[check]].concat();
    let bit = |at: usize| u16::from(bytes[at / 8] >> (7 - at % 8) & 1);
    let words = (0..entropy.len() * 3 / 4).map(|word| {
        let place = (0..WORD_BITS).fold(0, |sum, at| sum << 1 | bit(word * WORD_BITS + at));
        let letters = WORDS.get(usize::from(place)).map(|word| word.to_be_bytes());
        let letters = letters.unwrap_or_default();
        letters.iter().filter(|byte| **byte > 0).map(|byte| char::from(*byte)).collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_list_is_whole_and_sorted() {
        assert_eq!(WORDS.len(), 2048);
        assert!(WORDS.windows(2).all(|two| two[0] < two[1]));
        // The standard promises that four letters tell a word.
        assert!(WORDS.windows(2).all(|two| two[0] >> 32 != two[1] >> 32));
        let place = |word: &str| place(word.as_bytes(), word.len());
        assert_eq!(["Abandon", "zoo", "gate"].map(place), [Some(0), Some(2047), Some(770)]);
        assert_eq!(["ab", "abandoned", "the"].map(place), [None; 3]);
        assert!(may_become(b"aban") && may_become(b"zoo") && !may_become(b"zooo"));
    }

    proptest! {
        #[test]
        fn letters_are_counted_from_both_sides(text in prop::collection::vec(any::<u8>(), 0..12)) {
            let (ahead, behind) = (text.iter(), text.iter().rev());
            let ahead = ahead.take(LONGEST + 1).take_while(|b| b.is_ascii_alphabetic()).count();
            let behind = behind.take(LONGEST).take_while(|b| b.is_ascii_alphabetic()).count();
            prop_assert_eq!((letters_at(&text), letters_before(&text)), (ahead, behind));
        }
    }

    #[test]
    fn the_checksum_is_the_standard_s() {
        // Sixteen zeros are eleven times the first word, then the fourth.
        let zeros = phrase(&[0; 16]);
        assert!(zeros.starts_with("abandon abandon") && zeros.ends_with(" about"), "{zeros}");
        let ones = phrase(&[0xff; 32]);
        assert!(ones.starts_with("zoo zoo") && ones.ends_with(" vote"), "{ones}");
        for length in [16, 20, 24, 28, 32] {
            let entropy: Vec<u8> = (0..length).map(|at| (at * 37 + 11) as u8).collect();
            let phrase = phrase(&entropy);
            let mut places: Vec<u16> =
                phrase.split(' ').filter_map(|word| place(word.as_bytes(), word.len())).collect();
            assert!(COUNTS.contains(&places.len()) && is_phrase(&places), "{phrase}");
            // Of the words that may stand last, one in as many as the checksum has values fits.
            let last = places.len() - 1;
            let fits = (0..2048).filter(|word| {
                places[last] = *word;
                is_phrase(&places)
            });
            assert_eq!(fits.count(), 2048 >> (length / 4), "{length}");
        }
    }
}
