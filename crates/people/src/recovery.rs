//! Recovery codes: for whoever lost every other factor. Each counts once; only hashes are kept.

use model::{Digest, Secret};

/// Codes that are made at a time.
pub const CODES: usize = 10;
/// Letters of a code, five bits each: eighty bits, which no one guesses, so that a plain hash is
/// enough.
const LETTERS: usize = 16;
/// Without letters that look like others (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A code from ten random bytes: four groups of four letters.
pub fn code(random: [u8; 10]) -> Secret {
    let number = random.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let letter = |at: usize| char::from(ALPHABET[(number >> (at * 5) & 31) as usize]);
    let mut text = String::new();
    for at in 0..LETTERS {
        if at > 0 && at % 4 == 0 {
            text.push('-');
        }
        text.push(letter(at));
    }
    Secret::new(text)
}

/// Under which a code is kept; `None` where it is none. Case, dashes and blanks do not matter, and
/// neither does an o for a zero or an i or an l for a one.
pub fn hash(text: &str) -> Option<Digest> {
    let letters = text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(LETTERS + 1);
    let plain: String = letters
        .map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect();
    let is_code = plain.len() == LETTERS && plain.bytes().all(|b| ALPHABET.contains(&b));
    is_code.then(|| Digest::of_parts(&[b"recovery code\n", plain.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_code_is_known_however_it_is_typed(random: [u8; 10]) {
            let code = code(random);
            let kept = hash(code.expose()).unwrap();
            let sloppy = code.expose().to_uppercase().replace('-', " ").replace('0', "O").replace('1', "l");
            prop_assert_eq!(hash(&sloppy), Some(kept));
            prop_assert_eq!(code.expose().len(), 19);
        }

        #[test]
        fn no_text_breaks_it(text in ".{0,64}") {
            hash(&text);
        }
    }

    #[test]
    fn other_lengths_are_no_codes() {
        assert_eq!(hash("abcd-efgh-jkmn-pqr"), None);
        assert_eq!(hash("abcd-efgh-jkmn-pqrst"), None);
        assert_eq!(hash(""), None);
    }
}
