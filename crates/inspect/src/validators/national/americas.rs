//! The Americas.

use crate::validators::check_digits::*;

/// Whether nine digits can be a US social security number, and none that the SSA has published.
pub(crate) fn us_ssn(code: &[u8]) -> bool {
    let (area, group, serial) = (number(code, 0, 3), number(code, 3, 2), number(code, 5, 4));
    let possible = !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0;
    possible && !is_filler(code) && code != b"078051120" && code != b"219099999"
}

pub(crate) fn us_itin(code: &[u8]) -> bool {
    code[0] == b'9' && matches!(number(code, 3, 2), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// Prefixes of the IRS's campuses and of its web site.
pub(crate) fn us_ein(code: &[u8]) -> bool {
    let unused = matches!(
        number(code, 0, 2),
        0 | 7..=9 | 17..=19 | 28 | 29 | 49 | 69 | 70 | 78 | 79 | 89 | 96 | 97
    );
    !unused && !is_filler(code)
}

/// Luhn over the number with the prefix of US health cards before it.
pub(crate) fn us_npi(code: &[u8]) -> bool {
    matches!(code[0], b'1' | b'2') && luhn(&[b"80840".as_slice(), code].concat())
}

/// Medicare's beneficiary identifier: which places hold a letter, and which letters.
pub(crate) fn us_mbi(code: &[u8]) -> bool {
    let fits = |byte: &u8| !b"SLOIBZ".contains(byte);
    code[0] != b'0' && code.iter().all(fits)
}

pub(crate) fn us_dea(code: &[u8]) -> bool {
    let digits = &code[2..];
    let sum = weighted(digits, &[1, 2, 1, 2, 1, 2]);
    b"ABCDEFGHJKLMPRSTUX".contains(&code[0]) && sum % 10 == last(digits)
}

pub(crate) fn ca_sin(code: &[u8]) -> bool {
    !matches!(code[0], b'0' | b'8') && luhn(code) && !is_filler(code)
}

pub(crate) fn br_cpf(code: &[u8]) -> bool {
    let check = |sum: u32| if sum % 11 < 2 { 0 } else { 11 - sum % 11 };
    check(weighted(code, &[10, 9, 8, 7, 6, 5, 4, 3, 2])) == value(code[9])
        && check(weighted(code, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])) == value(code[10])
        && !is_filler(code)
}

pub(crate) fn br_cnpj(code: &[u8]) -> bool {
    let check = |sum: u32| if sum % 11 < 2 { 0 } else { 11 - sum % 11 };
    let weights = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    check(weighted(code, &weights[1..])) == value(code[12])
        && check(weighted(code, &weights)) == value(code[13])
        && !is_filler(code)
}

pub(crate) fn ar_cuit(code: &[u8]) -> bool {
    let sum = weighted(code, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
    matches!(number(code, 0, 2), 20 | 23 | 24 | 25 | 26 | 27 | 30 | 33 | 34)
        && (11 - sum % 11) % 11 == last(code)
}

pub(crate) fn cl_rut(code: &[u8]) -> bool {
    let Some((check, body)) = code.split_last() else { return false };
    let digits = body.iter().rev().zip([2, 3, 4, 5, 6, 7].iter().cycle());
    let sum: u32 = digits.map(|(byte, weight)| value(*byte) * weight).sum();
    let wanted = b"0123456789K"[((11 - sum % 11) % 11) as usize];
    *check == wanted && code[0] != b'0' && !is_filler(body)
}

const CURP: &[u8; 37] = b"0123456789ABCDEFGHIJKLMN*OPQRSTUVWXYZ";

/// Mexico's states, and NE for those born abroad.
const STATES: [&[u8; 2]; 33] = [
    b"AS", b"BC", b"BS", b"CC", b"CL", b"CM", b"CS", b"CH", b"DF", b"DG", b"GT", b"GR", b"HG",
    b"JC", b"MC", b"MN", b"MS", b"NT", b"NL", b"OC", b"PL", b"QT", b"QR", b"SP", b"SL", b"SR",
    b"TC", b"TS", b"TL", b"VZ", b"YN", b"ZS", b"NE",
];

pub(crate) fn mx_curp(code: &[u8]) -> bool {
    let place = |byte: &u8| CURP.iter().position(|b| b == byte).unwrap_or(0) as u32;
    // The letter that Spanish has between N and O counts as 24; it does not occur in a CURP.
    let sum: u32 = code[..17].iter().zip((2..=18).rev()).map(|(b, weight)| place(b) * weight).sum();
    b"HMX".contains(&code[10])
        && STATES.iter().any(|state| code[11..13] == **state)
        && is_yymmdd(code, 4)
        && (10 - sum % 10) % 10 == last(code)
}

/// Twelve characters for companies, thirteen for people.
pub(crate) fn mx_rfc(code: &[u8]) -> bool {
    const ORDER: &[u8; 38] = b"0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ ";
    let place = |byte: u8| ORDER.iter().position(|b| *b == byte).unwrap_or(0) as u32;
    let letters = code.len() - 9;
    let padded = [if letters == 3 { b" ".as_slice() } else { b"" }, code].concat();
    let sum: u32 =
        padded[..12].iter().zip((2..=13).rev()).map(|(byte, weight)| place(*byte) * weight).sum();
    let wanted = b"0123456789A"[((11 - sum % 11) % 11) as usize];
    is_yymmdd(code, letters) && code.last() == Some(&wanted)
}

pub(crate) fn co_nit(code: &[u8]) -> bool {
    let sum = weighted(code, &[41, 37, 29, 23, 19, 17, 13, 7, 3]) % 11;
    let check = if sum < 2 { sum } else { 11 - sum };
    check == last(code) && !is_filler(code)
}

pub(crate) fn pe_ruc(code: &[u8]) -> bool {
    let sum = weighted(code, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
    matches!(number(code, 0, 2), 10 | 15 | 16 | 17 | 20) && (11 - sum % 11) % 10 == last(code)
}

pub(crate) fn ec_cedula(code: &[u8]) -> bool {
    matches!(number(code, 0, 2), 1..=24 | 30) && code[2] < b'6' && luhn(code)
}

pub(crate) fn uy_ci(code: &[u8]) -> bool {
    let padded = if code.len() == 7 { [b"0", code].concat() } else { code.to_vec() };
    let sum = weighted(&padded, &[2, 9, 8, 7, 6, 3, 4]);
    (10 - sum % 10) % 10 == last(code) && !is_filler(code)
}

pub(crate) fn ve_rif(code: &[u8]) -> bool {
    let Some(kind) = b"VEJPG".iter().position(|b| *b == code[0]) else { return false };
    let sum = (kind as u32 + 1) * 4 + weighted(&code[1..], &[3, 2, 7, 6, 5, 4, 3, 2]);
    let check = 11 - sum % 11;
    (if check > 9 { 0 } else { check }) == last(code)
}

pub(crate) fn do_cedula(code: &[u8]) -> bool {
    luhn(code) && !is_filler(code)
}

/// Guatemala's: a check digit over eight, then department and municipality.
pub(crate) fn gt_dpi(code: &[u8]) -> bool {
    let sum = weighted(code, &[2, 3, 4, 5, 6, 7, 8, 9]) % 11;
    sum == value(code[8]) && matches!(number(code, 9, 2), 1..=22) && number(code, 11, 2) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_pass_and_their_neighbours_do_not() {
        let cases: [(Check, &[u8]); 6] = [
            (br_cpf, b"39053344705"),
            (br_cnpj, b"16727230000197"),
            (ar_cuit, b"20055361682"),
            (mx_curp, b"BOXW310820HNERXN09"),
            (us_npi, b"1234567893"),
            (co_nit, b"2131234321"),
        ];
        for (check, good) in cases {
            assert!(check(good), "{}", String::from_utf8_lossy(good));
            let mut bad = good.to_vec();
            bad[7] = if bad[7] == b'1' { b'2' } else { b'1' };
            assert!(!check(&bad), "{}", String::from_utf8_lossy(&bad));
        }
        assert!(cl_rut(b"125319092") && !cl_rut(b"125319093"));
    }

    #[test]
    fn ssn_areas_are_those_that_are_issued() {
        assert!(us_ssn(b"536221234"));
        for bad in
            [b"000221234", b"666221234", b"936221234", b"536001234", b"536220000", b"078051120"]
        {
            assert!(!us_ssn(bad));
        }
    }
}
