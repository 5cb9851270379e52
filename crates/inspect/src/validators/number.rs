//! Number plans: payment cards, social security numbers, telephone numbers.

/// Whether decimal digits satisfy Luhn's formula (ISO/IEC 7812-1, annex B).
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let value = u32::from(digit - b'0') << (at % 2);
            value / 10 + value % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

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

/// Whether nine digits can be a US social security number, and none that the SSA has published.
pub(crate) fn ssn(digits: &[u8]) -> bool {
    let Ok(digits) = <&[u8; 9]>::try_from(digits) else { return false };
    let (area, group, serial) = (&digits[..3], &digits[3..5], &digits[5..]);
    let possible =
        area != b"000" && area != b"666" && area[0] != b'9' && group != b"00" && serial != b"0000";
    let repeated = digits.iter().all(|d| *d == digits[0]);
    possible && !repeated && digits != b"078051120" && digits != b"219099999"
}

/// Whether digits can be a telephone number with its country code (ITU-T E.164).
pub(crate) fn phone_digits(digits: &[u8]) -> bool {
    let repeated = digits.iter().skip(2).all(|d| Some(d) == digits.get(2));
    (8..=15).contains(&digits.len()) && digits.first() != Some(&b'0') && !repeated
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

    #[test]
    fn ssn_areas_are_those_that_are_issued() {
        assert!(ssn(b"536221234"));
        for bad in
            [b"000221234", b"666221234", b"936221234", b"536001234", b"536220000", b"078051120"]
        {
            assert!(!ssn(bad));
        }
    }
}
