//! Romania, Bulgaria, and the countries that keep Yugoslavia's number.

use crate::validators::check_digits::*;

pub(crate) fn ro_cnp(code: &[u8]) -> bool {
    let rest = weighted(code, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    let check = if rest == 10 { 1 } else { rest };
    let county = number(code, 7, 2);
    matches!(code[0], b'1'..=b'9')
        && is_yymmdd(code, 1)
        && matches!(county, 1..=48 | 51 | 52 | 70)
        && check == last(code)
}

/// Months have 20 more before 1900, and 40 more from 2000 on.
pub(crate) fn bg_egn(code: &[u8]) -> bool {
    let month = number(code, 2, 2);
    let month = month - [40, 20, 0].into_iter().find(|more| month > *more).unwrap_or(0);
    let sum = weighted(code, &[2, 4, 8, 5, 10, 9, 7, 3, 6]);
    is_day(number(code, 4, 2), month) && sum % 11 % 10 == last(code)
}

/// Day, month, three digits of the year, two of the region.
fn unique_master(code: &[u8]) -> Option<u32> {
    let sum = weighted(code, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
    let check = (11 - sum % 11) % 11;
    let year = number(code, 4, 3);
    let fits = is_ddmmyy(code, 0) && !(40..900).contains(&year) && check == last(code);
    fits.then(|| number(code, 7, 2))
}

pub(crate) fn si_emso(code: &[u8]) -> bool {
    unique_master(code).is_some_and(|region| (50..60).contains(&region))
}

pub(crate) fn rs_jmbg(code: &[u8]) -> bool {
    unique_master(code).is_some_and(|region| region < 10 || (70..100).contains(&region))
}

pub(crate) fn ba_jmbg(code: &[u8]) -> bool {
    unique_master(code).is_some_and(|region| (10..20).contains(&region))
}

pub(crate) fn me_jmbg(code: &[u8]) -> bool {
    unique_master(code).is_some_and(|region| (20..30).contains(&region))
}

pub(crate) fn mk_embg(code: &[u8]) -> bool {
    unique_master(code).is_some_and(|region| (40..50).contains(&region))
}

pub(crate) fn si_tax(code: &[u8]) -> bool {
    let check = 11 - weighted(code, &[8, 7, 6, 5, 4, 3, 2]) % 11;
    code[0] != b'0' && check % 10 == last(code) && check != 11
}

pub(crate) fn hr_oib(code: &[u8]) -> bool {
    mod_11_10(code) && !is_filler(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_pass_and_their_neighbours_do_not() {
        let cases: [(Check, &[u8]); 5] = [
            (ro_cnp, b"1630615123457"),
            (bg_egn, b"7523169263"),
            (si_emso, b"0101006500006"),
            (hr_oib, b"33392005961"),
            (si_tax, b"50223054"),
        ];
        for (check, good) in cases {
            assert!(check(good), "{}", String::from_utf8_lossy(good));
            let mut bad = good.to_vec();
            bad[5] = if bad[5] == b'1' { b'2' } else { b'1' };
            assert!(!check(&bad), "{}", String::from_utf8_lossy(&bad));
        }
    }
}
