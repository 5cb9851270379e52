//! Poland, Czechia and Slovakia, Hungary; Russia, Ukraine, Kazakhstan.

use crate::validators::check_digits::*;

/// The century is in the month: 20 more for each one after the nineteen hundreds.
pub(crate) fn pl_pesel(code: &[u8]) -> bool {
    let sum = weighted(code, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
    is_day(number(code, 4, 2), number(code, 2, 2) % 20) && (10 - sum % 10) % 10 == last(code)
}

pub(crate) fn pl_nip(code: &[u8]) -> bool {
    let sum = weighted(code, &[6, 5, 7, 2, 3, 4, 5, 6, 7]);
    sum % 11 == last(code) && code[0] != b'0' && !is_filler(code)
}

pub(crate) fn pl_id_card(code: &[u8]) -> bool {
    weighted(code, &[7, 3, 1, 0, 7, 3, 1, 7, 3]) % 10 == value(code[3])
}

/// Women's months have 50 more; 20 or 70 where a day had too many births.
pub(crate) fn cz_birth_number(code: &[u8]) -> bool {
    let month = number(code, 2, 2) % 50;
    let month = if month > 20 { month - 20 } else { month };
    let old = code.len() == 9 && number(code, 0, 2) < 54;
    let rest = remainder(&code[..9], 11) % 10;
    is_day(number(code, 4, 2), month) && (old || (code.len() == 10 && rest == last(code)))
}

pub(crate) fn hu_tax(code: &[u8]) -> bool {
    code[0] == b'8' && weighted(code, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 == last(code)
}

pub(crate) fn hu_taj(code: &[u8]) -> bool {
    weighted(code, &[3, 7, 3, 7, 3, 7, 3, 7]) % 10 == last(code) && !is_filler(code)
}

pub(crate) fn hu_personal(code: &[u8]) -> bool {
    let later = weighted(code, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11;
    let earlier = weighted(code, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) % 11;
    (b'1'..=b'8').contains(&code[0])
        && is_yymmdd(code, 1)
        && (later == last(code) || earlier == last(code))
}

/// A person's number of twelve digits with two check digits.
pub(crate) fn ru_inn(code: &[u8]) -> bool {
    let first = weighted(code, &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10;
    let second = weighted(code, &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10;
    first == value(code[10]) && second == value(code[11]) && !is_filler(code)
}

pub(crate) fn ru_snils(code: &[u8]) -> bool {
    let sum = weighted(code, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101;
    sum % 100 == number(code, 9, 2) && number(code, 0, 9) > 1_001_998
}

pub(crate) fn ru_passport(code: &[u8]) -> bool {
    number(code, 0, 2) >= 1 && (97..=99).chain(0..=39).any(|year| year == number(code, 2, 2))
}

pub(crate) fn ua_tax(code: &[u8]) -> bool {
    // The first weight is minus one: ten, modulo eleven.
    weighted(code, &[10, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10 == last(code) && !is_filler(code)
}

pub(crate) fn kz_iin(code: &[u8]) -> bool {
    let first = weighted(code, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11;
    let second = weighted(code, &[3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11;
    let check = if first == 10 { second } else { first };
    is_yymmdd(code, 0) && (b'1'..=b'6').contains(&code[6]) && check == last(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_pass_and_their_neighbours_do_not() {
        let cases: [(Check, &[u8]); 5] = [
            (pl_pesel, b"44051401359"),
            (pl_nip, b"8567346215"),
            (cz_birth_number, b"7103192745"),
            (hu_tax, b"8071592153"),
            (ru_snils, b"11223344595"),
        ];
        for (check, good) in cases {
            assert!(check(good), "{}", String::from_utf8_lossy(good));
            let mut bad = good.to_vec();
            bad[8] = if bad[8] == b'1' { b'2' } else { b'1' };
            assert!(!check(&bad), "{}", String::from_utf8_lossy(&bad));
        }
    }
}
