//! Number plans: payment cards.

use super::check_digits::luhn;

/// Whether digits are a payment card's: an issuer's range, a length of its, and Luhn.
pub(crate) fn card(digits: &[u8]) -> bool {
    let Some(lead) = digits.get(..4) else { return false };
    let lead = lead.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    let length = digits.len();
    let fits = match lead {
        4000..=4999 => matches!(length, 13 | 16 | 19),
        5100..=5599 | 2221..=2720 => length == 16,
        3400..=3499 | 3700..=3799 => length == 15,
        3000..=3059 | 3600..=3699 | 3800..=3999 => matches!(length, 14 | 16),
        3528..=3589 => (16..=19).contains(&length),
        6011 | 6440..=6499 | 6500..=6599 | 6200..=6299 => (16..=19).contains(&length),
        5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763 => (16..=19).contains(&length),
        2200..=2204 => length == 16,
        _ => false,
    };
    fits && luhn(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_need_their_checksum_their_range_and_their_length() {
        assert!(card(b"4111111111111111") && card(b"378282246310005") && card(b"5555555555554444"));
        assert!(!card(b"4111111111111112"), "checksum");
        assert!(!card(b"1234567812345670"), "no issuer");
        assert!(!card(b"41111111111111"), "length");
    }
}
