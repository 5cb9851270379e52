//! The Nordic and the Baltic countries.

use crate::validators::check_digits::*;

/// Since 2007 Denmark issues numbers without a check digit: the date is all that tells.
pub(crate) fn dk_cpr(code: &[u8]) -> bool {
    is_ddmmyy(code, 0) && !code.ends_with(b"0000")
}

/// Ten or twelve digits; coordination numbers add 60 to the day.
pub(crate) fn se_personnummer(code: &[u8]) -> bool {
    let short = &code[code.len() - 10..];
    let day = number(short, 4, 2);
    let day = if day > 60 { day - 60 } else { day };
    let century = code.len() == 10 || matches!(&code[..2], b"18" | b"19" | b"20");
    century && is_day(day, number(short, 2, 2)) && luhn(short)
}

/// D-numbers add 40 to the day.
pub(crate) fn no_fodselsnummer(code: &[u8]) -> bool {
    let day = number(code, 0, 2);
    let day = if day > 40 { day - 40 } else { day };
    is_day(day, number(code, 2, 2))
        && weighted(code, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && weighted(code, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// The century's letter may stand between the digits; a hyphen is no part of the compact form.
pub(crate) fn fi_hetu(code: &[u8]) -> bool {
    let serial = match code.len() {
        10 => 6,
        _ if b"ABCDEFUVWXY".contains(&code[6]) => 7,
        _ => return false,
    };
    let sum = number(code, 0, 6) * 1000 + number(code, serial, 3);
    let check = b"0123456789ABCDEFHJKLMNPRSTUVWXY"[(sum % 31) as usize];
    is_ddmmyy(code, 0) && number(code, serial, 3) >= 2 && code.last() == Some(&check)
}

pub(crate) fn is_kennitala(code: &[u8]) -> bool {
    let sum = weighted(code, &[3, 2, 7, 6, 5, 4, 3, 2, 1]);
    let day = number(code, 0, 2);
    let day = if day > 40 { day - 40 } else { day };
    is_day(day, number(code, 2, 2))
        && sum.is_multiple_of(11)
        && matches!(code[9], b'8' | b'9' | b'0')
}

/// Estonia and Lithuania share the number.
pub(crate) fn baltic(code: &[u8]) -> bool {
    let first = weighted(code, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
    let second = weighted(code, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11;
    let check = if first == 10 { second % 10 } else { first };
    (b'1'..=b'8').contains(&code[0]) && is_yymmdd(code, 1) && check == last(code)
}

/// Those issued since 2017 begin with 32 and say nothing.
pub(crate) fn lv_personas_kods(code: &[u8]) -> bool {
    if code.starts_with(b"32") {
        return !is_filler(&code[2..]);
    }
    let sum = weighted(code, &[1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    is_ddmmyy(code, 0) && code[6] <= b'2' && (1101 - sum) % 11 % 10 == last(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_pass_and_their_neighbours_do_not() {
        let cases: [(Check, &[u8]); 4] = [
            (se_personnummer, b"8112189876"),
            (fi_hetu, b"131052308T"),
            (is_kennitala, b"1201743399"),
            (baltic, b"37605030299"),
        ];
        for (check, good) in cases {
            assert!(check(good), "{}", String::from_utf8_lossy(good));
            let mut bad = good.to_vec();
            bad[8] = if bad[8] == b'1' { b'2' } else { b'1' };
            assert!(!check(&bad), "{}", String::from_utf8_lossy(&bad));
        }
        assert!(dk_cpr(b"0107901234") && !dk_cpr(b"3202901234"));
    }
}
