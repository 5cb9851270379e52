//! Great Britain, Ireland, France, the Low Countries, Germany, Austria, Switzerland.

use crate::validators::check_digits::*;

/// Prefixes that HMRC does not allot.
const NO_NINO: [&[u8; 2]; 7] = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];

pub(crate) fn gb_nino(code: &[u8]) -> bool {
    let [first, second, .., suffix] = *code else { return false };
    !b"DFIQUV".contains(&first)
        && !b"DFIOQUV".contains(&second)
        && !NO_NINO.iter().any(|prefix| **prefix == [first, second])
        && (b'A'..=b'D').contains(&suffix)
}

pub(crate) fn gb_nhs(code: &[u8]) -> bool {
    let check = 11 - weighted(code, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    check != 10 && check % 11 == last(code) && !is_filler(code)
}

pub(crate) fn gb_utr(code: &[u8]) -> bool {
    let rest = weighted(&code[1..], &[6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11;
    b"21987654321"[rest as usize] == code[0]
}

pub(crate) fn ie_pps(code: &[u8]) -> bool {
    let second = match code.get(8) {
        None | Some(b'W') => 0,
        Some(byte) if (b'A'..=b'I').contains(byte) => letter(*byte),
        Some(_) => return false,
    };
    let sum = weighted(code, &[8, 7, 6, 5, 4, 3, 2]) + second * 9;
    b"WABCDEFGHIJKLMNOPQRSTUV"[(sum % 23) as usize] == code[7]
}

pub(crate) fn fr_nir(code: &[u8]) -> bool {
    let mut digits = [0; 13];
    digits.copy_from_slice(&code[..13]);
    // Corsica: 2A counts as 19, 2B as 18.
    match (digits[5], digits[6]) {
        (b'2', b'A') => (digits[5], digits[6]) = (b'1', b'9'),
        (b'2', b'B') => (digits[5], digits[6]) = (b'1', b'8'),
        (_, letter) if letter.is_ascii_uppercase() => return false,
        _ => {}
    }
    let month = number(&digits, 3, 2);
    matches!(digits[0], b'1' | b'2' | b'7' | b'8')
        && matches!(month, 1..=12 | 20..=42 | 50..=99)
        && 97 - remainder(&digits, 97) == number(code, 13, 2)
}

pub(crate) fn fr_spi(code: &[u8]) -> bool {
    code[0] <= b'3' && remainder(&code[..10], 511) == number(code, 10, 3) && !is_filler(&code[..10])
}

pub(crate) fn nl_bsn(code: &[u8]) -> bool {
    let sum = weighted(code, &[9, 8, 7, 6, 5, 4, 3, 2]);
    sum % 11 == last(code) && !is_filler(code)
}

pub(crate) fn be_national(code: &[u8]) -> bool {
    let (month, day) = (number(code, 2, 2) % 20, number(code, 4, 2));
    let plausible = (month == 0 || month <= 12) && day <= 31;
    let body = remainder(&code[..9], 97);
    // Those born from 2000 on have a 2 before their number.
    let later = (2_000_000_000 % 97 + body) % 97;
    let check = number(code, 9, 2);
    plausible && (97 - body == check || 97 - later == check)
}

/// A Luhn digit over eleven, and a Verhoeff digit over the same eleven.
pub(crate) fn lu_matricule(code: &[u8]) -> bool {
    let verhoeff_part = [&code[..11], &code[12..]].concat();
    is_yyyymmdd(code, 0) && luhn(&code[..12]) && verhoeff(&verhoeff_part)
}

/// One digit of the first ten occurs twice or three times, and it has an own check digit.
pub(crate) fn de_tax_id(code: &[u8]) -> bool {
    let mut counts = [0; 10];
    for byte in &code[..10] {
        counts[value(*byte) as usize % 10] += 1;
    }
    let repeated = counts.iter().filter(|count| **count > 1).count();
    let most = counts.iter().max().copied().unwrap_or(0);
    code[0] != b'0' && repeated == 1 && most <= 3 && mod_11_10(code)
}

/// The weights of ICAO 9303, which identity cards use too.
pub(crate) fn icao(code: &[u8], check: u8) -> bool {
    let sum: u32 =
        code.iter().zip([7, 3, 1].iter().cycle()).map(|(byte, weight)| value(*byte) * weight).sum();
    sum % 10 == value(check)
}

pub(crate) fn de_id_card(code: &[u8]) -> bool {
    let serial = &code[..9];
    b"CFGHJKLMNPRTVWXYZ".contains(&code[0])
        && serial.iter().all(|b| b"0123456789CFGHJKLMNPRTVWXYZ".contains(b))
        && serial.iter().filter(|b| b.is_ascii_digit()).count() >= 2
        && code.get(9).is_none_or(|check| icao(serial, *check))
}

/// The sum of the cross sums of digits times weights.
fn cross_sum(digits: &[u32], weights: &[u32]) -> u32 {
    let cross = |product: u32| product / 10 + product % 10;
    digits.iter().zip(weights).map(|(digit, weight)| cross(digit * weight)).sum()
}

pub(crate) fn de_social_security(code: &[u8]) -> bool {
    let mut digits = [0; 12];
    let initial = letter(code[8]);
    let values = code[..8].iter().map(|b| value(*b)).chain([initial / 10, initial % 10]);
    let values = values.chain(code[9..11].iter().map(|b| value(*b)));
    for (slot, value) in digits.iter_mut().zip(values) {
        *slot = value;
    }
    let day = number(code, 2, 2) % 50;
    number(code, 0, 2) >= 2
        && is_day(day.max(1), number(code, 4, 2))
        && cross_sum(&digits, &[2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]) % 10 == last(code)
}

pub(crate) fn de_health_insurance(code: &[u8]) -> bool {
    let initial = letter(code[0]);
    let mut digits = [initial / 10, initial % 10, 0, 0, 0, 0, 0, 0, 0, 0];
    for (slot, byte) in digits[2..].iter_mut().zip(&code[1..9]) {
        *slot = value(*byte);
    }
    cross_sum(&digits, &[1, 2, 1, 2, 1, 2, 1, 2, 1, 2]) % 10 == last(code)
}

pub(crate) fn at_svnr(code: &[u8]) -> bool {
    let sum = weighted(code, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]);
    code[0] != b'0' && sum % 11 == value(code[3]) && is_ddmmyy(code, 4)
}

/// Switzerland's and Liechtenstein's: an EAN-13 whose country is 756.
pub(crate) fn ch_ahv(code: &[u8]) -> bool {
    let sum = weighted(code, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]);
    code.starts_with(b"756") && (10 - sum % 10) % 10 == last(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that the authorities print in their own descriptions.
    #[test]
    fn published_examples_pass_and_their_neighbours_do_not() {
        let cases: [(Check, &[u8]); 7] = [
            (gb_nhs, b"9434765919"),
            (ie_pps, b"1234567T"),
            (de_tax_id, b"86095742719"),
            (de_social_security, b"15070649C103"),
            (de_health_insurance, b"A123456780"),
            (at_svnr, b"1237010180"),
            (ch_ahv, b"7569217076985"),
        ];
        for (check, good) in cases {
            assert!(check(good), "{}", String::from_utf8_lossy(good));
            let mut bad = good.to_vec();
            let at = if bad.len() == 8 { 6 } else { bad.len() - 2 };
            bad[at] = if bad[at] == b'1' { b'2' } else { b'1' };
            assert!(!check(&bad), "{}", String::from_utf8_lossy(&bad));
        }
        assert!(de_id_card(b"T220001293") && !de_id_card(b"T220001294"));
        assert!(gb_nino(b"AB123456C") && !gb_nino(b"BG123456C") && !gb_nino(b"AB123456E"));
    }
}
