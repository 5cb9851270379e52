//! The arithmetic of check digits that many numbers share.
//!
//! Every function takes the compact form of a number: ASCII digits, and capitals where it has any.

/// Whether a compact form is a number of some kind.
#[cfg(test)]
pub(crate) type Check = fn(&[u8]) -> bool;

/// The value of a digit; of a capital, 10 and up (ISO 7064, ICAO 9303).
pub(crate) fn value(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    }
}

/// A capital's place in the alphabet, from 1.
pub(crate) fn letter(byte: u8) -> u32 {
    u32::from(byte.wrapping_sub(b'A')) + 1
}

/// The sum of the characters' values, each times its weight, as far as there are weights.
pub(crate) fn weighted(code: &[u8], weights: &[u32]) -> u32 {
    code.iter().zip(weights).map(|(byte, weight)| value(*byte) * weight).sum()
}

/// The decimal number that stands at `at`, `count` digits long.
pub(crate) fn number(code: &[u8], at: usize, count: usize) -> u32 {
    let digits = code.get(at..at + count).unwrap_or_default();
    digits.iter().fold(0_u32, |sum, byte| sum.wrapping_mul(10).wrapping_add(value(*byte)))
}

/// The remainder of a decimal number of any length.
pub(crate) fn remainder(digits: &[u8], modulus: u32) -> u32 {
    digits.iter().fold(0, |rest, byte| (rest * 10 + value(*byte)) % modulus)
}

/// The last character's value.
pub(crate) fn last(code: &[u8]) -> u32 {
    code.last().map_or(0, |byte| value(*byte))
}

/// Whether decimal digits satisfy Luhn's formula (ISO/IEC 7812-1, annex B).
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let doubled = |(at, byte): (usize, &u8)| {
        let value = value(*byte) << (at % 2);
        value / 10 + value % 10
    };
    let sum: u32 = digits.iter().rev().enumerate().map(doubled).sum();
    sum.is_multiple_of(10)
}

/// ISO 7064, MOD 11,10: Germany's and Croatia's tax numbers.
pub(crate) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10, |product, byte| {
        let sum = (product + value(*byte)) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == value(*check)
}

/// ISO 7064, MOD 11-2: China's resident numbers. `X` stands for ten.
pub(crate) fn mod_11_2(code: &[u8]) -> bool {
    let Some((check, body)) = code.split_last() else { return false };
    let rest = body.iter().fold(0, |rest, byte| (rest + value(*byte)) * 2 % 11);
    let wanted = (12 - rest) % 11;
    if wanted == 10 { *check == b'X' } else { check.is_ascii_digit() && value(*check) == wanted }
}

/// The dihedral group's product, its permutation's powers, as Verhoeff chose them.
const PRODUCT: [&[u8; 10]; 10] = [
    b"0123456789",
    b"1234067895",
    b"2340178956",
    b"3401289567",
    b"4012395678",
    b"5987604321",
    b"6598710432",
    b"7659821043",
    b"8765932104",
    b"9876543210",
];
const PERMUTED: [&[u8; 10]; 8] = [
    b"0123456789",
    b"1576283094",
    b"5803796142",
    b"8916043527",
    b"9453126870",
    b"4286573901",
    b"2793806415",
    b"7046913258",
];

/// Verhoeff's formula: India's Aadhaar.
pub(crate) fn verhoeff(digits: &[u8]) -> bool {
    let step = |sum: usize, (at, byte): (usize, &u8)| {
        let permuted = PERMUTED[at % 8][value(*byte) as usize % 10];
        value(PRODUCT[sum][value(permuted) as usize]) as usize
    };
    digits.iter().rev().enumerate().fold(0, step) == 0
}

/// Whether there is such a day in some year.
pub(crate) fn is_day(day: u32, month: u32) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Whether six digits at `at` are year, month and day.
pub(crate) fn is_yymmdd(code: &[u8], at: usize) -> bool {
    is_day(number(code, at + 4, 2), number(code, at + 2, 2))
}

/// Whether six digits at `at` are day, month and year.
pub(crate) fn is_ddmmyy(code: &[u8], at: usize) -> bool {
    is_day(number(code, at, 2), number(code, at + 2, 2))
}

/// Whether eight digits at `at` are a day of the last hundred years or so.
pub(crate) fn is_yyyymmdd(code: &[u8], at: usize) -> bool {
    (1900..=2039).contains(&number(code, at, 4)) && is_yymmdd(code, at + 2)
}

/// Whether a number is one digit over and over, or counts up: what forms show for an example.
pub(crate) fn is_filler(code: &[u8]) -> bool {
    let is_step = |by: u8| code.windows(2).all(|two| two[1].wrapping_sub(two[0]) == by);
    code.len() > 5 && (is_step(0) || is_step(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_check_values_come_out() {
        assert!(luhn(b"79927398713") && !luhn(b"79927398710"));
        assert!(verhoeff(b"2363") && !verhoeff(b"2364"));
        assert!(mod_11_2(b"07940") && !mod_11_2(b"07941"));
        assert!(mod_11_10(b"07945"));
        assert_eq!(remainder(b"3214282912345698765432161182", 97), 1);
    }

    #[test]
    fn verhoeff_sees_every_swap_of_neighbours() {
        let good = b"299941234567";
        let check = (b'0'..=b'9').find(|c| verhoeff(&[good.as_slice(), &[*c]].concat()));
        let whole = [good.as_slice(), &[check.unwrap()]].concat();
        for at in 0..whole.len() - 1 {
            let mut swapped = whole.clone();
            swapped.swap(at, at + 1);
            assert!(swapped == whole || !verhoeff(&swapped), "{at}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert!(
            is_day(29, 2) && is_day(31, 12) && !is_day(31, 4) && !is_day(0, 1) && !is_day(1, 13)
        );
        assert!(is_yyyymmdd(b"19991231", 0) && !is_yyyymmdd(b"18991231", 0));
    }
}
