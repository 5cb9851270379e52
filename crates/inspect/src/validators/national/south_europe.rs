//! Spain, Portugal, Italy, Greece, Cyprus, Malta.

use crate::validators::check_digits::*;

const DNI: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

pub(crate) fn es_dni(code: &[u8]) -> bool {
    DNI[(number(code, 0, 8) % 23) as usize] == code[8] && !is_filler(&code[..8])
}

pub(crate) fn es_nie(code: &[u8]) -> bool {
    let Some(lead) = b"XYZ".iter().position(|b| *b == code[0]) else { return false };
    let number = lead as u32 * 10_000_000 + number(code, 1, 7);
    DNI[(number % 23) as usize] == code[8]
}

/// Companies and associations; the check character is a digit or a letter by kind.
pub(crate) fn es_cif(code: &[u8]) -> bool {
    let doubled = |byte: u8| value(byte) * 2 / 10 + value(byte) * 2 % 10;
    let weigh = |(at, byte): (usize, &u8)| if at % 2 == 0 { doubled(*byte) } else { value(*byte) };
    let sum: u32 = code[1..8].iter().enumerate().map(weigh).sum();
    let check = (10 - sum % 10) % 10;
    let fits_letter = b"JABCDEFGHI"[check as usize] == code[8];
    let fits_digit = code[8].is_ascii_digit() && last(code) == check;
    b"ABCDEFGHJNPQRSUVW".contains(&code[0]) && (fits_letter || fits_digit)
}

/// Portugal's tax number, and its first digits by kind of person.
pub(crate) fn pt_nif(code: &[u8]) -> bool {
    let rest = weighted(code, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    let check = if rest < 2 { 0 } else { 11 - rest };
    check == last(code) && !matches!(code[0], b'0' | b'4') && !is_filler(code)
}

/// What a character counts at an odd place, by its value as a digit or letter.
const ODD: [u32; 26] =
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/// Letters that stand for 0 to 9 where two people would have the same code.
const INSTEAD: &[u8; 10] = b"LMNPQRSTUV";

fn plain_digit(byte: u8) -> Option<u32> {
    if byte.is_ascii_digit() {
        return Some(value(byte));
    }
    INSTEAD.iter().position(|b| *b == byte).map(|place| place as u32)
}

pub(crate) fn it_codice_fiscale(code: &[u8]) -> bool {
    let ordinal = |byte: u8| if byte.is_ascii_digit() { value(byte) } else { letter(byte) - 1 };
    let weigh = |(at, byte): (usize, &u8)| {
        let ordinal = ordinal(*byte);
        if at % 2 == 0 { ODD[ordinal as usize % 26] } else { ordinal }
    };
    let sum: u32 = code[..15].iter().enumerate().map(weigh).sum();
    let (Some(tens), Some(ones)) = (plain_digit(code[9]), plain_digit(code[10])) else {
        return false;
    };
    let day = (tens * 10 + ones) % 40;
    let are_digits = [6, 7, 12, 13, 14].iter().all(|at| plain_digit(code[*at]).is_some());
    are_digits
        && b"ABCDEHLMPRST".contains(&code[8])
        && (1..=31).contains(&day)
        && sum % 26 + 1 == letter(code[15])
}

pub(crate) fn it_partita_iva(code: &[u8]) -> bool {
    luhn(code) && number(code, 0, 7) > 0 && !is_filler(code)
}

pub(crate) fn gr_afm(code: &[u8]) -> bool {
    let sum = weighted(code, &[256, 128, 64, 32, 16, 8, 4, 2]);
    sum % 11 % 10 == last(code) && !is_filler(code)
}

pub(crate) fn gr_amka(code: &[u8]) -> bool {
    is_ddmmyy(code, 0) && luhn(code)
}

pub(crate) fn cy_tin(code: &[u8]) -> bool {
    let weigh = |(at, byte): (usize, &u8)| {
        if at % 2 == 0 { ODD[value(*byte) as usize % 10] } else { value(*byte) }
    };
    let sum: u32 = code[..8].iter().enumerate().map(weigh).sum();
    sum % 26 + 1 == letter(code[8]) && !code.starts_with(b"12")
}

pub(crate) fn mt_id(code: &[u8]) -> bool {
    b"MGAPLHBZ".contains(&code[code.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_pass_and_their_neighbours_do_not() {
        let cases: [(Check, &[u8], usize); 6] = [
            (es_dni, b"54362315K", 7),
            (es_nie, b"X2482300W", 7),
            (es_cif, b"A13585625", 7),
            (pt_nif, b"501964843", 7),
            (it_codice_fiscale, b"RCCMNL83S18D969H", 14),
            (gr_afm, b"094259216", 7),
        ];
        for (check, good, at) in cases {
            assert!(check(good), "{}", String::from_utf8_lossy(good));
            let mut bad = good.to_vec();
            bad[at] = if bad[at] == b'1' { b'2' } else { b'1' };
            assert!(!check(&bad), "{}", String::from_utf8_lossy(&bad));
        }
    }
}
