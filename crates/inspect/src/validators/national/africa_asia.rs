//! Africa, the Middle East and Asia.

use crate::validators::check_digits::*;

pub(crate) fn tr_tckn(code: &[u8]) -> bool {
    let odd = weighted(code, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = weighted(code, &[0, 1, 0, 1, 0, 1, 0, 1]);
    let sum: u32 = code[..10].iter().map(|b| value(*b)).sum();
    code[0] != b'0' && (odd * 7 + 90 - even) % 10 == value(code[9]) && sum % 10 == last(code)
}

pub(crate) fn il_teudat(code: &[u8]) -> bool {
    luhn(code) && number(code, 0, 8) > 0 && !is_filler(code)
}

pub(crate) fn za_id(code: &[u8]) -> bool {
    is_yymmdd(code, 0) && code[10] <= b'2' && luhn(code)
}

pub(crate) fn in_aadhaar(code: &[u8]) -> bool {
    code[0] >= b'2' && verhoeff(code) && !is_filler(code)
}

/// The fourth letter is the kind of holder.
pub(crate) fn in_pan(code: &[u8]) -> bool {
    b"ABCFGHJLPT".contains(&code[3]) && number(code, 5, 4) > 0
}

/// A state, the holder's PAN, a `Z`, and Luhn's formula over 36 characters.
pub(crate) fn in_gstin(code: &[u8]) -> bool {
    let weigh = |(at, byte): (usize, &u8)| {
        let product = value(*byte) * (1 + at as u32 % 2);
        product / 36 + product % 36
    };
    let sum: u32 = code[..14].iter().enumerate().map(weigh).sum();
    matches!(number(code, 0, 2), 1..=38 | 97)
        && in_pan(&code[2..12])
        && code[13] == b'Z'
        && (36 - sum % 36) % 36 == last(code)
}

/// Region, date of birth, serial, check character.
pub(crate) fn cn_resident_id(code: &[u8]) -> bool {
    let province = number(code, 0, 2);
    let fits = matches!(province, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65);
    let ends = code[17].is_ascii_digit() || code[17] == b'X';
    fits && ends && is_yyyymmdd(code, 6) && mod_11_2(code)
}

/// What Taiwan's letters count.
const TAIWAN: &[u8; 26] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";

pub(crate) fn tw_id(code: &[u8]) -> bool {
    let place = TAIWAN.iter().position(|b| *b == code[0]).unwrap_or(0) as u32 + 10;
    let sum = place / 10 + place % 10 * 9 + weighted(&code[1..], &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
    matches!(code[1], b'1' | b'2' | b'8' | b'9') && sum.is_multiple_of(10)
}

/// One or two letters, six digits, a check character.
pub(crate) fn hk_id(code: &[u8]) -> bool {
    let Some((check, body)) = code.split_last() else { return false };
    // A blank stands before a single letter, and counts 36.
    let lead = if body.len() == 7 { 36 * 9 } else { 0 };
    let weights = body.iter().rev().zip(2..);
    let sum: u32 = lead + weights.map(|(byte, weight)| value(*byte) * weight).sum::<u32>();
    let wanted = (11 - sum % 11) % 11;
    if wanted == 10 { *check == b'A' } else { check.is_ascii_digit() && value(*check) == wanted }
}

pub(crate) fn sg_nric(code: &[u8]) -> bool {
    let sum = weighted(&code[1..], &[2, 7, 6, 5, 4, 3, 2]);
    let (more, table) = match code[0] {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"KLJNPQRTUWX"),
        _ => return false,
    };
    let place = (sum + more) % 11;
    let place = if code[0] == b'M' { 10 - place } else { place };
    table[place as usize] == code[8]
}

/// The check digit holds for those issued before October 2020.
pub(crate) fn kr_rrn(code: &[u8]) -> bool {
    let sum = weighted(code, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
    is_yymmdd(code, 0) && (b'1'..=b'8').contains(&code[6]) && (11 - sum % 11) % 10 == last(code)
}

pub(crate) fn jp_my_number(code: &[u8]) -> bool {
    let rest = weighted(code, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    (if rest < 2 { 0 } else { 11 - rest }) == last(code) && !is_filler(code)
}

pub(crate) fn th_id(code: &[u8]) -> bool {
    let sum = weighted(code, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    (b'1'..=b'8').contains(&code[0]) && (11 - sum % 11) % 10 == last(code)
}

/// Malaysia's has no check digit: date and place of birth.
pub(crate) fn my_nric(code: &[u8]) -> bool {
    let place = number(code, 6, 2);
    is_yymmdd(code, 0) && matches!(place, 1..=16 | 21..=59 | 61..=68 | 71 | 72 | 74..=79 | 82..=93)
}

/// Indonesia's: women's days have 40 more; no check digit.
pub(crate) fn id_nik(code: &[u8]) -> bool {
    let day = number(code, 6, 2);
    let day = if day > 40 { day - 40 } else { day };
    matches!(number(code, 0, 2), 11..=21 | 31..=36 | 51..=53 | 61..=65 | 71..=76 | 81 | 82 | 91..=97)
        && is_day(day, number(code, 8, 2))
        && number(code, 12, 4) > 0
}

/// Vietnam's: province, century and sex, year of birth.
pub(crate) fn vn_cccd(code: &[u8]) -> bool {
    (1..=96).contains(&number(code, 0, 3)) && code[3] <= b'3' && !is_filler(code)
}

pub(crate) fn pk_cnic(code: &[u8]) -> bool {
    (b'1'..=b'8').contains(&code[0]) && code[12] != b'0' && !is_filler(code)
}

pub(crate) fn lk_nic(code: &[u8]) -> bool {
    let day = number(code, 2, 3);
    b"VX".contains(&code[9]) && matches!(day, 1..=366 | 501..=866)
}

pub(crate) fn sa_id(code: &[u8]) -> bool {
    matches!(code[0], b'1' | b'2') && luhn(code) && !is_filler(code)
}

pub(crate) fn ae_emirates_id(code: &[u8]) -> bool {
    code.starts_with(b"784") && (1900..2040).contains(&number(code, 3, 4)) && luhn(code)
}

pub(crate) fn ir_national(code: &[u8]) -> bool {
    let rest = weighted(code, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    (if rest < 2 { rest } else { 11 - rest }) == last(code) && !is_filler(code)
}

pub(crate) fn eg_national(code: &[u8]) -> bool {
    let governorate = number(code, 7, 2);
    matches!(code[0], b'2' | b'3')
        && is_yymmdd(code, 1)
        && matches!(governorate, 1..=4 | 11..=19 | 21..=29 | 31..=35 | 88)
}

pub(crate) fn ng_nin(code: &[u8]) -> bool {
    code[0] != b'0' && !is_filler(code)
}

pub(crate) fn ph_tin(code: &[u8]) -> bool {
    !is_filler(code) && number(code, 0, 3) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_pass_and_their_neighbours_do_not() {
        let cases: [(Check, &[u8]); 8] = [
            (tr_tckn, b"10000000146"),
            (za_id, b"7503305044089"),
            (in_aadhaar, b"234123412346"),
            (in_gstin, b"27AAPFU0939F1ZV"),
            (cn_resident_id, b"11010519491231002X"),
            (tw_id, b"A123456789"),
            (sg_nric, b"S1234567D"),
            (hk_id, b"A1234563"),
        ];
        for (check, good) in cases {
            assert!(check(good), "{}", String::from_utf8_lossy(good));
            let mut bad = good.to_vec();
            bad[6] = if bad[6] == b'8' { b'7' } else { b'8' };
            assert!(!check(&bad), "{}", String::from_utf8_lossy(&bad));
        }
        assert!(hk_id(b"AB9876543"));
    }
}
