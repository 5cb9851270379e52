//! The value added tax numbers of the European Union, with their country before them.

use super::{balkans, central_europe, north_europe, south_europe, west_europe};
use crate::validators::check_digits::*;

/// Whether a country's prefix, and its own check, hold.
pub(crate) fn eu_vat(code: &[u8]) -> bool {
    let Some((country, rest)) = code.split_first_chunk::<2>() else { return false };
    let digits = |count: usize| rest.len() == count && rest.iter().all(u8::is_ascii_digit);
    match country {
        b"AT" => rest.len() == 9 && rest[0] == b'U' && austria(&rest[1..]),
        b"BE" => digits(10) && number(rest, 0, 8) % 97 + number(rest, 8, 2) == 97,
        b"CY" => rest.len() == 9 && south_europe::cy_tin(rest),
        b"DE" => digits(9) && rest[0] != b'0' && mod_11_10(rest),
        b"DK" => digits(8) && weighted(rest, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11),
        b"EE" => digits(9) && weighted(rest, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10),
        b"EL" => digits(9) && south_europe::gr_afm(rest),
        b"ES" => rest.len() == 9 && spain(rest),
        b"FI" => digits(8) && weighted(rest, &[7, 9, 10, 5, 8, 4, 2, 1]).is_multiple_of(11),
        b"FR" => digits(11) && (number(rest, 2, 9) % 97 * 3 + 12) % 97 == number(rest, 0, 2),
        b"HR" => digits(11) && balkans::hr_oib(rest),
        b"HU" => digits(8) && weighted(rest, &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10),
        b"IE" => (8..=9).contains(&rest.len()) && ireland(rest),
        b"IT" => digits(11) && south_europe::it_partita_iva(rest),
        b"LU" => digits(8) && number(rest, 0, 6) % 89 == number(rest, 6, 2),
        b"MT" => digits(8) && weighted(rest, &[3, 4, 6, 7, 8, 9, 10, 1]).is_multiple_of(37),
        b"NL" => rest.len() == 12 && netherlands(code),
        b"PL" => digits(10) && central_europe::pl_nip(rest),
        b"PT" => digits(9) && south_europe::pt_nif(rest),
        b"SE" => digits(12) && rest.ends_with(b"01") && luhn(&rest[..10]),
        b"SI" => digits(8) && balkans::si_tax(rest),
        b"SK" => digits(10) && remainder(rest, 11) == 0,
        b"BG" => digits(10) && balkans::bg_egn(rest),
        b"LT" => digits(9) && lithuania(rest),
        b"LV" => digits(11) && north_europe::lv_personas_kods(rest),
        _ => false,
    }
}

fn are_digits(code: &[u8], from: usize, to: usize) -> bool {
    code.get(from..to).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
}

fn austria(digits: &[u8]) -> bool {
    let weigh = |(at, byte): (usize, &u8)| {
        let product = value(*byte) * (1 + at as u32 % 2);
        product / 10 + product % 10
    };
    let sum: u32 = digits[..7].iter().enumerate().map(weigh).sum();
    are_digits(digits, 0, 8) && (96 - sum) % 10 == last(digits)
}

fn spain(rest: &[u8]) -> bool {
    are_digits(rest, 1, 8)
        && ((rest[0].is_ascii_digit() && south_europe::es_dni(rest))
            || south_europe::es_nie(rest)
            || south_europe::es_cif(rest))
}

fn ireland(rest: &[u8]) -> bool {
    are_digits(rest, 0, 7) && rest[7].is_ascii_uppercase() && west_europe::ie_pps(rest)
}

/// Sole traders' numbers have had ISO 7064's check over the whole since 2020.
fn netherlands(code: &[u8]) -> bool {
    let rest = &code[2..];
    let whole = code.iter().fold(0, |rest, byte| {
        let value = value(*byte);
        (rest * (if value > 9 { 100 } else { 10 }) + value) % 97
    });
    are_digits(rest, 0, 9)
        && rest[9] == b'B'
        && are_digits(rest, 10, 12)
        && (whole == 1 || west_europe::nl_bsn(&rest[..9]))
}

fn lithuania(digits: &[u8]) -> bool {
    let first = weighted(digits, &[1, 2, 3, 4, 5, 6, 7, 8]) % 11;
    let second = weighted(digits, &[3, 4, 5, 6, 7, 8, 9, 1]) % 11 % 10;
    digits[7] == b'1' && (if first == 10 { second } else { first }) == last(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_pass_and_their_neighbours_do_not() {
        for good in [
            "ATU13585627",
            "BE0428759497",
            "DE136695976",
            "DK13585628",
            "FI20774740",
            "FR40303265045",
            "IE6433435F",
            "IT00743110157",
            "LU15027442",
            "NL004495445B01",
            "PL8567346215",
            "SE123456789701",
            "SI50223054",
        ] {
            assert!(eu_vat(good.as_bytes()), "{good}");
            let mut bad = good.as_bytes().to_vec();
            bad[5] = if bad[5] == b'1' { b'2' } else { b'1' };
            assert!(!eu_vat(&bad), "{good}");
        }
    }
}
