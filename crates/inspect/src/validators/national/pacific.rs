//! Australia and New Zealand.

use crate::validators::check_digits::*;

pub(crate) fn au_tfn(code: &[u8]) -> bool {
    let sum = if code.len() == 9 {
        weighted(code, &[1, 4, 3, 7, 5, 8, 6, 9, 10])
    } else {
        weighted(code, &[10, 7, 8, 4, 6, 3, 5, 1])
    };
    sum.is_multiple_of(11) && !is_filler(code)
}

pub(crate) fn au_medicare(code: &[u8]) -> bool {
    let sum = weighted(code, &[1, 3, 7, 9, 1, 3, 7, 9]);
    (b'2'..=b'6').contains(&code[0]) && sum % 10 == value(code[8])
}

/// One is taken from the first digit before the sum.
pub(crate) fn au_abn(code: &[u8]) -> bool {
    let sum = weighted(code, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    code[0] != b'0' && (sum - 10).is_multiple_of(89)
}

pub(crate) fn nz_ird(code: &[u8]) -> bool {
    let padded = if code.len() == 8 { [b"0", code].concat() } else { code.to_vec() };
    let check = |weights: &[u32]| (11 - weighted(&padded, weights) % 11) % 11;
    let first = check(&[3, 2, 7, 6, 5, 4, 3, 2]);
    let wanted = if first == 10 { check(&[7, 4, 3, 2, 5, 2, 7, 6]) } else { first };
    wanted == last(code) && (10_000_000..150_000_000).contains(&number(&padded, 0, 9))
}

/// New Zealand's health index: three letters without I and O, four digits.
pub(crate) fn nz_nhi(code: &[u8]) -> bool {
    const LETTERS: &[u8; 24] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
    let place = |byte: u8| LETTERS.iter().position(|b| *b == byte).map(|at| at as u32 + 1);
    let (Some(a), Some(b), Some(c)) = (place(code[0]), place(code[1]), place(code[2])) else {
        return false;
    };
    let sum = a * 7 + b * 6 + c * 5 + weighted(&code[3..], &[4, 3, 2]);
    !sum.is_multiple_of(11) && (11 - sum % 11) % 10 == last(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_pass_and_their_neighbours_do_not() {
        let cases: [(Check, &[u8]); 5] = [
            (au_tfn, b"123456782"),
            (au_medicare, b"2123456701"),
            (au_abn, b"51824753556"),
            (nz_ird, b"049091850"),
            (nz_nhi, b"ZAC5361"),
        ];
        for (check, good) in cases {
            assert!(check(good), "{}", String::from_utf8_lossy(good));
            let mut bad = good.to_vec();
            bad[5] = if bad[5] == b'1' { b'2' } else { b'1' };
            assert!(!check(&bad), "{}", String::from_utf8_lossy(&bad));
        }
    }
}
