//! Masks that keep the form of a value, so that what reads it next still knows what it was.

/// What stands in the place of a letter or digit.
const STAR: char = '*';

/// Digits of a card, of an account or a number that stay: what people tell them apart by.
const LAST: usize = 4;

/// The value with its letters and digits replaced, its length and separators kept.
///
/// A card keeps its last four digits, an account its country and last four, a mail address its
/// domain, an IPv4 address its network; of a telephone number the country's code stays. Everything
/// else, and what does not have the form of its kind, is replaced whole.
pub fn mask_keeping_format(kind: &str, value: &str) -> String {
    match kind {
        "pii.payment_card" => keep_last(value, 0, LAST),
        "pii.iban" => keep_last(value, 2, LAST),
        "pii.email" | "pii.author_email" => match value.rsplit_once('@') {
            Some((local, domain)) => format!("{}@{domain}", starred(local)),
            None => starred(value),
        },
        "pii.phone" => {
            let code = value.strip_prefix('+').map_or(0, |rest| {
                1 + rest.chars().take(3).take_while(char::is_ascii_digit).count()
            });
            // Without a separator after it, nobody can tell where the code ends.
            let ends = value.as_bytes().get(code).is_some_and(|b| !b.is_ascii_digit());
            let kept = if ends { code } else { 0 };
            let (kept, rest) = value.split_at_checked(kept).unwrap_or(("", value));
            format!("{kept}{}", starred(rest))
        }
        "pii.ip_address" | "pii.ip_private" => match value.rsplit_once('.') {
            Some((network, host)) => format!("{network}.{}", starred(host)),
            None => starred(value),
        },
        _ => starred(value),
    }
}

fn star(character: char) -> char {
    if character.is_alphanumeric() { STAR } else { character }
}

fn starred(value: &str) -> String {
    value.chars().map(star).collect()
}

/// Keeps so many letters and digits at each end, if at least as many again are between them.
fn keep_last(value: &str, first: usize, last: usize) -> String {
    let count = value.chars().filter(|c| c.is_alphanumeric()).count();
    if count < 2 * (first + last) {
        return starred(value);
    }
    let mut at = 0;
    let mask = |character: char| {
        if !character.is_alphanumeric() {
            return character;
        }
        at += 1;
        if at <= first || at > count - last { character } else { STAR }
    };
    value.chars().map(mask).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_form_stays_and_the_value_goes() {
        for (kind, value, masked) in [
            ("pii.payment_card", "4111 1111 1111 1111", "**** **** **** 1111"),
            ("pii.payment_card", "411", "***"),
            ("pii.iban", "GB29 NWBK 6016 1331 9268 19", "GB** **** **** **** **68 19"),
            ("pii.email", "ann.lee@mail.example", "***.***@mail.example"),
            ("pii.phone", "+49 30 1234567", "+49 ** *******"),
            ("pii.phone", "+493012345678", "+************"),
            ("pii.phone", "030/1234567", "***/*******"),
            ("pii.ip_address", "203.0.113.20", "203.0.113.**"),
            ("pii.us_ssn", "536-22-1234", "***-**-****"),
            ("pii.person_name", "Änne Lee", "**** ***"),
        ] {
            assert_eq!(mask_keeping_format(kind, value), masked, "{kind}");
        }
    }

    proptest! {
        #[test]
        fn length_and_separators_stay(value in "\\PC{0,40}", which in 0_usize..6) {
            let kinds = ["pii.payment_card", "pii.iban", "pii.email", "pii.phone", "pii.ip_address", "x"];
            let masked = mask_keeping_format(kinds[which], &value);
            prop_assert_eq!(masked.chars().count(), value.chars().count());
            for (before, after) in value.chars().zip(masked.chars()) {
                prop_assert!(before == after || (after == STAR && before.is_alphanumeric()));
            }
        }
    }
}
