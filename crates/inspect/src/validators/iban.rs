//! Bank account numbers of ISO 13616: a country's length and a remainder of one modulo 97.

/// Countries and lengths, from the IBAN registry of SWIFT.
const LENGTHS: [(&[u8; 2], u8); 79] = [
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
];

/// Countries whose codes sort after those above.
const MORE: [(&[u8; 2], u8); 9] = [
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// The longest IBAN as people write it: 34 characters in groups of four.
pub(crate) const IBAN_BYTES: usize = 34 + 8;

fn length(country: &[u8]) -> Option<usize> {
    let found = LENGTHS.iter().chain(&MORE).find(|(code, _)| code.as_slice() == country)?;
    Some(usize::from(found.1))
}

/// The bytes of an IBAN at the start of `text`, groups of four set apart by single blanks or not.
pub(crate) fn iban(text: &[u8]) -> Option<usize> {
    let length = length(text.get(..2)?)?;
    if !text.get(2..4)?.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut rest = 0;
    let mut taken = 0;
    let mut at = 0;
    while taken < length {
        let byte = *text.get(at)?;
        if byte == b' ' && taken > 0 && text[at - 1] != b' ' && taken % 4 == 0 {
            at += 1;
            continue;
        }
        let (value, weight) = digit(byte)?;
        if taken >= 4 {
            rest = (rest * weight + value) % 97;
        }
        taken += 1;
        at += 1;
    }
    let ends = text.get(at).is_none_or(|b| !b.is_ascii_alphanumeric());
    // The head's two letters and two digits stand for six decimal digits.
    (ends && (rest * 1_000_000 + head_number(text)) % 97 == 1).then_some(at)
}

fn head_number(text: &[u8]) -> u64 {
    text.iter()
        .take(4)
        .filter_map(|b| digit(*b))
        .fold(0, |sum, (value, weight)| sum * weight + value)
}

fn digit(byte: u8) -> Option<(u64, u64)> {
    match byte {
        b'0'..=b'9' => Some((u64::from(byte - b'0'), 10)),
        b'A'..=b'Z' => Some((u64::from(byte - b'A') + 10, 100)),
        _ => None,
    }
}

/// Whether text that ends here could grow into an IBAN.
pub(crate) fn iban_may_begin(text: &[u8]) -> bool {
    match text {
        [] => true,
        [first] => first.is_ascii_uppercase(),
        [first, second, rest @ ..] => {
            length(&[*first, *second]).is_some() && rest.iter().take(2).all(u8::is_ascii_digit)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_examples_hold_and_a_changed_digit_does_not() {
        for good in ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "NO9386011117947"] {
            assert_eq!(iban(good.as_bytes()), Some(good.len()), "{good}");
        }
        assert_eq!(iban(b"DE89370400440532013001"), None);
        assert_eq!(iban(b"DE893704004405320130001"), None, "one digit too many");
        assert_eq!(iban(b"ZZ89370400440532013000"), None, "no such country");
    }

    #[test]
    fn a_beginning_is_known_byte_by_byte() {
        let whole = b"GB29 NWBK 6016 1331 9268 19";
        assert!((0..whole.len()).all(|end| iban_may_begin(&whole[..end])));
        assert!(!iban_may_begin(b"Go") && !iban_may_begin(b"DEx"));
    }
}
