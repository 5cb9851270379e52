//! Near-duplicates in one group, groups dealt into folds.

use std::collections::HashMap;

use super::dice::mix;
use super::{FOLDS, Text};

/// Hashes in a signature; two texts meet where a band of [`BAND`] agrees.
const HASHES: usize = 12;
const BAND: usize = 3;
/// Words in a shingle.
const SHINGLE: usize = 3;

/// Gives every text its group and its fold.
pub(super) fn assign(texts: &mut [Text]) {
    let mut parent: Vec<usize> = (0..texts.len()).collect();
    let mut buckets: HashMap<(usize, [u64; BAND]), usize> = HashMap::new();
    for (at, text) in texts.iter().enumerate() {
        let signature = signature(attack_of(text));
        for (band, hashes) in signature.as_chunks::<BAND>().0.iter().enumerate() {
            let other = *buckets.entry((band, *hashes)).or_insert(at);
            join(&mut parent, at, other);
        }
    }
    for at in 0..texts.len() {
        let group = root(&mut parent, at) as u64;
        if let Some(text) = texts.get_mut(at) {
            text.group = group;
            text.fold = mix(group) % FOLDS;
        }
    }
}

/// What makes an attack's text what it is: the planted part, whatever surrounds it.
fn attack_of(text: &Text) -> &str {
    let planted = text.planted.first().and_then(|&[from, to]| text.text.get(from..to));
    planted.unwrap_or(&text.text)
}

fn signature(text: &str) -> [u64; HASHES] {
    let words: Vec<u64> = text
        .split(|sign: char| !sign.is_alphabetic())
        .filter(|word| !word.is_empty())
        .take(400)
        .map(|word| {
            word.bytes().fold(7, |hash, byte| mix(hash ^ u64::from(byte.to_ascii_lowercase())))
        })
        .collect();
    let length = SHINGLE.min(words.len().max(1));
    let mut least = [u64::MAX; HASHES];
    for shingle in words.windows(length) {
        let hash = shingle.iter().fold(1, |hash: u64, word| mix(hash.rotate_left(9) ^ word));
        for (at, least) in least.iter_mut().enumerate() {
            *least = (*least).min(mix(hash ^ (at as u64) << 56));
        }
    }
    least
}

fn root(parent: &mut [usize], mut at: usize) -> usize {
    while let Some(&up) = parent.get(at).filter(|up| **up != at) {
        let above = parent.get(up).copied().unwrap_or(up);
        if let Some(slot) = parent.get_mut(at) {
            *slot = above;
        }
        at = up;
    }
    at
}

fn join(parent: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(parent, one), root(parent, other));
    let (low, high) = (one.min(other), one.max(other));
    if let Some(slot) = parent.get_mut(high) {
        *slot = low;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(texts: &[&str]) -> Vec<u64> {
        let text = |text: &&str| Text::new("s", "", "tool", 0, (*text).to_owned());
        let mut texts: Vec<Text> = texts.iter().map(text).collect();
        assign(&mut texts);
        texts.iter().map(|text| text.group).collect()
    }

    #[test]
    fn near_duplicates_share_a_group() {
        let long = "the quick brown fox jumps over the lazy dog and runs into the dark wood";
        let found = groups(&[long, &long.to_uppercase(), "an entirely other text of some words"]);
        assert_eq!(found, [0, 0, 2]);
    }
}
