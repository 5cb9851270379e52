//! Numbers in one spelling, whatever their separators and trailing zeros.

use crate::normal::byte_at;

/// Longer ones are compared as text only.
const MAX_DIGITS: usize = 32;

/// The readings of the number that begins here, and where it ends. A comma or a point before three
/// digits may part thousands or be the decimal sign, so there may be two.
pub(crate) fn readings(text: &[u8], at: usize) -> (Vec<String>, usize) {
    let end = end(text, at);
    let spelt = text.get(at..end).unwrap_or_default();
    if spelt.len() > MAX_DIGITS {
        return (Vec::new(), end);
    }
    let points = spelt.iter().filter(|byte| !byte.is_ascii_digit()).count();
    let last = spelt.iter().rposition(|byte| !byte.is_ascii_digit());
    let Some(last) = last else { return (vec![canonical(spelt, None)], end) };
    let sign = byte_at(spelt, last);
    let repeated = spelt.iter().filter(|byte| **byte == sign).count() > 1;
    let parts_thousands = spelt.len() - last == 4;
    let mut readings = Vec::with_capacity(2);
    if !repeated {
        readings.push(canonical(spelt, Some(last)));
    }
    if parts_thousands && (points == 1 || repeated) {
        readings.push(canonical(spelt, None));
    }
    (readings, end)
}

/// The one reading of a whole value, as JSON writes it.
pub(crate) fn value(text: &str) -> Option<String> {
    let text = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let whole = !text.is_empty() && end(text, 0) == text.len() && text.len() <= MAX_DIGITS;
    whole.then(|| canonical(text, text.iter().rposition(|byte| *byte == b'.')))
}

/// Digits, with single commas, points and apostrophes between them.
fn end(text: &[u8], at: usize) -> usize {
    let mut end = at;
    loop {
        end += usize::from(byte_at(text, end).is_ascii_digit());
        match (byte_at(text, end), byte_at(text, end + 1)) {
            (b'0'..=b'9', _) => {}
            (b',' | b'.' | b'\'', b'0'..=b'9') if end > at => end += 1,
            _ => return end,
        }
    }
}

/// Digits alone, a point where the fraction begins, no zeros that say nothing.
fn canonical(spelt: &[u8], decimal: Option<usize>) -> String {
    let whole = spelt.get(..decimal.unwrap_or(spelt.len())).unwrap_or_default();
    let fraction = decimal.and_then(|at| spelt.get(at + 1..)).unwrap_or_default();
    let digits = |text: &[u8]| -> String {
        text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| char::from(*byte)).collect()
    };
    let (whole, fraction) = (digits(whole), digits(fraction));
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        readings(text.as_bytes(), 0).0
    }

    #[test]
    fn one_number_has_one_spelling() {
        for spelt in ["1200", "1200.0", "1,200.00", "1.200,00", "1'200.00", "01200"] {
            assert!(read(spelt).contains(&"1200".to_owned()), "{spelt}: {:?}", read(spelt));
        }
        assert_eq!(value("1200.0").as_deref(), Some("1200"));
        assert_eq!(value("98.7").as_deref(), Some("98.7"));
        assert_eq!(read("98.70"), ["98.7"]);
        assert_eq!(read("1.234.567"), ["1234567"]);
    }

    #[test]
    fn what_may_be_either_is_both() {
        assert_eq!(read("1.200"), ["1.2", "1200"]);
    }

    #[test]
    fn a_value_that_is_no_number_has_none() {
        assert_eq!(value("12a"), None);
        assert_eq!(value(""), None);
        assert_eq!(value("1e5"), None);
    }

    #[test]
    fn a_full_stop_is_no_decimal_sign() {
        assert_eq!(readings(b"12. then", 0), (vec!["12".to_owned()], 2));
    }
}
