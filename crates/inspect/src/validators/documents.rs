//! Numbers of documents, devices and vehicles, and dates of birth.

use super::check_digits::*;
use super::national::west_europe::icao;

fn digits(code: &[u8]) -> usize {
    code.iter().filter(|byte| byte.is_ascii_digit()).count()
}

/// Numbers of passports, licences, records: mostly digits, and not one that shows a form.
pub(crate) fn document(code: &[u8]) -> bool {
    digits(code) * 2 >= code.len() && digits(code) >= 4 && !is_filler(code)
}

/// Great Britain's licences hold more letters than digits.
pub(crate) fn licence(code: &[u8]) -> bool {
    digits(code) >= 4 && !is_filler(code)
}

pub(crate) fn plate(code: &[u8]) -> bool {
    digits(code) >= 2
}

/// Day, month and year in one of the usual orders, within the life of somebody.
pub(crate) fn birth_date(code: &[u8]) -> bool {
    let year = |at: usize| (1900..=2039).contains(&number(code, at, 4));
    if code.len() == 8 {
        let (first, second) = (number(code, 0, 2), number(code, 2, 2));
        return is_yyyymmdd(code, 0)
            || (year(4) && (is_day(first, second) || is_day(second, first)));
    }
    // Digits are missing where day or month has one: which, the compact form does not tell.
    let splits = [(1, 1), (1, 2), (2, 1)];
    let fits = |(first, second): &(usize, usize)| {
        let (a, b) = (number(code, 0, *first), number(code, *first, *second));
        first + second + 4 == code.len() && (is_day(a, b) || is_day(b, a))
    };
    code.len() >= 6 && year(code.len() - 4) && splits.iter().any(fits)
}

/// A vehicle's number with the check digit that North America prescribes (49 CFR 565).
pub(crate) fn vin(code: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let sum: u32 =
        code.iter().zip(WEIGHTS).map(|(byte, weight)| transliterated(*byte) * weight).sum();
    digits(code) <= 13 && vehicle(code) && b"0123456789X"[(sum % 11) as usize] == code[8]
}

/// A vehicle's number as ISO 3779 writes it: no I, O or Q, and it ends with a serial number.
pub(crate) fn vehicle(code: &[u8]) -> bool {
    let is_mixed = (4..17).contains(&digits(code));
    is_mixed && !code.iter().any(|b| b"IOQ".contains(b)) && digits(&code[13..]) == 4
}

fn transliterated(byte: u8) -> u32 {
    match byte {
        b'A'..=b'H' => letter(byte),
        b'J'..=b'R' => letter(byte) - 9,
        b'S'..=b'Z' => letter(byte) - 17,
        _ => value(byte),
    }
}

pub(crate) fn imei(code: &[u8]) -> bool {
    luhn(code) && !is_filler(code) && code[0] != b'0'
}

/// The fifth and sixth letter are a country.
pub(crate) fn bic(code: &[u8]) -> bool {
    is_country(&code[4..6])
}

/// ISO 3166-1's codes, two letters each.
const COUNTRIES: &[u8] = b"ADAEAFAGAIALAMAOARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBWBYBZ\
CACDCFCGCHCICKCLCMCNCOCRCUCVCWCYCZDEDJDKDMDODZECEEEGERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGR\
GTGUGWGYHKHNHRHTHUIDIEILIMINIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMG\
MHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPRPSPTPWPYQARERORSRURWSA\
SBSCSDSESGSHSISKSLSMSNSOSRSSSTSVSXSYSZTCTDTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUSUYUZVAVCVEVGVIVNVUWFWSXKYE\
YTZAZMZW";

fn is_country(code: &[u8]) -> bool {
    COUNTRIES.chunks(2).any(|country| country == code)
}

/// A line of a machine readable zone (ICAO 9303, parts 4 to 6) with its check digits.
pub(crate) fn mrz(line: &[u8]) -> bool {
    match line.len() {
        44 => {
            passport_name(line) || (checked(line, 0, 9) && dates(line, 13, 21) && composite(line))
        }
        36 => checked(line, 0, 9) && dates(line, 13, 21),
        30 => (b"ACI".contains(&line[0]) && checked(line, 5, 9)) || dates(line, 0, 8),
        _ => false,
    }
}

/// The first line of a passport: `P`, the issuer, surname, two fillers, given names.
fn passport_name(line: &[u8]) -> bool {
    line[0] == b'P'
        && line[2..5].iter().all(|b| b.is_ascii_uppercase() || *b == b'<')
        && !line[5..].iter().any(u8::is_ascii_digit)
        && line[5] != b'<'
        && memchr::memmem::find(&line[6..], b"<<").is_some()
}

fn checked(line: &[u8], from: usize, count: usize) -> bool {
    let field = &line[from..from + count];
    field[0] != b'<' && icao(field, line[from + count])
}

fn dates(line: &[u8], birth: usize, expiry: usize) -> bool {
    let is_date = |at: usize| is_yymmdd(line, at) && checked(line, at, 6);
    is_date(birth) && is_date(expiry) && b"MFX<".contains(&line[expiry - 1])
}

fn composite(line: &[u8]) -> bool {
    icao(&[&line[..10], &line[13..20], &line[21..43]].concat(), line[43])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vehicles_and_devices_need_their_check_digits() {
        assert!(vin(b"1M8GDM9AXKP042788") && !vin(b"1M8GDM9A1KP042788"));
        assert!(vehicle(b"WDB9066351S123456") && !vehicle(b"WDBO066351S123456"));
        assert!(imei(b"490154203237518") && !imei(b"490154203237517"));
    }

    #[test]
    fn a_bank_stands_in_a_country() {
        assert!(is_country(b"DE") && !is_country(b"XX") && COUNTRIES.len().is_multiple_of(2));
    }

    #[test]
    fn births_are_days_in_any_order() {
        for date in ["19990131", "31011999", "01311999", "1311999", "2711961", "171961"] {
            assert!(birth_date(date.as_bytes()), "{date}");
        }
        assert!(!birth_date(b"32131999") && !birth_date(b"31012199"));
    }

    #[test]
    fn machine_readable_lines_need_every_check_digit() {
        let name = [b"P<UTOERIKSSON<<ANNA<MARIA".as_slice(), &[b'<'; 19]].concat();
        let good = b"L898902C36UTO7408122F1204159ZE184226B<<<<<10";
        assert!(mrz(&name) && mrz(good));
        for at in [9, 14, 22, 43] {
            let mut bad = *good;
            bad[at] = if bad[at] == b'1' { b'2' } else { b'1' };
            assert!(!mrz(&bad), "{at}");
        }
    }
}
